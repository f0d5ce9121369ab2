"""Files of metrics whose blocks are on the disk before anything is written to them.

prometheus_client makes sparse files and maps them into memory. On a full disk the first write to a page then ends the process
with SIGBUS. Here a file that cannot be had is an error that is caught: this process counts in its own memory until it is
started again, and the others do not see its counts.
"""

from __future__ import annotations

import logging
import mmap
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

FIRST_SIZE = 1 << 16  # bytes, as prometheus_client begins


def use_reserved_files() -> None:
    """For all metrics that are made from now on."""
    values.MmapedDict = ReservedDict  # type: ignore[misc]


class ReservedDict(MmapedDict):
    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self.is_private = False  # only in memory
        if read_mode:
            super().__init__(filename, read_mode=True)
            return
        try:
            if not Path(filename).exists():
                with Path(filename).open("xb") as file:
                    file.write(bytes(FIRST_SIZE))
            super().__init__(filename)
        except OSError as error:
            with suppress(OSError):
                Path(filename).unlink(missing_ok=True)  # half of it would stop those who read all files
            logger.warning("Metrics of this process are not shared: %s", error)
            self._f = None  # type: ignore[assignment]  # as after `close`
            self._fname, self._positions, self._used = filename, {}, 8
            self.keep_in_memory(FIRST_SIZE)

    def _init_value(self, key: str) -> None:
        room = 4 + len(key.encode()) + 8 + 16  # as much as its entry takes at most
        if self._used + room > self._capacity:
            self.grow(self._capacity * 2)
        super()._init_value(key)

    def grow(self, capacity: int) -> None:
        if not self.is_private:
            try:
                with Path(self._fname).open("r+b") as file:
                    file.seek(self._capacity)
                    file.write(bytes(capacity - self._capacity))
            except OSError as error:
                logger.warning("Metrics of this process are not shared any more: %s", error)
                self.keep_in_memory(capacity, self._m[:])
                return
            self._capacity = capacity
            self._m = mmap.mmap(self._f.fileno(), capacity)
        else:
            self.keep_in_memory(capacity, self._m[:])

    def keep_in_memory(self, capacity: int, content: bytes = b"") -> None:
        self.is_private = True
        self._m = mmap.mmap(-1, capacity)
        self._m[: len(content)] = content
        if not content:
            self._m[:4] = (8).to_bytes(4, "little")
        self._capacity = capacity
