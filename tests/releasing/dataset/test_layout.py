"""A config's columns, as they wait for their images and as they are written."""

from __future__ import annotations

import json

import pyarrow as pa

from annotator.releasing.dataset.columns import IMAGE_REFERENCE_TYPE
from annotator.releasing.dataset.compact import IMAGES, LABELS
from annotator.releasing.dataset.layout import staged_rows, verdict_columns


def test_a_reference_waits_where_an_image_is_written():
    assert IMAGES.image_columns == ("image",)
    assert IMAGES.staged_schema.field("image").type == IMAGE_REFERENCE_TYPE
    assert IMAGES.schema.field("image").type != IMAGE_REFERENCE_TYPE
    assert LABELS.staged_schema.equals(LABELS.schema)


def test_the_features_of_the_hub_have_every_column():
    features = json.loads(LABELS.schema.metadata[b"huggingface"])["info"]["features"]

    assert list(features) == LABELS.schema.names


def test_rows_are_in_the_order_of_the_columns_whichever_they_come_in():
    columns = {name: pa.nulls(2, LABELS.staged_schema.field(name).type) for name in reversed(LABELS.schema.names)}

    assert staged_rows(LABELS, columns).schema.names == LABELS.schema.names


def test_each_question_has_columns_of_its_own():
    first, second = ({column.name for column in verdict_columns(suffix)} for suffix in ("", "_prompt"))

    assert {f"{name}_prompt" for name in first} == second
