"""The file of a backup: a tar with the database, the stored files, SHA256SUMS, and a manifest at its end.

It is written and read in one pass with flat memory, however many files it has. `tar -xf` unpacks it, and
`sha256sum --check SHA256SUMS` checks what came out. The manifest comes last and has the checksum of SHA256SUMS, so a file that
was cut short or changed anywhere is recognised.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

FORMAT = 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
DATABASE, SECRET_KEY, FILES = "database.dump", "secrets/secret_key", "storage/"
IN_MEMORY = 8_000_000  # bytes of checksums; more of them wait on disk
MANIFEST_LIMIT = 10_000_000  # bytes

Progress = Callable[[int, int], None]  # files and bytes so far


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup is of."""

    created_at: str
    postgres: int  # major version of the server
    tools: int  # major version of pg_dump
    migrations: list[list[str]]  # app and name of each that was applied
    key_fingerprint: str
    has_key: bool
    has_files: bool
    files: int  # stored files
    bytes: int  # of them
    sums: str = ""  # sha256 of SHA256SUMS
    format: int = FORMAT


class BackupWriter:
    """Writes a backup beside its place, readable by its owner alone, and gives it its name when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self.files = self.bytes = 0

    def __enter__(self) -> BackupWriter:
        if self.path.exists():
            raise BackupError(f"{self.path} exists already. Name another file, or a folder.")
        self._file = os.fdopen(os.open(self.partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._sums = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self.path.parent))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._sums.close()
        with suppress(OSError):  # a full disk refuses what was still to be written
            self._file.close()
        self.partial.unlink(missing_ok=True)

    def add(self, name: str, source: IO[bytes]) -> None:
        """Add what can be read from the source, from its beginning on."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        hashing = _Hashing(source)
        self._add(name, hashing, size)
        self._sums.write(_line(hashing.sha256.hexdigest(), name))

    def add_stored(self, name: str, source: IO[bytes]) -> None:
        """Add a stored file."""
        self.add(FILES + name, source)
        self.files += 1
        self.bytes += source.tell()

    def finish(self, **facts: Any) -> Manifest:
        """Add checksums and manifest, and give the file its name."""
        self._sums.seek(0)
        digest = hashlib.file_digest(self._sums, "sha256").hexdigest()
        size = self._sums.tell()
        self._sums.seek(0)
        self._add(SUMS, self._sums, size)
        manifest = Manifest(**facts, files=self.files, bytes=self.bytes, sums=digest)
        with tempfile.SpooledTemporaryFile() as text:
            text.write(json.dumps(asdict(manifest), indent=1).encode())
            size = text.tell()
            text.seek(0)
            self._add(MANIFEST, text, size)
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            os.link(self.partial, self.path)  # never in place of a file that came meanwhile
        except FileExistsError as error:
            raise BackupError(f"{self.path} was made by somebody else meanwhile. Name another file.") from error
        except OSError:  # a file system without links
            os.replace(self.partial, self.path)
        return manifest

    def _add(self, name: str, source: IO[bytes] | _Hashing | tempfile.SpooledTemporaryFile[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._tar.addfile(entry, source)
        self._tar.members.clear()  # type: ignore[attr-defined]  # or it remembers each of millions


class _Hashing:
    """A source that hashes what is read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.sha256 = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.source.read(size)
        self.sha256.update(block)
        return block


def verify(path: Path, on_progress: Progress) -> Manifest:
    """Read the whole backup, and compare every file with its checksum. Raises BackupError, which names the first that differs."""
    files = size = 0
    manifest: Manifest | None = None
    with _naming(path), tempfile.SpooledTemporaryFile(IN_MEMORY) as found:
        sums = ""
        for name, source in entries(path):
            if manifest is not None:
                raise BackupError(f"{path} has more after its end ({name}). It is not a backup that this command made.")
            if name == MANIFEST:
                manifest = _read_manifest(source, path)
            elif name == SUMS:
                sums = _compare(found, source, path)
            else:
                hashing = _Hashing(source)
                shutil.copyfileobj(hashing, _Nothing(), 1 << 20)
                found.write(_line(hashing.sha256.hexdigest(), name))
                files, size = files + 1, size + source.tell()
                on_progress(files, size)
    if manifest is None:
        raise BackupError(f"{path} is not complete: its end is missing. Copy it again, or use another backup.")
    if manifest.sums != sums:
        raise BackupError(f"{path} is damaged: {SUMS} is not the one that belongs to it. Use another backup.")
    return manifest


def entries(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files in a backup, one after the other; each can be read until the next is asked for. Raises BackupError."""
    with _naming(path), tarfile.open(path, "r|") as tar:
        while (entry := tar.next()) is not None:
            source = tar.extractfile(entry) if entry.isreg() else None
            if source is None or entry.name.startswith("/") or ".." in entry.name.split("/"):
                raise BackupError(f"{path} holds something that no backup has: {entry.name!r}.")
            yield entry.name, source
            tar.members.clear()  # type: ignore[attr-defined]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raises BackupError, which names the file, where it cannot be read as a tar."""
    try:
        yield
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} is no backup, or is damaged or cut short ({error}). Use another one.") from error


def _read_manifest(source: IO[bytes], path: Path) -> Manifest:
    try:
        facts = json.loads(source.read(MANIFEST_LIMIT))
        if facts["format"] != FORMAT:
            raise BackupError(f"{path} was made by another version of Diptych. Restore it with that version, then update.")
        return Manifest(**{field.name: facts[field.name] for field in fields(Manifest)})
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path} has no readable {MANIFEST}. It is not a backup that this command made.") from error


def _compare(found: tempfile.SpooledTemporaryFile[bytes], source: IO[bytes], path: Path) -> str:
    """The sha256 of the checksums, which are those that were found."""
    found.seek(0)
    sha256 = hashlib.sha256()
    for line in source:
        sha256.update(line)
        there = found.readline()
        if there != line:
            name = (there or line).decode(errors="replace").rstrip("\n")[66:]
            raise BackupError(f"{path} is damaged: {name} does not have the checksum it was saved with. Use another backup.")
    if found.readline():
        raise BackupError(f"{path} is damaged: it holds files without a checksum. Use another backup.")
    return sha256.hexdigest()


class _Nothing:
    """Where what was hashed goes."""

    def write(self, block: bytes) -> int:
        return len(block)


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()
