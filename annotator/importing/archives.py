"""Where the image paths of an import file lead: a folder on this machine, a ZIP, or nowhere. No path leaves its folder."""

from __future__ import annotations

import os
import posixpath
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import IO, Protocol

from annotator.errors import Invalid
from annotator.importing.images import MAX_BYTES

ENCRYPTED_FLAG = 0x1
# The other packings are unpacked by Python's zipfile without a bound on what comes out at once.
BOUNDED_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What may come out of a ZIP in all: images hardly shrink in one, so more than this is a bomb.
LEAST_BUDGET = 1024**3
BUDGET_RATIO = 20
UNZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, zlib.error)
TOO_LARGE = f"The image is larger than {MAX_BYTES // 2**20} MB."


class UnpacksTooLarge(Invalid):
    """A ZIP that is a bomb as a whole, not just in one image."""


class Folder(Protocol):
    def read(self, path: str) -> bytes:
        """The bytes of the image at a path relative to the import file. Raises Invalid with the reason."""


class NoFolder:
    """Of a file that was uploaded by itself: whatever its paths point to is on somebody else's machine."""

    def read(self, path: str) -> bytes:
        raise Invalid("The image is a path, but only the list was uploaded. Upload a ZIP with the images, or use URLs or bytes.")


class DiskFolder:
    """The folder of a file on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def read(self, path: str) -> bytes:
        if path.startswith("/"):
            raise Invalid("The image path is absolute. Use a path relative to the import file.")
        try:
            target = (self.root / path).resolve()
            if not target.is_relative_to(self.root):
                raise Invalid("The image path is outside the folder of the import file.")
            found = target.stat()
            if not stat.S_ISREG(found.st_mode):
                raise Invalid("The image path is not a file.")
            if found.st_size > MAX_BYTES:
                raise Invalid(TOO_LARGE)
            return target.read_bytes()
        except FileNotFoundError as error:
            raise Invalid(f"There is no file {_shown(path)} in the folder of the import file.") from error
        except (OSError, ValueError, RuntimeError) as error:  # no permission, name too long, NUL, links in a circle
            raise Invalid(f"The file {_shown(path)} cannot be read.") from error


class ZipFolder:
    """The folder, inside a ZIP, of the one import file in it. Nothing is ever unpacked under a name that the ZIP chose."""

    def __init__(self, archive: zipfile.ZipFile, folder: str, size: int) -> None:
        self.archive = archive
        self.folder = folder
        self.budget = max(LEAST_BUDGET, size * BUDGET_RATIO)
        # Archives made on a Mac spell accents in another way than the lines do.
        self.members = {_normal(info.filename): info for info in archive.infolist()}

    def read(self, path: str) -> bytes:
        if path.startswith("/"):
            raise Invalid("The image path is absolute. Use a path relative to the import file in the ZIP.")
        inner = posixpath.normpath(path)
        if inner == ".." or inner.startswith("../"):
            raise Invalid("The image path is outside the folder of the import file in the ZIP.")
        info = self.members.get(_normal(posixpath.join(self.folder, inner)))
        if info is None or info.is_dir():
            raise Invalid(f"There is no file {_shown(path)} in the ZIP.")
        with open_member(self.archive, info) as member:
            try:
                data = member.read(MAX_BYTES + 1)  # whatever size it claims to have
            except UNZIP_ERRORS as error:
                raise Invalid(f"{_shown(path)} is damaged in the ZIP.") from error
        if len(data) > MAX_BYTES:
            raise Invalid(TOO_LARGE)
        self.budget -= len(data)
        if self.budget < 0:
            raise UnpacksTooLarge(f"The ZIP unpacks to more than {BUDGET_RATIO} times its size.")
        return data


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """A plain file of the ZIP, for reading in pieces. Raises Invalid."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Invalid(f"{_shown(info.filename)} is a symbolic link in the ZIP.")
    if info.flag_bits & ENCRYPTED_FLAG:
        raise Invalid(f"{_shown(info.filename)} is encrypted in the ZIP.")
    if info.compress_type not in BOUNDED_PACKINGS:
        raise Invalid(f"{_shown(info.filename)} uses an unsupported compression in the ZIP. Use deflate.")
    try:
        return archive.open(info)
    except UNZIP_ERRORS as error:
        raise Invalid(f"{_shown(info.filename)} is damaged in the ZIP.") from error


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _shown(path: str) -> str:
    clipped = path if len(path) <= 120 else "…" + path[-120:]
    return "“" + os.fsencode(clipped.replace("\0", "␀")).decode("utf-8", "replace") + "”"
