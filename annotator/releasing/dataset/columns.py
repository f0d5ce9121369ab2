"""A column of a config: its name, its feature, and what it means.

A feature is spelled as the `huggingface` metadata of a parquet file spells it; the Arrow type and the card's YAML follow from
it. The types are exactly those that `datasets` derives from the feature: one that differs is taken as plain data, without a
warning.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from annotator.choices import Choice, Label

Feature = Any  # a dict: a value, a class, an image, or a struct by its names. A list with one of these: a list of them

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
    "timestamp[ns]": pa.timestamp("ns"),
    "timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC"),
}
IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
# Where an image's bytes will stand, until they are read from storage.
IMAGE_REFERENCE_TYPE = pa.struct([("sha256", pa.string()), ("format", pa.string()), ("size", pa.int64())])


def value(dtype: str) -> Feature:
    return {"dtype": dtype, "_type": "Value"}


def arrow_type_of(feature: Feature) -> pa.DataType:
    if isinstance(feature, list):
        return pa.list_(arrow_type_of(feature[0]))
    if "_type" not in feature:
        return pa.struct([(name, arrow_type_of(inner)) for name, inner in feature.items()])
    match feature["_type"]:
        case "Image":
            return IMAGE_TYPE
        case "ClassLabel":
            return pa.int64()
    return ARROW_TYPES[feature["dtype"]]


def yaml_of(feature: Feature) -> dict[str, Any]:
    """A feature as `dataset_info` in the card's YAML has it."""
    if isinstance(feature, list):
        [inner] = yaml_of(feature[0]).values()
        return {"list": inner}
    if "_type" not in feature:
        return {"struct": [{"name": name, **yaml_of(inner)} for name, inner in feature.items()]}
    match feature["_type"]:
        case "Image":
            return {"dtype": "image"}
        case "ClassLabel":
            return {"dtype": {"class_label": {"names": {str(code): name for code, name in enumerate(feature["names"])}}}}
    return {"dtype": feature["dtype"]}


class Column(NamedTuple):
    name: str
    feature: Feature
    meaning: str

    @property
    def holds_image(self) -> bool:
        return self.feature in (IMAGE, BYTES, [IMAGE])

    @property
    def leaves(self) -> list[str]:
        """The names of what parquet stores of it."""
        return leaves_of(self.name, self.feature)

    @property
    def arrow_type(self) -> pa.DataType:
        return arrow_type_of(self.feature)

    @property
    def staged_type(self) -> pa.DataType:
        """While it waits for its images: with a reference in the place of each."""
        if not self.holds_image:
            return self.arrow_type
        return pa.list_(IMAGE_REFERENCE_TYPE) if isinstance(self.feature, list) else IMAGE_REFERENCE_TYPE

    @property
    def yaml(self) -> dict[str, Any]:
        """The column as `dataset_info` in the card's YAML has it."""
        return {"name": self.name, **yaml_of(self.feature)}


def leaves_of(name: str, feature: Feature) -> list[str]:
    if isinstance(feature, list):
        return leaves_of(f"{name}.list.element", feature[0])
    if "_type" not in feature:
        return [leaf for inner, its in feature.items() for leaf in leaves_of(f"{name}.{inner}", its)]
    return [f"{name}.bytes", f"{name}.path"] if feature == IMAGE else [name]
