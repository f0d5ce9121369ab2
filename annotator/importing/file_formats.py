"""Import files to rows: JSONL, CSV, parquet, or a ZIP of one of them with its images. Files are streamed, never held whole.

What makes a file unreadable as a whole raises Invalid; what concerns one line is in that line's row, and reading goes on.
"""

from __future__ import annotations

import codecs
import json
import posixpath
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotator.errors import Invalid
from annotator.importing.archives import UNZIP_ERRORS, DiskFolder, Folder, NoFolder, ZipFolder, open_member
from annotator.importing.parse_line import BadLine
from annotator.importing.text_rows import MAX_LINES, Row, TextLines, choose_columns, csv_rows, json_rows, with_json_cells

MAX_ZIP_DIRECTORY = 128 * 1024 * 1024  # bytes of the list of members: above a million files
MAX_UNZIPPED = 16 * 1024**3  # of the file with the lines
LEAST_UNZIPPED, UNZIPPED_RATIO = 64 * 1024 * 1024, 100
PARQUET_ROWS = 8  # held at a time: each may have several images
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
PARQUET_ERRORS = (pa.ArrowException, OSError, ValueError, NotImplementedError, MemoryError)


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
                rows = _parquet_rows(path, column_map)
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
    """Bytes of the ZIP's list of members, which Python reads whole into much larger objects."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 66_000))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            raise zipfile.BadZipFile("no end of central directory")
        directory = int(struct.unpack("<I", tail[at + 12 : at + 16])[0])
        locator = tail[max(0, at - 20) : at]
        if directory == 0xFFFFFFFF and locator.startswith(b"PK\x06\x07"):
            file.seek(struct.unpack("<Q", locator[8:16])[0])
            record = file.read(56)
            directory = int(struct.unpack("<Q", record[40:48])[0])
        return directory


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


# --- parquet


def _parquet_rows(path: Path, column_map: Mapping[str, str]) -> Iterator[Row]:
    try:
        # Without pre-buffering and with a small read buffer, a row group's pages are read as they are needed.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1024 * 1024)
        schema = file.schema_arrow
    except PARQUET_ERRORS as error:
        raise Invalid("The Parquet file cannot be read. It is damaged or incomplete.") from error
    if not file.metadata.num_rows:
        raise Invalid("The file has no rows.")
    columns = choose_columns(schema.names, column_map)
    return _parquet_body(file, columns, _label_names(schema.metadata or {}))


def _parquet_body(file: pq.ParquetFile, columns: dict[str, str], labels: Mapping[str, list[str]]) -> Iterator[Row]:
    total, number = file.metadata.num_rows, 0
    if total > MAX_LINES:
        raise Invalid(f"The file has more than {MAX_LINES:,} rows. Split it into several files.")
    try:
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=sorted(set(columns.values())), use_threads=False):
            for index in range(batch.num_rows):
                number += 1
                yield Row(number, _parquet_value(batch, index, columns, labels), number / total)
    except PARQUET_ERRORS as error:
        raise Invalid(f"The Parquet file is damaged after row {number}.") from error


def _parquet_value(
    batch: pa.RecordBatch, index: int, columns: dict[str, str], labels: Mapping[str, list[str]]
) -> dict[str, Any] | BadLine:
    value: dict[str, Any] = {}
    for ours, theirs in columns.items():
        try:
            cell = batch.column(theirs)[index].as_py(maps_as_pydicts="strict")
        except (ValueError, OverflowError, LookupError, pa.ArrowException):  # not UTF-8, a time out of range, a key twice
            return BadLine(ours, f"{ours} contains a value that cannot be read.")
        if theirs in labels and isinstance(cell, int):
            cell = labels[theirs][cell] if 0 <= cell < len(labels[theirs]) else None  # -1 says unlabelled
        if cell is not None and cell != "" and not (isinstance(cell, float) and isnan(cell)):
            value[ours] = cell
    return with_json_cells(value)


def _label_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Names of the class labels, which Hub datasets keep as numbers with the names in the file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
