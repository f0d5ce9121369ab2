"""The lines of a text file, JSON or CSV, one at a time: what is wrong with one is said of that line, and the others go on."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from annotator.errors import Invalid
from annotator.importing.parse_line import COLUMNS, JSON_COLUMNS, BadLine, parse_json

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_LINES = 10_000_000
# Of a line: an empty list or cell of two or three bytes becomes an object of sixty. A hundred images with all they may have are
# a tenth of this. A comma inside a text counts as well.
MAX_VALUES = 1_000_000
MAX_ROW_LINES = 100_000  # of a CSV row with line breaks in its cells
MAX_PUSHED_BACK = 1_000_000  # lines of a CSV with broken quotes that are looked at again
DELIMITERS = ",;\t"
JSON_LIST = "The file is a JSON list. Write one object per line, without commas between them (JSONL)."


NOT_UTF8 = "This line is not UTF-8 text."
TOO_MANY_VALUES = f"This line has more than {MAX_VALUES:,} values."
ROW_TOO_LONG = "the row does not end"
SEPARATORS = b",;\t[{"

# A cell may hold the images of a whole line as JSON. The limit is the process's own and only keeps memory bounded.
csv.field_size_limit(MAX_LINE_BYTES)


@dataclass(frozen=True)
class Row:
    """`number` is the line of a text file where the row starts, or the row of a parquet file, from 1."""

    number: int
    value: dict[str, Any] | BadLine  # with our column names
    fraction: float  # of the file that has been read


# --- text


class TextLines:
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
            if len(line) > MAX_VALUES and sum(line.count(sign) for sign in SEPARATORS) > MAX_VALUES:
                yield self.number, BadLine("", TOO_MANY_VALUES)
                continue
            try:
                yield self.number, line.decode()
            except UnicodeDecodeError:
                self.met_other_encoding = True
                yield self.number, BadLine("", NOT_UTF8)


def json_rows(lines: TextLines, column_map: Mapping[str, str]) -> Iterator[Row]:
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

    def __init__(self, lines: TextLines) -> None:
        self.source = iter(lines)
        self.pushed: deque[tuple[int, str | BadLine]] = deque()
        self.row: list[tuple[int, str | BadLine]] = []
        self.row_size = 0  # characters
        self.left_to_push = MAX_PUSHED_BACK

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        number, line = self.pushed.popleft() if self.pushed else next(self.source)
        self.row.append((number, line))
        self.row_size += 0 if isinstance(line, BadLine) else len(line)
        if len(self.row) > MAX_ROW_LINES or self.row_size > MAX_LINE_BYTES:
            raise csv.Error(ROW_TOO_LONG)
        # A quoted cell may go on through a line that cannot be read, so the reader must see that there is one.
        return "\n" if isinstance(line, BadLine) else line

    def start_row(self) -> None:
        self.row, self.row_size = [], 0

    def push_back(self) -> None:
        """All lines of the present row but its first."""
        self.left_to_push -= len(self.row)
        if self.left_to_push < 0:
            raise Invalid(
                "The quotation marks in the file do not match. Quote cells as in RFC 4180 and double the quotes inside a cell."
            )
        self.pushed.extendleft(reversed(self.row[1:]))


def csv_rows(lines: TextLines, column_map: Mapping[str, str]) -> Iterator[Row]:
    feed = _CsvLines(lines)
    header, delimiter = _csv_header(feed, column_map)
    columns = choose_columns(header, column_map)
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


def _csv_body(lines: TextLines, feed: _CsvLines, header: list[str], columns: dict[str, str], reader: Any) -> Iterator[Row]:
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
            if "end of data" in fault or "field limit" in fault or fault == ROW_TOO_LONG:
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
    return with_json_cells(value)


def with_json_cells(value: dict[str, Any]) -> dict[str, Any] | BadLine:
    """In a table, JSON_COLUMNS are JSON in a cell, and so may be an image with its bytes."""
    try:
        for column, cell in value.items():
            is_object = column in ("image_a", "image_b") and isinstance(cell, str) and cell.lstrip().startswith("{")
            if isinstance(cell, str) and (column in JSON_COLUMNS or is_object):
                value[column] = parse_json(cell, column)
    except BadLine as error:
        return error
    return value


def choose_columns(names: list[str], column_map: Mapping[str, str]) -> dict[str, str]:
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
