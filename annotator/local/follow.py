"""What `manage.py serve` becomes once the site runs: it shows what the services report, and waits for the end.

Standard library only: it takes the place of the process that started all, which had the settings and the clients of the servers
loaded, and stays for as long as the site runs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

TROUBLE = re.compile(r"\b(ERROR|CRITICAL)\b|^[\w.]*(Error|Exception): ")
TROUBLE_SHOWN = 3  # lines per service; the rest is in its log
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
YELLOW, RED, PLAIN = "\033[33m", "\033[31m", "\033[0m"


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked us to end. A KeyboardInterrupt, so that nothing on the way swallows it."""


class Ended(Exception):
    """The services have ended; the message says why."""


class Follower:
    """Follows the logs in a folder, and the supervisor, which speaks when the services have ended."""

    def __init__(self, supervisor: Connection, log_dir: Path, read: dict[str, int], *, is_verbose: bool) -> None:
        """`read`: the services, and how much of each one's log was shown."""
        self.supervisor, self.log_dir, self.read, self.is_verbose = supervisor, log_dir, read, is_verbose
        self.trouble = dict.fromkeys(read, 0)

    def watch_until(self, is_over: Callable[[], bool], *, period: float = 0.2) -> None:
        """Raises Ended."""
        while not is_over():
            for service in self.read:
                for line in self.new_lines(service):
                    self.show(service, line)
            if self.supervisor.poll(period):
                try:
                    raise Ended(self.supervisor.recv_bytes().decode())
                except (EOFError, OSError) as error:
                    raise Ended("The supervisor ended.") from error

    def new_lines(self, service: str) -> list[str]:
        """Those that are complete."""
        log = self.log_dir / f"{service}.log"
        if not log.exists() or log.stat().st_size <= self.read[service]:
            return []
        with log.open("rb") as file:
            file.seek(self.read[service])
            lines, _, _ = file.read().rpartition(b"\n")
        self.read[service] += len(lines) + 1 if lines else 0
        return lines.decode(errors="replace").splitlines()

    def show(self, service: str, line: str) -> None:
        """Each line, or only the first few that report an error."""
        if self.is_verbose:
            print(f"{service:6} │ {line}", flush=True)
        elif is_trouble(line):
            self.trouble[service] += 1
            if self.trouble[service] <= TROUBLE_SHOWN:
                print(coloured(f"{service}: {line[:200]}", YELLOW, sys.stdout), flush=True)
            if self.trouble[service] == TROUBLE_SHOWN:
                print(f"{service}: further errors are only in {self.log_dir / service}.log", flush=True)

    def go_on_alone(self) -> NoReturn:
        """Become a process that does this and nothing else, and ends as `main` says. A signal meanwhile waits for it."""
        os.set_inheritable(self.supervisor.fileno(), True)
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        arguments = json.dumps([self.supervisor.fileno(), str(self.log_dir), self.read, self.is_verbose])
        os.execv(sys.executable, [sys.executable, "-m", __name__, arguments])  # noqa: S606 - no shell is wanted


def is_trouble(line: str) -> bool:
    """Whether a line of a service's log reports an error."""
    return TROUBLE.search(line) is not None


def coloured(text: str, colour: str, stream: TextIO) -> str:
    return f"{colour}{text}{PLAIN}" if stream.isatty() else text


def complain(text: str) -> None:
    print(coloured(f"Error: {text}", RED, sys.stderr), file=sys.stderr, flush=True)


def leave(supervisor: Connection) -> None:
    """Let go, and wait for the end of what no other process uses."""
    with supervisor, suppress(EOFError, OSError):
        supervisor.send_bytes(b'["leave"]')
        while True:  # until the supervisor closes it
            supervisor.recv_bytes()


def stop_on_signals() -> None:
    """Turn the first signal into an exception in the main thread, and no other: the way out runs undisturbed."""
    for number in SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_signals()
    raise Stopped(signal.Signals(number).name)


def ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def main(descriptor: int, log_dir: str, read: dict[str, int], is_verbose: bool) -> int:
    """Returns the exit code."""
    follower = Follower(Connection(descriptor), Path(log_dir), read, is_verbose=is_verbose)
    try:
        stop_on_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        follower.watch_until(lambda: False)
    except Ended as ended:
        complain(str(ended))
        return 1
    except Stopped as stopped:
        leave(follower.supervisor)
        print(f"Stopped by {stopped}. All services have ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*json.loads(sys.argv[1])))
