"""Import files to rows: JSONL, CSV, parquet, or a ZIP of one of them with its images. Files are streamed, never held whole.

What makes a file unreadable as a whole raises Invalid; what concerns one line is in that line's row, and reading goes on.
"""

from __future__ import annotations

import codecs
import posixpath
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from annotator.errors import Invalid
from annotator.importing.archives import UNZIP_ERRORS, DiskFolder, Folder, NoFolder, ZipFolder, open_member
from annotator.importing.parquet_rows import parquet_rows
from annotator.importing.text_rows import Row, TextLines, csv_rows, json_rows

MAX_ZIP_DIRECTORY = 128 * 1024 * 1024  # bytes of the list of members: above a million files
ZIP_TAIL = 66_000  # bytes in which a ZIP says where its list is: the longest comment and the records before it
MAX_UNZIPPED = 16 * 1024**3  # of the file with the lines
LEAST_UNZIPPED, UNZIPPED_RATIO = 64 * 1024 * 1024, 100
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class ImportFile:
    rows: Iterator[Row]
    folder: Folder


@contextmanager
def open_import_file(path: Path, *, name: str, column_map: Mapping[str, str], root: Path | None) -> Iterator[ImportFile]:
    """Look at the file's head, and be ready to read its rows. `root` is the folder its image paths start from, if any.

    Raises Invalid, here or while the rows are read, when the file as a whole cannot be read.
    """
    with ExitStack() as stack:
        try:
            head = _head_of(path)
            kind = _kind_of(name, head)
            folder: Folder = NoFolder() if root is None else DiskFolder(root)
            if kind == "zip":
                archive = stack.enter_context(_open_zip(path))
                info = _find_list(archive)
                folder = ZipFolder(archive, posixpath.dirname(info.filename), path.stat().st_size)
                path = _unzip_list(archive, info, Path(stack.enter_context(tempfile.TemporaryDirectory())))
                kind = _kind_of(info.filename, _head_of(path))
                if kind == "zip":
                    raise Invalid("The ZIP contains another ZIP instead of a file with lines.")
            if kind == "parquet":
                rows = parquet_rows(path, column_map)
            else:
                file = stack.enter_context(path.open("rb"))
                text = TextLines(file, path.stat().st_size)
                rows = csv_rows(text, column_map) if kind == "csv" else json_rows(text, column_map)
        except OSError as error:
            raise Invalid(f"The file cannot be read: {error.strerror or error}.") from error
        yield ImportFile(rows=rows, folder=folder)


def _head_of(path: Path) -> bytes:
    if path.is_dir():
        raise Invalid("This is a folder. Give the path of the file with the lines.")
    if not path.is_file():
        raise Invalid("The file does not exist.")
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise Invalid("The file is empty.")
    return head


def _kind_of(name: str, head: bytes) -> str:
    """By what the file is, and only then by what it is called."""
    suffix = Path(name).suffix.lower()
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if suffix in (".parquet", ".zip"):
        raise Invalid(f"The file name ends in {suffix}, but the file is not in this format or is damaged.")
    if head.startswith(b"\x1f\x8b"):
        raise Invalid("The file is compressed with gzip. Unpack it first, or use a ZIP.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Invalid("The file is UTF-16 text. Save it as UTF-8.")
    begins_as_json = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")
    return SUFFIXES.get(suffix) or ("jsonl" if begins_as_json else "csv")


# --- ZIP


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        if _directory_size(path) > MAX_ZIP_DIRECTORY:
            raise Invalid("The ZIP has too many files. Split it into several ZIPs.")
        archive = zipfile.ZipFile(path)
    except (*UNZIP_ERRORS, struct.error) as error:
        raise Invalid("The ZIP cannot be read. It is damaged or incomplete.") from error
    with archive:
        yield archive


def _directory_size(path: Path) -> int:
    """Bytes of the ZIP's list of members, which Python reads whole into much larger objects.

    A ZIP can say it in two places, of which readers believe either: so this is the larger, of every record that is there.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - ZIP_TAIL))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            raise zipfile.BadZipFile("no end of central directory")
        (directory,) = struct.unpack("<I", tail[at + 12 : at + 16])
        found = [0 if directory == 0xFFFFFFFF else directory]
        locator = tail[max(0, at - 20) : at]
        if locator.startswith(b"PK\x06\x07"):
            # Where the locator points to, and, as Python's zipfile looks, right before it.
            end = size - len(tail) + at
            for start in (int(struct.unpack("<Q", locator[8:16])[0]), end - 20 - 56):
                if 0 <= start < size:
                    file.seek(start)
                    record = file.read(56)
                    if record.startswith(b"PK\x06\x06") and len(record) == 56:
                        found.append(int(struct.unpack("<Q", record[40:48])[0]))
        return max(found)


def _find_list(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one file of a ZIP that has the lines; what operating systems hide in their ZIPs is overlooked."""
    lists = [
        info
        for info in archive.infolist()
        if Path(info.filename).suffix.lower() in SUFFIXES
        and not any(part.startswith(".") or part == "__MACOSX" for part in info.filename.split("/"))
    ]
    if len(lists) != 1:
        names = ", ".join(ascii(info.filename)[1:-1] for info in lists[:5])
        raise Invalid(
            "The ZIP must contain exactly one JSONL, CSV or Parquet file besides its images; "
            + (f"it contains {len(lists)}: {names}{', …' if len(lists) > 5 else ''}." if lists else "it contains none.")
        )
    return lists[0]


def _unzip_list(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> Path:
    limit = min(MAX_UNZIPPED, max(LEAST_UNZIPPED, info.compress_size * UNZIPPED_RATIO))
    target = folder / "lines"
    with open_member(archive, info) as member, target.open("wb") as file:
        try:
            shutil.copyfileobj(_Bounded(member, limit), file)
        except UNZIP_ERRORS as error:
            raise Invalid("The file with the lines in the ZIP is damaged.") from error
    return target


class _Bounded:
    """A reader that refuses to give more than a number of bytes, whatever the ZIP claims."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file = file
        self.left = limit

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Invalid("The file with the lines unpacks to far more than its size in the ZIP.")
        return data
