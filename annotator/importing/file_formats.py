"""Import files to rows: JSONL, CSV, parquet, or a ZIP of one of them with its images. Files are streamed, never held whole.

What makes a file unreadable as a whole raises Invalid; what concerns one line is in that line's row, and reading goes on.
"""

from __future__ import annotations

import codecs
import csv
import json
import posixpath
import shutil
import struct
import tempfile
import zipfile
from collections import deque
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
from annotator.importing.parse_line import COLUMNS, JSON_COLUMNS, BadLine, parse_json

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_LINES = 10_000_000
MAX_ZIP_DIRECTORY = 128 * 1024 * 1024  # bytes of the list of members: above a million files
MAX_UNZIPPED = 16 * 1024**3  # of the file with the lines
LEAST_UNZIPPED, UNZIPPED_RATIO = 64 * 1024 * 1024, 100
MAX_PUSHED_BACK = 1_000_000  # lines of a CSV with broken quotes that are looked at again
PARQUET_ROWS = 8  # held at a time: each may have several images
DELIMITERS = ",;\t"
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
JSON_LIST = "The file is a JSON list. Write one object per line, without commas between them (JSONL)."
NOT_UTF8 = "This line is not UTF-8 text."
PARQUET_ERRORS = (pa.ArrowException, OSError, ValueError, NotImplementedError, MemoryError)

# A cell may hold the images of a whole line as JSON. The limit is the process's own and only keeps memory bounded.
csv.field_size_limit(MAX_LINE_BYTES)


@dataclass(frozen=True)
class Row:
    """`number` is the line of a text file where the row starts, or the row of a parquet file, from 1."""

    number: int
    value: dict[str, Any] | BadLine  # with our column names
    fraction: float  # of the file that has been read


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
                text = _TextLines(file, path.stat().st_size)
                rows = _csv_rows(text, column_map) if kind == "csv" else _json_rows(text, column_map)
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


# --- text


class _TextLines:
    """The physical lines of a text file, with a bound on their length and number, and how much of the file was read."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file = file
        self.size = size
        self.taken = 0
        self.number = 0
        self.met_other_encoding = False

    @property
    def fraction(self) -> float:
        return min(1.0, self.taken / self.size)

    def __iter__(self) -> Iterator[tuple[int, str | BadLine]]:
        while line := self.file.readline(MAX_LINE_BYTES + 1):
            self.number += 1
            self.taken += len(line)
            if self.number > MAX_LINES:
                raise Invalid(f"The file has more than {MAX_LINES:,} lines. Split it into several files.")
            if self.number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if len(line) > MAX_LINE_BYTES:
                while not line.endswith(b"\n") and (line := self.file.readline(MAX_LINE_BYTES)):
                    self.taken += len(line)
                yield self.number, BadLine("", f"This line is longer than {MAX_LINE_BYTES // 2**20} MB.")
                continue
            try:
                yield self.number, line.decode()
            except UnicodeDecodeError:
                self.met_other_encoding = True
                yield self.number, BadLine("", NOT_UTF8)


def _json_rows(lines: _TextLines, column_map: Mapping[str, str]) -> Iterator[Row]:
    met_object, met_list = False, False
    for number, text in lines:
        value: dict[str, Any] | BadLine
        if isinstance(text, BadLine):
            value = text
        elif not text.strip():
            continue
        else:
            try:
                parsed = parse_json(text.strip())
            except BadLine as error:
                if not met_object and text.lstrip().startswith("["):
                    raise Invalid(JSON_LIST) from error
                value = error
            else:
                met_list = met_list or isinstance(parsed, list)
                met_object = met_object or isinstance(parsed, dict)
                value = (
                    _renamed(parsed, column_map) if isinstance(parsed, dict) else BadLine("", "This line is not a JSON object.")
                )
        yield Row(number, value, lines.fraction)
    if not met_object and lines.met_other_encoding:
        raise Invalid("The file is not UTF-8 text.")
    if not met_object and met_list:
        raise Invalid(JSON_LIST)


def _renamed(value: dict[str, Any], column_map: Mapping[str, str]) -> dict[str, Any]:
    return value | {ours: value.get(theirs) for ours, theirs in column_map.items()}


class _CsvLines:
    """Feeds a csv.reader, and can take lines back: after a broken quote the rest of its row is read as rows again."""

    def __init__(self, lines: _TextLines) -> None:
        self.source = iter(lines)
        self.pushed: deque[tuple[int, str | BadLine]] = deque()
        self.row: list[tuple[int, str | BadLine]] = []
        self.left_to_push = MAX_PUSHED_BACK

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        number, line = self.pushed.popleft() if self.pushed else next(self.source)
        self.row.append((number, line))
        # A quoted cell may go on through a line that cannot be read, so the reader must see that there is one.
        return "\n" if isinstance(line, BadLine) else line

    def start_row(self) -> None:
        self.row = []

    def push_back(self) -> None:
        """All lines of the present row but its first."""
        self.left_to_push -= len(self.row)
        if self.left_to_push < 0:
            raise Invalid(
                "The quotation marks in the file do not match. Quote cells as in RFC 4180 and double the quotes inside a cell."
            )
        self.pushed.extendleft(reversed(self.row[1:]))


def _csv_rows(lines: _TextLines, column_map: Mapping[str, str]) -> Iterator[Row]:
    feed = _CsvLines(lines)
    header, delimiter = _csv_header(feed, column_map)
    columns = _choose_columns(header, column_map)
    return _csv_body(lines, feed, header, columns, csv.reader(feed, delimiter=delimiter, strict=True))


def _csv_header(feed: _CsvLines, column_map: Mapping[str, str]) -> tuple[list[str], str]:
    """The column names, and the delimiter that finds the prompt's among them."""
    for text in feed:
        if isinstance(feed.row[-1][1], BadLine):
            raise Invalid(f"The first line of the file cannot be read. {feed.row[-1][1].message}")
        if text.strip():
            break
    else:
        raise Invalid("The file has no lines.")
    names: dict[str, list[str]] = {}
    for delimiter in DELIMITERS:
        try:
            names[delimiter] = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
        except csv.Error as error:
            raise Invalid(f"The first line of the file is not a CSV header: {error}.") from error
        if column_map.get("prompt", "prompt") in names[delimiter]:
            return names[delimiter], delimiter
    return names[","], ","


def _csv_body(lines: _TextLines, feed: _CsvLines, header: list[str], columns: dict[str, str], reader: Any) -> Iterator[Row]:
    positions = {ours: header.index(theirs) for ours, theirs in columns.items()}
    while True:
        feed.start_row()
        value: dict[str, Any] | BadLine
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = str(error)
            if "end of data" in fault or "field limit" in fault:
                fault = "a quotation mark is not closed"
            feed.push_back()
            value = BadLine("", f"This row is not valid CSV: {fault}.")
            lines_of_row = feed.row[:1]
        else:
            is_blank = not cells or (len(cells) == 1 and not cells[0].strip())
            if is_blank and not isinstance(feed.row[0][1], BadLine):
                continue
            value = _csv_value(cells, len(header), positions)
            lines_of_row = feed.row
        for _, line in lines_of_row:
            if isinstance(line, BadLine):
                value = line
        yield Row(feed.row[0][0], value, lines.fraction)


def _csv_value(cells: list[str], width: int, positions: dict[str, int]) -> dict[str, Any] | BadLine:
    """Empty cells are absent. Cells that hold JSON are parsed."""
    if len(cells) > width:
        return BadLine("", f"This row has {len(cells)} cells, but the header has {width}.")
    value: dict[str, Any] = {}
    for ours, position in positions.items():
        cell = cells[position] if position < len(cells) else ""
        if cell:
            value[ours] = cell
    return _with_json_cells(value)


def _with_json_cells(value: dict[str, Any]) -> dict[str, Any] | BadLine:
    """In a table, images and metadata are JSON in a cell, and so may be an image with its bytes."""
    try:
        for column, cell in value.items():
            is_object = column in ("image_a", "image_b") and isinstance(cell, str) and cell.lstrip().startswith("{")
            if isinstance(cell, str) and (column in JSON_COLUMNS or is_object):
                value[column] = parse_json(cell, column)
    except BadLine as error:
        return error
    return value


def _choose_columns(names: list[str], column_map: Mapping[str, str]) -> dict[str, str]:
    """Our column to theirs, for the columns that a table has. Raises Invalid where a needed one is missing or named twice."""
    shown = ", ".join(ascii(name)[1:-1] if not name.isprintable() else name for name in names[:30])
    for ours, theirs in column_map.items():
        if theirs not in names:
            raise Invalid(f"The file has no column {theirs} to use as {ours}. Its columns are: {shown}.")
    columns = {ours: column_map.get(ours, ours) for ours in COLUMNS if column_map.get(ours, ours) in names}
    for theirs in columns.values():
        if names.count(theirs) > 1:
            raise Invalid(f"The file has {names.count(theirs)} columns named {theirs}.")
    needed = ["prompt"] if "images" in columns else ["prompt", "image_a", "image_b"]
    missing = [ours for ours in needed if ours not in columns]
    if missing:
        raise Invalid(
            f"The file has no column {' and no column '.join(missing)}. Its columns are: {shown}. Map your columns to ours."
        )
    return columns


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
    columns = _choose_columns(schema.names, column_map)
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
    return _with_json_cells(value)


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
