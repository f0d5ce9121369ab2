"""A column of a config: its name, its feature, and what it means.

A feature is spelled as the `huggingface` metadata of a parquet file spells it; the Arrow type and the card's YAML follow from
it. The types are exactly those that `datasets` derives from the feature: one that differs is taken as plain data, without a
warning.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from annotator.choices import Choice, Label

Feature = dict[str, Any]

IMAGE: Feature = {"_type": "Image"}
BYTES: Feature = {"dtype": "binary", "_type": "Value"}  # an image for readers that decode it themselves
CHOICE: Feature = {"names": list(Choice.values), "_type": "ClassLabel"}
LABEL: Feature = {"names": list(Label.values), "_type": "ClassLabel"}
A_WON, B_WON = (Label.values.index(winner) for winner in (Label.A, Label.B))

ARROW_TYPES = {
    "binary": pa.binary(),
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
    def holds_image(self) -> bool:
        return self.feature in (IMAGE, BYTES)

    @property
    def leaves(self) -> list[str]:
        """The names of what parquet stores of it."""
        return [f"{self.name}.bytes", f"{self.name}.path"] if self.feature == IMAGE else [self.name]

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
