"""What a spreadsheet would run as a formula is text in our files; numbers stay numbers."""

from __future__ import annotations

import csv

import numpy as np

from annotator.consensus.csv_cells import csv_of


def test_a_name_that_would_run_has_an_apostrophe_in_front() -> None:
    names = ["=A1", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "-3.5", "Ada"]
    lines = csv_of({"name": names, "votes": np.arange(7)}).decode().splitlines()
    rows = [row["name"] for row in csv.DictReader(lines)]
    assert rows == ["'=A1", "'+1+cmd", "'-2+3", "'@SUM(A1)", "'\t=1", "-3.5", "Ada"]


def test_a_number_that_is_none_is_empty() -> None:
    assert csv_of({"share": np.array([0.5, np.nan])}) == b"share\n0.5\n\n"
