"""A column is the same in parquet, in the card and to `datasets`."""

from __future__ import annotations

import datasets
import pyarrow as pa
import pytest

from annotator.releasing.dataset.columns import ARROW_TYPES, BYTES, IMAGE, LABEL, Column, value


@pytest.mark.parametrize("dtype", sorted(ARROW_TYPES))
def test_plain_values_have_the_type_that_datasets_gives_them(dtype):
    column = Column("name", value(dtype), "")

    assert datasets.Value(dtype)() == column.arrow_type
    assert (column.yaml, column.leaves) == ({"name": "name", "dtype": dtype}, ["name"])


def test_an_image_is_bytes_and_a_path():
    column = Column("image", IMAGE, "")

    assert column.arrow_type == datasets.Image().pa_type
    assert (column.holds_image, column.leaves) == (True, ["image.bytes", "image.path"])
    assert column.yaml == {"name": "image", "dtype": "image"}


def test_bytes_of_an_image_are_one_leaf():
    column = Column("jpg_0", BYTES, "")

    assert (column.holds_image, column.leaves, column.arrow_type) == (True, ["jpg_0"], pa.binary())


def test_a_label_has_its_names_in_the_card():
    column = Column("label", LABEL, "")

    assert (column.arrow_type, column.holds_image) == (pa.int64(), False)
    assert column.yaml["dtype"]["class_label"]["names"]["0"] == "a"
