"""What a release holds: its configs, their columns, and how a judged pair becomes a row of each.

A column's feature is spelled as the `huggingface` metadata of a parquet file spells it; the Arrow type and the card's YAML
follow from it. The types are exactly those that `datasets` derives from the feature: one that differs is taken as plain data,
without a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import Choice, Label

SPLITS = ("train", "validation", "test")

Feature = dict[str, Any]

IMAGE: Feature = {"_type": "Image"}
CHOICE: Feature = {"names": list(Choice.values), "_type": "ClassLabel"}
LABEL: Feature = {"names": list(Label.values), "_type": "ClassLabel"}

ARROW_TYPES = {
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC"),
}
IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
# Where an image's bytes will stand, until they are read from storage.
IMAGE_REFERENCE_TYPE = pa.struct([("sha256", pa.string()), ("format", pa.string()), ("size", pa.int64())])


def value(dtype: str) -> Feature:
    return {"dtype": dtype, "_type": "Value"}


class Column(NamedTuple):
    name: str
    feature: Feature
    meaning: str

    @property
    def is_image(self) -> bool:
        return self.feature["_type"] == "Image"

    @property
    def arrow_type(self) -> pa.DataType:
        match self.feature["_type"]:
            case "Image":
                return IMAGE_TYPE
            case "ClassLabel":
                return pa.int64()
        return ARROW_TYPES[self.feature["dtype"]]

    @property
    def yaml(self) -> dict[str, Any]:
        """The column as `dataset_info` in the card's YAML has it."""
        match self.feature["_type"]:
            case "Image":
                return {"name": self.name, "dtype": "image"}
            case "ClassLabel":
                names = {str(code): name for code, name in enumerate(self.feature["names"])}
                return {"name": self.name, "dtype": {"class_label": {"names": names}}}
        return {"name": self.name, "dtype": self.feature["dtype"]}


@dataclass(frozen=True)
class Layout:
    """One config. `rows` makes its rows of a batch of judged pairs; the votes are no rows of pairs and have none."""

    config: str
    row_is: str
    columns: tuple[Column, ...]
    rows: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None

    @property
    def image_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_image)

    @property
    def schema(self) -> pa.Schema:
        """Of the parquet files: every field nullable, as the features want it."""
        features = {column.name: column.feature for column in self.columns}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        return pa.schema([(column.name, column.arrow_type) for column in self.columns], metadata=metadata)

    @property
    def staged_schema(self) -> pa.Schema:
        """Of the rows that wait for their images: the same, with a reference in each image's place."""
        return pa.schema(
            [(column.name, IMAGE_REFERENCE_TYPE if column.is_image else column.arrow_type) for column in self.columns]
        )


def pair_rows(judged: pa.RecordBatch) -> pa.RecordBatch:
    """Every pair, judged or not."""
    return judged.select(PAIRS.staged_schema.names)


def binarized_rows(judged: pa.RecordBatch) -> pa.RecordBatch:
    """The pairs of which one image won, and that no manager holds."""
    a, b = (LABEL["names"].index(winner) for winner in (Label.A, Label.B))
    is_decided = pc.is_in(judged["label"], value_set=pa.array([a, b]))
    decided = judged.filter(pc.and_(is_decided, pc.invert(judged["is_held"])))
    a_won = pc.equal(decided["label"], a)
    return pa.RecordBatch.from_arrays(
        [
            decided["pair_id"],
            decided["prompt"],
            pc.if_else(a_won, decided["generator_a"], decided["generator_b"]),
            pc.if_else(a_won, decided["generator_b"], decided["generator_a"]),
            decided["category"],
            decided["confidence"],
            pc.if_else(a_won, decided["image_a"], decided["image_b"]),
            pc.if_else(a_won, decided["image_b"], decided["image_a"]),
        ],
        schema=BINARIZED.staged_schema,
    )


VOTES = Layout(
    config="votes",
    row_is="a vote, also those that were voided",
    columns=(
        Column("vote_id", value("int64"), "the vote"),
        Column("pair_id", value("int64"), "the pair it is on, as in `pairs`"),
        Column("question", value("string"), "the question it answers"),
        Column("annotator_id", value("string"), "a pseudonym; the same person has another one in another campaign"),
        Column("choice", CHOICE, "the answer; `a` and `b` are the images of the pair, wherever they stood"),
        Column("a_on_left", value("bool"), "whether image `a` was shown on the left"),
        Column("kind", value("string"), "`regular`, or `training`, `gold`, `repeat`: only regular votes make labels"),
        Column("elapsed_ms", value("int32"), "milliseconds from both images shown to the answer, as the client measured"),
        Column("guideline_version", value("int32"), "the guideline that was in force"),
        Column("created_at", value("timestamp[us, tz=UTC]"), "when it was cast"),
        Column("void_reason", value("string"), "null for a live vote, else why it does not count"),
    ),
)

PAIRS = Layout(
    config="pairs",
    row_is="a pair, judged or not",
    columns=(
        Column("pair_id", value("int64"), "the pair"),
        Column("prompt_id", value("int64"), "the prompt: pairs with the same one share it"),
        Column("prompt", value("string"), "the text that both images were generated from"),
        Column("category", value("string"), "of the prompt"),
        Column("language", value("string"), "of the prompt, BCP 47"),
        Column("generator_a", value("string"), "the model that made image `a`"),
        Column("generator_b", value("string"), "the model that made image `b`"),
        Column("n_votes", value("int32"), "live regular votes on the primary question"),
        *(Column(f"n_{choice}", value("int32"), f"votes for `{choice}`") for choice in Choice.values),
        *(Column(f"p_{choice}", value("float64"), f"share of `{choice}`: the soft label") for choice in Choice.values),
        Column("label", LABEL, "the choice with the most votes; `tie` when two or more lead; null without votes"),
        Column("confidence", value("float64"), "share of the leading choice"),
        Column("agreement", value("float64"), "share of the pairs of votes that agree; null below two votes"),
        Column("is_gold", value("bool"), "whether the managers knew the answer and used the pair as a check"),
        Column("sha256_a", value("string"), "of image `a` as it was imported, before its metadata was stripped"),
        Column("sha256_b", value("string"), "of image `b`, likewise"),
        Column("image_a", IMAGE, "the image in slot `a`; slots were shuffled at import and mean nothing"),
        Column("image_b", IMAGE, "the image in slot `b`"),
    ),
    rows=pair_rows,
)

BINARIZED = Layout(
    config="binarized",
    row_is="a pair with a winner",
    columns=(
        Column("id", value("int64"), "the `pair_id` of `pairs`"),
        Column("prompt", value("string"), "the text that both images were generated from"),
        Column("chosen_model", value("string"), "the model that made the chosen image"),
        Column("rejected_model", value("string"), "the model that made the other"),
        Column("category", value("string"), "of the prompt"),
        Column("confidence", value("float64"), "share of the votes for the chosen image"),
        Column("chosen", IMAGE, "the image with the most votes"),
        Column("rejected", IMAGE, "the other"),
    ),
    rows=binarized_rows,
)

# In the order of the card. The data files of the first config are listed by every client, whichever it asks for.
LAYOUTS = (PAIRS, BINARIZED, VOTES)
IMAGE_LAYOUTS = tuple(layout for layout in LAYOUTS if layout.rows is not None)
DEFAULT_CONFIG = PAIRS.config
