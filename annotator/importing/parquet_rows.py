"""Parquet to rows, a row group after the other, with bounds on what comes out of a small file.

A file of kilobytes can hold gigabytes: pages compress a thousandfold, and a dictionary repeats a value of megabytes in every row.
The footer says how large its row groups become, and a file that says too much is refused at once. What the footer does not say
is counted as it comes. A single page that is far larger than its footer says is the child's trouble: it is out of memory then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotator.errors import Invalid
from annotator.importing.archives import BUDGET_RATIO, LEAST_BUDGET
from annotator.importing.parse_line import BadLine
from annotator.importing.text_rows import MAX_LINES, Row, choose_columns, with_json_cells

ROWS_AT_ONCE = 64
BYTES_AT_ONCE = 16 * 1024 * 1024  # of rows that are decoded together, where the footer says how large they are
MAX_ROW_BYTES = 512 * 1024 * 1024  # on average in a row group: more than any line of images has
PARQUET_ERRORS = (pa.ArrowException, OSError, ValueError, NotImplementedError)
TOO_LARGE = f"The Parquet file decodes to more than {BUDGET_RATIO} times its size."


def parquet_rows(path: Path, column_map: Mapping[str, str]) -> Iterator[Row]:
    """Raises Invalid when the file as a whole cannot be read, and MemoryError."""
    try:
        # Without pre-buffering and with a small read buffer, a row group's pages are read as they are needed.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1024 * 1024)
        schema = file.schema_arrow
    except MemoryError:
        raise
    except PARQUET_ERRORS as error:
        raise Invalid("The Parquet file cannot be read. It is damaged or incomplete.") from error
    if not file.metadata.num_rows:
        raise Invalid("The file has no rows.")
    if file.metadata.num_rows > MAX_LINES:
        raise Invalid(f"The file has more than {MAX_LINES:,} rows. Split it into several files.")
    columns = choose_columns(schema.names, column_map)
    budget = max(LEAST_BUDGET, path.stat().st_size * BUDGET_RATIO)
    needed = set(columns.values())
    sizes = [_claimed_size(file.metadata.row_group(group), needed) for group in range(file.num_row_groups)]
    if sum(sizes) > budget:
        raise Invalid(TOO_LARGE)
    return _rows(file, columns, sizes, budget, _label_names(schema.metadata or {}))


def _claimed_size(group: Any, names: set[str]) -> int:
    """Bytes of these columns in a row group before compression, as the footer says."""
    chunks = (group.column(index) for index in range(group.num_columns))
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.partition(".")[0] in names)


def _rows(
    file: pq.ParquetFile, columns: dict[str, str], sizes: list[int], budget: int, labels: Mapping[str, list[str]]
) -> Iterator[Row]:
    total, number = file.metadata.num_rows, 0
    for group, size in enumerate(sizes):
        row_size = size // max(1, file.metadata.row_group(group).num_rows)
        if row_size > MAX_ROW_BYTES:
            raise Invalid(f"Row group {group + 1} of the Parquet file has rows of {row_size // 2**20} MB.")
        at_once = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // max(1, row_size)))
        try:
            for batch in file.iter_batches(at_once, row_groups=[group], columns=sorted(set(columns.values())), use_threads=False):
                for index in range(batch.num_rows):
                    number += 1
                    value = _value(batch, index, columns, labels)
                    # Of the values, not of the batch: where a dictionary repeats one of them, a batch has it once.
                    budget -= 0 if isinstance(value, BadLine) else _weight(list(value.values()))
                    if budget < 0:
                        raise Invalid(TOO_LARGE)
                    yield Row(number, value, number / total)
        except MemoryError:
            raise
        except PARQUET_ERRORS as error:
            raise Invalid(f"The Parquet file is damaged after row {number}.") from error


def _weight(value: Any) -> int:
    """About how many bytes are in a value."""
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_weight, value.values()))
    return sum(map(_weight, value)) if isinstance(value, list) else 0


def _value(
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
