"""Columns as CSV that a spreadsheet can open without running anything of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

FORMULA = r"^[=+\-@\t\r]"  # how a cell begins that a spreadsheet runs
NUMBER = r"^[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?$"


def csv_of(columns: Mapping[str, np.ndarray | Sequence[str]]) -> bytes:
    """A header and a row per value. Numbers that are none are empty; a name that would run has an apostrophe in front."""
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(columns)
    arrays = []
    for column in columns.values():
        if isinstance(column, np.ndarray):
            is_none = ~np.isfinite(column) if column.dtype.kind == "f" else None
            arrays.append(pa.array(column, mask=is_none))
        else:
            arrays.append(no_formulas(pa.array(column, pa.string())))
    body = pa.BufferOutputStream()
    # Positions for names: two choices may be called alike to Arrow.
    table = pa.table(arrays, names=[str(at) for at in range(len(arrays))])
    arrow_csv.write_csv(table, body, arrow_csv.WriteOptions(include_header=False, quoting_style="needed"))
    return header.getvalue().encode() + body.getvalue().to_pybytes()


def no_formulas(names: pa.StringArray) -> pa.StringArray:
    """With an apostrophe before each name that a spreadsheet would take for a formula and run. Numbers stay as they are."""
    is_formula = pc.and_not(pc.match_substring_regex(names, FORMULA), pc.match_substring_regex(names, NUMBER))
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", names, ""), names)
