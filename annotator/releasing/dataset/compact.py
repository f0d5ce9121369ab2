"""The configs of a release that costs little to make again: each image once, and tables of pairs and labels without images.

An image is in one row of one file of `images`, which later releases share. What changes with each vote is in `labels` and
`votes`, which are small. Joined by `pair_id` and the hashes of the images, they have what `pairs` has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from annotator.releasing.dataset.columns import IMAGE, Column, value
from annotator.releasing.dataset.layout import (
    DRAWN_COLUMNS,
    FIRST_VOTES_COLUMNS,
    KEYS,
    PAIR_COLUMNS,
    Layout,
    image_keys,
    staged_rows,
    verdict_columns,
)


def pair_info_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    return labelled.select([column.name for column in PAIR_INFO.columns])


def labels_rows(labelled: pa.RecordBatch, secondary_questions: Sequence[str]) -> pa.RecordBatch:
    """Pair by pair, its questions in their order."""
    names = [column.name for column in verdict_columns()]
    marks = [column.name for column in FIRST_VOTES_COLUMNS]
    parts = []
    for place, suffix in enumerate(["", *(f"_{slug}" for slug in secondary_questions)]):
        columns = {
            "pair_id": labelled["pair_id"],
            "question": pa.array(np.full(labelled.num_rows, place)),
            **{name: labelled[f"{name}{suffix}"] for name in names},
            **{name: pa.nulls(labelled.num_rows, labelled[name].type) if place else labelled[name] for name in marks},
        }
        parts.append(staged_rows(LABELS, columns))
    if len(parts) == 1:
        return parts[0]
    by_pair = np.arange(len(parts) * labelled.num_rows).reshape(len(parts), labelled.num_rows).T.ravel()
    [rows] = pa.Table.from_batches(parts).combine_chunks().take(pa.array(by_pair)).combine_chunks().to_batches() or [parts[0]]
    return rows


PAIR_INFO = Layout(
    config="pair_info",
    row_is="a pair, judged or not, without its images and votes: its prompt, its generators, and the keys of its images",
    columns=(
        *PAIR_COLUMNS,
        *DRAWN_COLUMNS,
        *KEYS.values(),
        *(column for slot in ("a", "b") for column in image_keys(f"{{}}_{slot}", f"image `{slot}`")),
    ),
    rows=pair_info_rows,
)


def labels_layout(secondary_questions: Sequence[str] = ()) -> Layout:
    return Layout(
        config="labels",
        row_is="what the votes on a pair and a question amount to",
        columns=(
            Column("pair_id", value("int64"), "the pair, as in `pair_info`"),
            Column("question", value("int64"), "the place of the question in the campaign; 0: the primary question"),
            *verdict_columns(question="the question"),
            *(column._replace(meaning=f"{column.meaning}; null for other questions") for column in FIRST_VOTES_COLUMNS),
        ),
        rows=lambda labelled: labels_rows(labelled, secondary_questions),
    )


LABELS = labels_layout()

IMAGES = Layout(
    config="images",
    row_is="an image, whichever pairs it is in. Each is in one row of one file, and a later release has the same files and more",
    columns=(
        Column("sha256", value("string"), "sha256 of the image as imported: `sha256_a` and `sha256_b` of the pairs"),
        Column("width", value("int32"), "its width in pixels"),
        Column("height", value("int32"), "its height in pixels"),
        Column("image", IMAGE, "the image, without its metadata"),
    ),
)
