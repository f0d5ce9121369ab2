"""Where a release is while it is built, and where it is for ever after.

Several workers build it, so what they share is in storage: what was staged, and the shards that are finished. In a folder that
is `.building-N` beside the release's address, and it is renamed to the address as a whole. A store of objects cannot rename, but
takes each object whole: there what is staged is below `building/`, finished files go to the address one by one, README.md last,
and nobody is told of them before the release is ready. Either way each worker writes in a scratch folder of its own, nothing
unfinished is ever seen under a name that is read, and an address that holds something is never written over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext

from annotator.choices import ReleaseState
from annotator.errors import Conflict, NotFound
from annotator.lib.storage import read_file, remove_folder
from annotator.models import Release, ReleaseFile

CARD = "README.md"
SNAPSHOT = "snapshot.json"  # where it is, the staging is complete
COPY_BLOCK = 1 << 20  # bytes


def folder_name(release: Release) -> str:
    """The release's address in storage."""
    return f"releases/{release.campaign_id}/{release.number}"


def file_name(release: Release, path: str) -> str:
    """A file's address in storage."""
    return f"{folder_name(release)}/{path}"


def stored_name(release: Release, file: ReleaseFile) -> str:
    """Where a file of a release is in storage: at its address, or where an earlier release has the same bytes."""
    return file.stored_as or file_name(release, file.path)


def local_folder(release: Release) -> Path | None:
    """The release's folder on this machine; None where storage is no folder."""
    try:
        return Path(default_storage.path(folder_name(release)))
    except NotImplementedError:
        return None


def open_file(release: Release, path: str) -> IO[bytes]:
    """A file of a finished release, open for reading. Raises NotFound for any other."""
    file = release.files.filter(path=path).first() if release.state == ReleaseState.READY else None
    if file is None:
        raise NotFound(gettext("This file does not exist."))
    try:
        return default_storage.open(stored_name(release, file), "rb")
    except FileNotFoundError as error:
        raise NotFound(gettext("This file of the release is missing from storage.")) from error


def build_area_of(release: Release) -> BuildArea:
    folder = local_folder(release)
    return FolderBuildArea(release, folder) if folder is not None else StoreBuildArea(release)


class BuildArea:
    """What the builders of one release share."""

    def __init__(self, release: Release) -> None:
        self.release = release

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for one builder alone, gone when it is done. Of a killed one it stays until the release is over."""
        raise NotImplementedError

    def is_staged(self) -> bool:
        raise NotImplementedError

    def keep_staged(self, folder: Path, names: Iterable[str]) -> None:
        """Share files of a scratch folder; the last of them says that all are there."""
        raise NotImplementedError

    def staged(self, name: str, scratch: Path) -> Path:
        """A shared file, on this machine."""
        raise NotImplementedError

    def keep(self, folder: Path, path: str) -> None:
        """A file of the release is finished. One that another builder left there is the same, or half of it."""
        raise NotImplementedError

    def share(self, name: str, path: str) -> str:
        """Have a file of an earlier release in this one too. Returns the name by which it is found, empty for its own address."""
        raise NotImplementedError

    def is_published(self) -> bool:
        """Whether all of it went to its address, by a builder that was stopped before it could say so."""
        raise NotImplementedError

    def publish(self, folder: Path, own: Iterable[str], paths: Iterable[str]) -> None:
        """Bring the release to its address. `paths` are all its files, `own` those of them that are in the scratch folder."""
        raise NotImplementedError

    def clear(self) -> None:
        """Remove what was only needed for building."""
        raise NotImplementedError

    def discard(self) -> None:
        """Leave nothing of a release that will not be."""
        raise NotImplementedError

    def is_taken(self) -> bool:
        """Whether there is something at the address."""
        raise NotImplementedError

    def require_free(self) -> None:
        if self.is_taken():
            raise Conflict(
                gettext(
                    "Storage already has other files at %(folder_name)s. They were not overwritten. Move them away and "
                    "build another release."
                )
                % {"folder_name": folder_name(self.release)},
                code="address_taken",
            )


class FolderBuildArea(BuildArea):
    """In a folder that all workers have."""

    def __init__(self, release: Release, address: Path) -> None:
        super().__init__(release)
        self.address = address
        self.folder = address.with_name(f".building-{release.number}")
        self.files = self.folder / "files"  # as they will be at the address

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix="scratch-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def is_staged(self) -> bool:
        return (self.folder / SNAPSHOT).exists()

    def keep_staged(self, folder: Path, names: Iterable[str]) -> None:
        for name in names:
            _move(folder / name, self.folder / name)
        _sync(self.folder)

    def staged(self, name: str, scratch: Path) -> Path:
        return self.folder / name

    def keep(self, folder: Path, path: str) -> None:
        _move(folder / path, self.files / path)

    def share(self, name: str, path: str) -> str:
        source, target = Path(default_storage.path(name)), self.files / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:  # a file system without hard links
            shutil.copyfile(source, target)
        return ""

    def is_taken(self) -> bool:
        return self.address.exists()

    def is_published(self) -> bool:
        return self.is_taken() and not self.files.exists()

    def publish(self, folder: Path, own: Iterable[str], paths: Iterable[str]) -> None:
        self.require_free()
        for path in own:
            self.keep(folder, path)
        for each in [self.files, *(entry for entry in self.files.iterdir() if entry.is_dir())]:
            _sync(each)
        os.rename(self.files, self.address)
        _sync(self.address.parent)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self) -> None:
        self.clear()


class StoreBuildArea(BuildArea):
    """In a store of objects, which workers on different machines reach."""

    def __init__(self, release: Release) -> None:
        super().__init__(release)
        self.prefix = f"building/{release.campaign_id}/{release.number}"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        here = settings.DATA_DIR / "building"
        here.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f"{self.release.pk}-", dir=here))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def is_staged(self) -> bool:
        return default_storage.exists(f"{self.prefix}/{SNAPSHOT}")

    def keep_staged(self, folder: Path, names: Iterable[str]) -> None:
        for name in names:
            _upload(folder / name, f"{self.prefix}/{name}")

    def staged(self, name: str, scratch: Path) -> Path:
        target = scratch / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with default_storage.open(f"{self.prefix}/{name}", "rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, COPY_BLOCK)
        return target

    def keep(self, folder: Path, path: str) -> None:
        _upload(folder / path, file_name(self.release, path))
        (folder / path).unlink()  # one at a time is on this disk

    def share(self, name: str, path: str) -> str:
        return name

    def is_taken(self) -> bool:
        return default_storage.exists(file_name(self.release, CARD))

    def is_published(self) -> bool:
        return self.is_taken()  # nobody begins to build where there is something

    def publish(self, folder: Path, own: Iterable[str], paths: Iterable[str]) -> None:
        self._remove_strays({*paths})
        for path in sorted(own, key=lambda path: path == CARD):
            self.keep(folder, path)

    def clear(self) -> None:
        remove_folder(self.prefix)
        for folder in (settings.DATA_DIR / "building").glob(f"{self.release.pk}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def discard(self) -> None:
        if self.is_staged() or not self.is_taken():
            remove_folder(folder_name(self.release))
        self.clear()

    def _remove_strays(self, paths: set[str]) -> None:
        """Shards of a staging that was stopped, which had cut them in another number."""
        for config in _subfolders(folder_name(self.release)):
            _, files = default_storage.listdir(file_name(self.release, config))
            for file in files:
                if f"{config}/{file}" not in paths:
                    default_storage.delete(file_name(self.release, f"{config}/{file}"))


def read_released(release: Release, path: str) -> bytes:
    """A small file at the release's address, before or after the release is ready. Raises FileNotFoundError."""
    return read_file(file_name(release, path))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)


def _upload(source: Path, name: str) -> None:
    if default_storage.exists(name):  # from a builder that was stopped; some stores would choose another name
        default_storage.delete(name)
    with source.open("rb") as file:
        stored = default_storage.save(name, File(file))
    if stored != name:
        raise Conflict(
            gettext("Storage saved %(name)s under another name, %(stored)s.") % {"name": name, "stored": stored},
            code="storage_renamed",
        )


def _subfolders(name: str) -> list[str]:
    try:
        return default_storage.listdir(name)[0]
    except FileNotFoundError:
        return []


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power chunk_by_size, as their contents do."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
