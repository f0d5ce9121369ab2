"""A config: its columns, and how judged pairs become its rows; and the columns that several configs have."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from annotator.choices import Choice
from annotator.releasing.dataset.columns import LABEL, Column, value
from annotator.releasing.dataset.pair_rows import on_question

LeavesOut = Literal["", "undecided", "unvoted", "same_generator"]
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Layout:
    """One config. `rows` makes its rows of a batch of judged pairs; a config whose rows are not made of pairs has none.

    `leaves_out` says which pairs are not in it, and `question` by which question it goes: empty, the primary one.
    """

    config: str
    row_is: str
    columns: tuple[Column, ...]
    rows: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None
    leaves_out: LeavesOut = ""
    question: str = ""

    @property
    def image_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.holds_image)

    @property
    def schema(self) -> pa.Schema:
        """Of the parquet files: every field nullable, as the features want it."""
        features = {column.name: column.feature for column in self.columns}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        return pa.schema([(column.name, column.arrow_type) for column in self.columns], metadata=metadata)

    @property
    def staged_schema(self) -> pa.Schema:
        """Of the rows that wait for their images: the same, with a reference in each image's place."""
        return pa.schema([(column.name, column.staged_type) for column in self.columns])


def layout_on(layout: Layout, slug: str) -> Layout:
    """The same for a question after the primary one."""
    rows = layout.rows
    assert rows is not None  # as of every layout that is made of pairs
    return replace(
        layout,
        config=f"{layout.config}_{slug}",
        row_is=f"{layout.row_is}, on the question `{slug}`",
        rows=lambda labelled: rows(on_question(labelled, f"_{slug}")),
        question=slug,
    )


def staged_rows(layout: Layout, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    schema = layout.staged_schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


# --- what the import said, so that a release can be joined with one's own data


KEYS = {
    "external_id": Column("external_id", value("string"), "your `external_id` of the pair; null if its line had none"),
    "metadata": Column("metadata", value("string"), "your `metadata` of the pair, as JSON"),
    "prompt_external_id": Column(
        "prompt_external_id", value("string"), "your `external_id` of the prompt, from a line with `images`"
    ),
    "prompt_metadata": Column("prompt_metadata", value("string"), "your `metadata` of the prompt, as JSON"),
}
IMAGE_KEYS = {
    "seed": ("int64", "the seed of {}, if the import said it"),
    "parameters": ("string", "the parameters of {}, as JSON"),
    "width": ("int32", "the width of {} in pixels"),
    "height": ("int32", "the height of {} in pixels"),
}


def image_keys(name_as: str, image: str) -> tuple[Column, ...]:
    """The columns of IMAGE_KEYS for one image of a row, named as `name_as` has it: `chosen_{}`, `{}_0`."""
    return tuple(
        Column(name_as.format(name), value(dtype), meaning.format(image)) for name, (dtype, meaning) in IMAGE_KEYS.items()
    )


# --- columns of several configs


def verdict_columns(suffix: str = "", question: str = "the primary question") -> tuple[Column, ...]:
    """What the votes on a question amount to."""
    return (
        Column(f"n_votes{suffix}", value("int32"), f"live regular votes on {question}"),
        *(Column(f"n_{choice}{suffix}", value("int32"), f"votes for `{choice}`") for choice in Choice.values),
        *(
            Column(f"p_{choice}{suffix}", value("float64"), f"soft label: share of the population that would give `{choice}`")
            for choice in Choice.values
        ),
        Column(f"label{suffix}", LABEL, "the label by the consensus method; `tie` when two or more lead; null without votes"),
        Column(f"share{suffix}", value("float64"), "share of the votes on the label; of a tie, the largest share"),
        Column(f"confidence{suffix}", value("float64"), "probability that the label is what most of the population would answer"),
        Column(
            f"agreement{suffix}",
            value("float64"),
            "share of pairs of all votes that agree; null below two votes. Its mean is too high where votes stopped early",
        ),
    )


PAIR_COLUMNS = (
    Column("pair_id", value("int64"), "the pair"),
    Column("prompt_id", value("int64"), "the prompt; pairs with the same prompt share it"),
    Column("prompt", value("string"), "the text that both images were generated from"),
    Column("category", value("string"), "category of the prompt"),
    Column("language", value("string"), "language of the prompt, BCP 47"),
    Column("generator_a", value("string"), "the model that made image `a`"),
    Column("generator_b", value("string"), "the model that made image `b`"),
)
FIRST_VOTES_COLUMNS = (
    Column("n_first", value("int32"), "how many of `n_votes` are first votes, `is_first` in `votes`"),
    Column("stopped_early", value("bool"), "whether it got no more votes because the leading answer was probable enough"),
)
DRAWN_COLUMNS = (
    Column("is_audit", value("bool"), "whether it was drawn at import to get the most votes, whatever people answered"),
    Column("is_gold", value("bool"), "whether the pair has a known answer and was used as a check"),
    Column(
        "inclusion_probability",
        value("float64"),
        "the probability with which the pairing rule drew the pair, given the pairs and votes before; 1: certain",
    ),
    Column("taken_down", value("string"), "`a`, `b` or `ab`: which of its images were taken down and are null; else null"),
    Column("sha256_a", value("string"), "sha256 of image `a` as imported, before its metadata was removed"),
    Column("sha256_b", value("string"), "sha256 of image `b` as imported"),
)
