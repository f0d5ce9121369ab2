"""Connections spread evenly over the web processes.

The processes accept from one socket, and whoever is quicker gets a connection, for as long as its client keeps it: with eight
clients, one process often has six or seven of them while the other has time. So each process says once a second how many clients
it served, and one that serves many more than another lets some of them connect anew. A busy process is slower to accept, so
they mostly come to the others.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

WINDOW = 1.0  # seconds
BUSY = 50  # requests in a window; with fewer, every process has time for its clients
RATIO, SLACK = 1.5, 1  # to what another serves: below it, chance alone
STALE = 3.0  # seconds after which a process that says nothing does not count


class EvenConnections:
    """What one process serves, beside the others that use the same folder."""

    def __init__(self, folder: Path, *, name: str = "", clock: Callable[[], float] = time.time) -> None:
        self._folder, self._name = folder, name
        self._host = socket.gethostname()  # a folder may be shared by containers whose process ids are the same
        self._clock = clock
        self._clients: set[tuple[str, int]] = set()
        self._requests = 0
        self._since = clock()
        self._excess = 0

    @property
    def _file(self) -> Path:
        return self._folder / f"{self._host}.{self._name or os.getpid()}"  # not of the process that this one was forked from

    def let_go(self, client: tuple[str, int]) -> bool:
        """Note a request. Returns whether its client is to close the connection after the answer."""
        self._clients.add(client)
        self._requests += 1
        if self._clock() - self._since >= WINDOW:
            self._compare()
        if not self._excess:
            return False
        self._excess -= 1
        return True

    def _compare(self) -> None:
        mine, was_busy = len(self._clients), self._requests >= BUSY
        self._clients, self._requests, self._since = set(), 0, self._clock()
        try:
            self._folder.mkdir(exist_ok=True)
            self._file.write_text(str(mine))
            least = min(
                (count for file in self._folder.glob(f"{self._host}.*") if (count := self._read(file)) is not None), default=mine
            )
        except OSError:  # a full disk: they stay as they are
            return
        self._excess = (mine - least) // 2 if was_busy and mine > RATIO * least + SLACK else 0

    def _read(self, file: Path) -> int | None:
        """What a process served; None where it says nothing any more."""
        if file == self._file:
            return None
        with suppress(OSError, ValueError):
            if self._clock() - file.stat().st_mtime < STALE:
                return int(file.read_text())
            file.unlink()
        return None
