"""A process that the supervisor keeps up: how it is started, and how it ended."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from annotator.local.backoff import Backoff

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # elsewhere than on Linux, servers outlive a killed supervisor


class Child:
    """In a session of its own, with a log that each start continues."""

    def __init__(self, name: str, command: list[str], log: Path, **options: Any) -> None:
        """`options` are those of subprocess.Popen."""
        self.name, self.command, self.log, self.options = name, command, log, options
        self.backoff = Backoff()
        self.how_it_ended = ""  # the last time
        self.process: asyncio.subprocess.Process | None = None  # while it runs

    async def start(self) -> None:
        """Raises OSError where there is no room for a log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.options,
            )

    async def wait(self) -> float | None:
        """Until it has ended. Returns the seconds after which it is to be started again; None if it cannot stay up."""
        started = time.monotonic()
        if self.process is None:
            self.how_it_ended = "could not be started"
        else:
            code = await self.process.wait()
            self.how_it_ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            self.process = None
        return self.backoff.wait_after(time.monotonic() - started)

    def note(self, text: str) -> None:
        """Into its log, as an error: `serve` shows it."""
        with suppress(OSError), self.log.open("a") as log:  # the disk may be full
            log.write(f"ERROR {text}\n")

    def end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else ["(no log)"]
        return "\n".join([f"The end of {self.log}:", *lines])


def end_with_parent(parent: int, number: int) -> None:
    """Run in a new child: the kernel sends it this signal when its parent ends, in whatever way."""
    signal.signal(number, signal.SIG_DFL)  # Python's handler would take a SIGINT that comes before exec, and lose it
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before the kernel knew
            os._exit(1)
