"""A service of `manage.py serve` as a child of the supervisor: started, started again when it ends, and its log."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from annotator.local.backoff import Backoff


class ServiceProcess:
    """One line of the Procfile, run by a shell in a process group of its own."""

    def __init__(self, name: str, line: str, environment: dict[str, str], log: Path) -> None:
        self.name, self.line, self.environment, self.log = name, line, environment, log
        self.backoff = Backoff()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, now: float) -> int:
        """Returns the leader of its process group."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S602 - a line of the Procfile is meant for a shell
                self.line,
                shell=True,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.backoff.note_start(now)
        return self.process.pid

    def how_it_ended(self) -> str:
        """Empty while it runs."""
        code = self.process.poll() if self.process is not None else None
        if code is None:
            return ""
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def note(self, text: str) -> None:
        """Into its log, as an error: `serve` shows it."""
        with suppress(OSError), self.log.open("a") as log:  # the disk may be full
            log.write(f"ERROR {text}\n")
