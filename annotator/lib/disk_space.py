"""Room on the disks that Diptych writes to. What writes much stops before they are full, so that votes have room for longer."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

KEEP_SECONDS = 1.0
FULL_WORDS = (
    "The disk is full. New imports, images and releases wait until there is room. Votes are saved as long as the database can"
    " write. Ask the operator to free disk space."
)


class DiskFull(Exception):
    """Less than DISK_RESERVE_MB is left. The message says where, and what to do."""


class DiskSpace:
    """Looks, and remembers for KEEP_SECONDS what it saw."""

    def __init__(self) -> None:
        self._free = 0
        self._seen_at = float("-inf")

    def free(self) -> int:
        """Bytes left on the fullest disk."""
        if time.monotonic() - self._seen_at >= KEEP_SECONDS:
            self._free = min(shutil.disk_usage(folder).free for folder in folders())
            self._seen_at = time.monotonic()
        return self._free

    @property
    def is_full(self) -> bool:
        return self.free() < settings.DISK_RESERVE_BYTES


disk_space = DiskSpace()


def require_room() -> None:
    """For what is about to write much. Raises DiskFull."""
    if disk_space.is_full:
        raise DiskFull(FULL_WORDS)


def room_in_storage() -> int | None:
    """Bytes left for stored files; None for a bucket, which does not tell."""
    try:
        folder = Path(default_storage.path(""))
    except NotImplementedError:
        return None
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def disk_usages() -> list[tuple[str, int, int]]:
    """Each disk that is written to: one folder on it, bytes used, and bytes in all."""
    usages = [(str(folder), shutil.disk_usage(folder)) for folder in folders()]
    return [(folder, usage.used, usage.total) for folder, usage in usages]


def folders() -> list[Path]:
    """One on each disk: data, stored files, and what is uploaded right now."""
    found = [settings.DATA_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir())]
    with suppress(NotImplementedError):  # a bucket
        found.append(Path(default_storage.path("")))
    by_disk = {folder.stat().st_dev: folder for folder in reversed(found) if folder.is_dir()}
    return list(by_disk.values())
