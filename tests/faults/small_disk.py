"""A disk that is small enough to be filled, in memory. Only root can have one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SMALL = 20_000_000_000  # bytes


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[None]:
    """Mounted on the folder where that is possible, and unmounted afterwards with all that is on it."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M", "tmpfs", str(folder)]
    is_mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def is_small_disk(folder: Path) -> bool:
    """Whether it is a disk of its own, and small."""
    return folder.stat().st_dev != folder.parent.stat().st_dev and shutil.disk_usage(folder).total < SMALL
