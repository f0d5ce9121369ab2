"""Parquet files that are bombs. What ordinary ones become is in `test_file_formats.py`."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from annotator.importing import parquet_rows
from tests.importing.opened import error_of, rows_of
from tests.importing.poison import dictionary_bomb, page_bomb

TOO_LARGE = "The Parquet file decodes to more than 20 times its size."


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_rows, "LEAST_BUDGET", 1_000_000)


def test_a_footer_that_tells_of_far_more_than_the_file_is_refused_before_anything_is_decoded(tmp_path):
    assert error_of(page_bomb(tmp_path / "x.parquet", value_bytes=500_000, rows=3)) == TOO_LARGE


def test_a_value_that_a_dictionary_repeats_is_counted_each_time(tmp_path):
    path = dictionary_bomb(tmp_path / "x.parquet", value_bytes=50_000, rows=1000)
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert sum(group.column(index).total_uncompressed_size for index in range(2)) < 100_000
    assert error_of(path) == TOO_LARGE


def test_rows_that_are_larger_than_any_line_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_rows, "MAX_ROW_BYTES", 2_000_000)
    monkeypatch.setattr(parquet_rows, "LEAST_BUDGET", 100_000_000)
    path = page_bomb(tmp_path / "x.parquet", value_bytes=3_000_000, rows=2)
    assert error_of(path) == "Row group 1 of the Parquet file has rows of 2 MB."


def test_several_row_groups_are_read_in_their_order(tmp_path):
    path = page_bomb(tmp_path / "x.parquet", value_bytes=10, rows=5)
    pq.write_table(pq.read_table(path), path, row_group_size=2)
    assert [number for number, _ in rows_of(path)] == [1, 2, 3, 4, 5]
