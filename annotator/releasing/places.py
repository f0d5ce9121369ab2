"""Where a release is while it is built, and where it is for ever after.

In a folder it is built beside its address and renamed to it as a whole. A store of objects cannot rename, but takes each
object whole: there finished files go to the address one by one, README.md last, and nobody is told of them before the
release is ready. Either way an address that holds something is never written over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from annotator.choices import ReleaseState
from annotator.errors import Conflict, NotFound
from annotator.models import Release
from annotator.storing import remove_folder

CARD = "README.md"


def folder_name(release: Release) -> str:
    """The release's address in storage."""
    return f"releases/{release.campaign_id}/{release.number}"


def file_name(release: Release, path: str) -> str:
    """A file's address in storage."""
    return f"{folder_name(release)}/{path}"


def local_folder(release: Release) -> Path | None:
    """The release's folder on this machine; None where storage is no folder."""
    try:
        return Path(default_storage.path(folder_name(release)))
    except NotImplementedError:
        return None


def open_file(release: Release, path: str) -> IO[bytes]:
    """A file of a finished release, open for reading. Raises NotFound for any other."""
    if release.state != ReleaseState.READY or not release.files.filter(path=path).exists():
        raise NotFound("There is no such file in this release.")
    try:
        return default_storage.open(file_name(release, path), "rb")
    except FileNotFoundError as error:
        raise NotFound("This file of the release is not in storage any more.") from error


class Workplace:
    """The files of one release while it is built."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.address = local_folder(release)
        if self.address is not None:
            self.folder = self.address.with_name(f".building-{release.number}")
        else:
            self.folder = settings.DATA_DIR / "building" / str(release.pk)
        self.files = self.folder / "files"  # as they will be at the address
        self.rows = self.folder / "rows"  # staged, waiting for their images
        self.notes = self.folder / "notes"  # one per finished file

    def is_taken(self) -> bool:
        """Whether there is something at the address already."""
        if self.address is not None:
            return self.address.exists()
        return default_storage.exists(file_name(self.release, CARD))

    def is_published(self) -> bool:
        """Whether all of it went to its address, by a builder that was stopped before it could say so."""
        return self.is_taken() and not self.files.exists()

    def require_free(self) -> None:
        if self.is_taken():
            raise Conflict(
                f"In storage there is something else at {folder_name(self.release)} already. Nothing is written over it:"
                " look what it is, move it away, and make another release.",
                code="address_taken",
            )

    def keep(self, path: str) -> None:
        """A file of `files` is finished. An object store gets it now, so that one at a time is on this disk."""
        if self.address is None:
            self._upload(path)
            (self.files / path).unlink()

    def has(self, path: str) -> bool:
        if self.address is None:
            return default_storage.exists(file_name(self.release, path))
        return (self.files / path).exists()

    def publish(self, paths: Iterable[str]) -> None:
        """Bring the release to its address. `paths` are all its files."""
        if self.address is None:
            self._remove_strays(set(paths))
            self._upload(CARD)
            shutil.rmtree(self.files)
            return
        self.require_free()
        for folder in [self.files, *(entry for entry in self.files.iterdir() if entry.is_dir())]:
            _sync(folder)
        os.rename(self.files, self.address)
        _sync(self.address.parent)

    def clear(self) -> None:
        """Remove what was only needed for building."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self) -> None:
        """Leave nothing of a release that will not be, nor what an object store was given of it already."""
        self.clear()
        if self.address is None and not self.is_taken():
            remove_folder(folder_name(self.release))

    def _upload(self, path: str) -> None:
        name = file_name(self.release, path)
        if default_storage.exists(name):  # from a builder that was stopped; some stores would choose another name
            default_storage.delete(name)
        with (self.files / path).open("rb") as file:
            stored = default_storage.save(name, File(file))
        if stored != name:
            raise Conflict(f"Storage kept {name} as {stored}.", code="storage_renamed")

    def _remove_strays(self, paths: set[str]) -> None:
        """Shards that a stopped builder on another machine had cut in another number."""
        for config in _subfolders(folder_name(self.release)):
            _, files = default_storage.listdir(file_name(self.release, config))
            for file in files:
                if f"{config}/{file}" not in paths:
                    default_storage.delete(file_name(self.release, f"{config}/{file}"))


def _subfolders(name: str) -> list[str]:
    try:
        return default_storage.listdir(name)[0]
    except FileNotFoundError:
        return []


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut, as their contents do."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
