"""Files in storage, put there whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage

COPY_BLOCK = 1 << 20  # bytes
IN_MEMORY = 8_000_000  # bytes of a file on its way to a store of objects; a larger one waits on disk


def put_file(name: str, data: bytes) -> None:
    """Store the bytes under the name, in place of what was there."""
    put_stream(name, io.BytesIO(data))


def put_stream(name: str, source: IO[bytes]) -> None:
    """Store what can be read from the source under the name, in place of what was there.

    A store of objects takes it whole by itself, but from a file that it can read twice. In a folder it is renamed into place, so
    that no reader and no later writer ever meets half a file, however its writer ended.
    """
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as whole:
            shutil.copyfileobj(source, whole, COPY_BLOCK)
            whole.seek(0)
            default_storage.save(name, File(whole))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("wb") as file:
            shutil.copyfileobj(source, file, COPY_BLOCK)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


class FileWriter:
    """A file on its way into storage, block by block: it is there whole after `close`, and not at all without."""

    def __init__(self, name: str) -> None:
        self.name, self.size = name, 0
        self._digest = hashlib.sha256()
        try:
            self._target: Path | None = Path(default_storage.path(name))
        except NotImplementedError:  # a store of objects, which takes the blocks as parts and shows nothing before the last
            self._target = None
            self._file: IO[bytes] = default_storage.open(name, "wb")
            return
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._partial = self._target.with_name(f".{self._target.name}.{secrets.token_hex(4)}")
        self._file = self._partial.open("wb")

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self._digest.update(data)
        self._file.write(data)

    def close(self) -> None:
        self._file.close()
        if self._target is not None:
            os.replace(self._partial, self._target)

    def abort(self) -> None:
        """Leave nothing behind. Instead of `close`."""
        if self._target is None:
            self._file._is_dirty = False  # type: ignore[attr-defined]  # of the S3 library, which then gives its parts up
            self._file.close()
            default_storage.delete(self.name)  # it made an empty object where nothing was written
        else:
            self._file.close()
            self._partial.unlink(missing_ok=True)


def stored_files(folder: str = "") -> Iterator[str]:
    """The names of all files below a folder. Hidden ones are left out: they are half written, or of a release being built."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    for file in sorted(files):
        if file and not file.startswith("."):
            yield prefix + file
    for below in sorted(folders):
        if below and not below.startswith("."):
            yield from stored_files(prefix + below)


def read_file(name: str) -> bytes:
    """The stored bytes. Raises FileNotFoundError."""
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


def remove_folder(name: str) -> None:
    """Remove everything below a name. Does nothing where there is nothing, and two may do it at the same time."""
    try:
        folders, files = default_storage.listdir(name)
    except FileNotFoundError:
        return
    for folder in folders:
        remove_folder(f"{name}/{folder}")
    for file in files:
        default_storage.delete(f"{name}/{file}")
    with suppress(OSError):  # a file was put there meanwhile
        default_storage.delete(name)
