"""One line of an import file: from what the file says to a checked line. Pure.

An invalid line raises BadLine with the field and the reason. The reader of the file counts it and continues.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from typing import Any, NoReturn

from annotator.choices import Choice

PROMPT_LIMIT = 20_000  # characters
NAME_LIMIT = 200  # external_id, category, generator
LANGUAGE_LIMIT = 35
NOTE_LIMIT = 5_000
PATH_LIMIT = 2_000  # paths and URLs
METADATA_LIMIT = 64 * 1024  # characters of JSON
NESTING_LIMIT = 32
IMAGES_LIMIT = 100
SEED_RANGE = (-(2**63), 2**63 - 1)

# What a file may call its columns. Everything else in it is ignored.
PAIR_COLUMNS = (
    *("image_a", "image_b", "generator_a", "generator_b", "seed_a", "seed_b", "parameters_a", "parameters_b"),
    *("gold_choice", "gold_note"),
)
COLUMNS = ("prompt", "external_id", "category", "language", "metadata", "images", *PAIR_COLUMNS)
JSON_COLUMNS = ("images", "metadata", "seed_a", "seed_b", "parameters_a", "parameters_b")

DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
URL_START = re.compile(r"([a-z][a-z0-9+.-]*)(?=://)|(data)(?=:)", re.IGNORECASE)
KINDS = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    bytes: "bytes",
}


class BadLine(Exception):
    """Why a line is refused. `field` is "" where it concerns the whole line."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Source:
    """Where an image is: exactly one of the three is set."""

    path: str = ""
    url: str = ""
    data: bytes = b""


@dataclass(frozen=True)
class LineImage:
    field: str  # as an error names it: image_a, images[2].image
    source: Source
    generator: str = ""
    seed: int | None = None
    parameters: dict[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A pair (two images, in the file's order) or, with `is_pair` false, k images of one prompt."""

    prompt: str
    images: list[LineImage]
    is_pair: bool
    external_id: str | None = None
    category: str = ""
    language: str = ""
    metadata: dict[str, Any] = dataclass_field(default_factory=dict)
    gold_choice: str | None = None
    gold_note: str = ""

    def for_batch(self, references: list[dict[str, str]]) -> dict[str, Any]:
        """The line as JSON, each image's source replaced by its reference: {"sha256": …} or {"url": …}."""
        plain = asdict(self)
        for image, reference in zip(plain["images"], references, strict=True):
            del image["source"]
            image |= reference
        return plain


def parse_json(text: str, name: str = "") -> Any:
    """Strict JSON: no NaN, no key twice. Raises BadLine, on the field `name`."""

    def refuse_constant(constant: str) -> NoReturn:
        raise BadLine(name, f"{constant} is not valid JSON. Use null.")

    def refuse_twins(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise BadLine(name, f"The key {_shown(key)} appears twice.")
            found[key] = value
        return found

    try:
        return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_twins)
    except json.JSONDecodeError as error:
        raise BadLine(name, f"Invalid JSON: {error.msg} at character {error.pos + 1}.") from error
    except ValueError as error:  # Python will not read an integer of more than 4,300 digits
        raise BadLine(name, "Invalid JSON: a number has too many digits.") from error
    except RecursionError as error:
        raise BadLine(name, "Invalid JSON: it is nested too deeply.") from error


def parse_line(raw: Mapping[str, Any], *, gold_choices: Collection[str] = tuple(Choice.values)) -> Line:
    """Check a line that has our column names. `gold_choices` are the answers of the campaign's primary question.

    Raises BadLine. Keys that are unknown are ignored, and null is as good as absent.
    """
    given = {key: raw[key] for key in COLUMNS if raw.get(key) is not None}
    prompt = _text(given, "prompt", PROMPT_LIMIT)
    if not prompt.strip():
        raise BadLine("prompt", "The prompt is missing." if "prompt" not in given else "The prompt is empty.")
    is_pair = "images" not in given
    if is_pair:
        images = _two_images(given)
    else:
        for column in PAIR_COLUMNS:
            if column in given:
                raise BadLine(column, f"A line has either images, or image_a and image_b. Do not use {column} with images.")
        images = _k_images(given["images"])
    _check_distinct(images)
    gold_choice = _text(given, "gold_choice", NAME_LIMIT) or None
    if gold_choice is not None and gold_choice not in gold_choices:
        raise BadLine("gold_choice", f"{_shown(gold_choice)} is not a choice here. Use one of {', '.join(gold_choices)}.")
    gold_note = _text(given, "gold_note", NOTE_LIMIT)
    if gold_note and gold_choice is None:
        raise BadLine("gold_note", "gold_note needs a gold_choice.")
    return Line(
        prompt=prompt,
        images=images,
        is_pair=is_pair,
        external_id=_external_id(given),
        category=_text(given, "category", NAME_LIMIT),
        language=_text(given, "language", LANGUAGE_LIMIT),
        metadata=_object(given.get("metadata", {}), "metadata"),
        gold_choice=gold_choice,
        gold_note=gold_note,
    )


def _two_images(given: Mapping[str, Any]) -> list[LineImage]:
    for column in ("image_a", "image_b"):
        if column not in given:
            raise BadLine(column, f"{column} is missing. Use image_a and image_b, or images.")
    return [
        LineImage(
            field=f"image_{slot}",
            source=_source(given[f"image_{slot}"], f"image_{slot}"),
            generator=_text(given, f"generator_{slot}", NAME_LIMIT),
            seed=_seed(given.get(f"seed_{slot}"), f"seed_{slot}"),
            parameters=_object(given.get(f"parameters_{slot}") or {}, f"parameters_{slot}"),
        )
        for slot in ("a", "b")
    ]


def _k_images(value: Any) -> list[LineImage]:
    if not isinstance(value, list):
        raise BadLine("images", f"images must be a list, not {_kind(value)}.")
    if not 2 <= len(value) <= IMAGES_LIMIT:
        raise BadLine("images", f"images has {len(value)} entries; it needs 2 to {IMAGES_LIMIT}.")
    images = []
    for index, entry in enumerate(value):
        name = f"images[{index}]"
        if not isinstance(entry, dict) or "image" not in entry:
            if not isinstance(entry, str | bytes) and not (isinstance(entry, dict) and {"bytes", "path"} & entry.keys()):
                raise BadLine(name, f'{name} must be an object with "image", not {_kind(entry)}.')
            entry = {"image": entry}
        if entry["image"] is None:
            raise BadLine(f"{name}.image", "The image is missing.")
        images.append(
            LineImage(
                field=f"{name}.image",
                source=_source(entry["image"], f"{name}.image"),
                generator=_text(entry, "generator", NAME_LIMIT, name=f"{name}.generator"),
                seed=_seed(entry.get("seed"), f"{name}.seed"),
                parameters=_object(entry.get("parameters") or {}, f"{name}.parameters"),
            )
        )
    return images


def _check_distinct(images: list[LineImage]) -> None:
    seen: dict[Source, str] = {}
    for image in images:
        if image.source in seen:
            raise BadLine(image.field, f"This is the same image as {seen[image.source]}.")
        seen[image.source] = image.field


def _source(value: Any, name: str) -> Source:
    """A path, a URL, a data: URL, bytes, or an object with "bytes" (base64 in JSON) and "path", as Hub datasets have them."""
    if isinstance(value, dict):
        data, path = value.get("bytes"), value.get("path")
        if data is None and path is None:
            raise BadLine(name, 'The image needs "bytes" or "path".')
        if data is None:
            return _source(path, name)
        value = _unpacked(data, name, '"bytes" is not base64.') if isinstance(data, str) else data
    elif isinstance(value, str) and (match := DATA_URL.match(value)):
        value = _unpacked(value[match.end() :], name, "The data: URL is not base64.")
    if isinstance(value, bytes):
        if not value:
            raise BadLine(name, "The image has no bytes.")
        return Source(data=value)
    if not isinstance(value, str):
        raise BadLine(name, f'An image is a path, a URL or an object with "bytes", not {_kind(value)}.')
    _check_storable(value, name)
    if not value.strip():
        raise BadLine(name, "The path of the image is empty.")
    if len(value) > PATH_LIMIT:
        raise BadLine(name, f"The path of the image is longer than {PATH_LIMIT:,} characters.")
    if scheme := URL_START.match(value):
        if scheme[0].lower() != "https":
            raise BadLine(name, f"Image URLs must use https, not {scheme[0].lower()}.")
        return Source(url=value)
    return Source(path=value)


def _unpacked(text: str, name: str, message: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise BadLine(name, message) from error


def _text(given: Mapping[str, Any], key: str, limit: int, name: str = "") -> str:
    value, name = given.get(key), name or key
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(name, f"{name} must be text, not {_kind(value)}.")
    _check_storable(value, name)
    if len(value) > limit:
        raise BadLine(name, f"{name} has {len(value):,} characters; the maximum is {limit:,}.")
    return value


def _external_id(given: Mapping[str, Any]) -> str | None:
    """Text, or a whole number, as many tables number their rows."""
    value = given.get("external_id")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a table with gaps keeps its whole numbers as floats
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**NAME_LIMIT:
        return str(value)
    return _text(given, "external_id", NAME_LIMIT) or None


def _seed(value: Any, name: str) -> int | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadLine(name, f"{name} must be a whole number, not {_kind(value)}.")
    if not SEED_RANGE[0] <= value <= SEED_RANGE[1]:
        raise BadLine(name, f"{name} does not fit into 64 bits.")
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadLine(name, f"{name} must be an object, not {_kind(value)}.")
    _check_storable(value, name)
    if len(json.dumps(value, ensure_ascii=False)) > METADATA_LIMIT:
        raise BadLine(name, f"{name} is longer than {METADATA_LIMIT:,} characters of JSON.")
    return value


def _check_storable(value: Any, name: str) -> None:
    """What Postgres cannot keep as text or JSON, it must not meet."""
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > NESTING_LIMIT:
            raise BadLine(name, f"{name} is nested more than {NESTING_LIMIT} levels deep.")
        if isinstance(item, str):
            if "\0" in item:
                raise BadLine(name, f"{name} contains a NUL character.")
            if not item.isascii() and any("\ud800" <= character <= "\udfff" for character in item):
                raise BadLine(name, f"{name} contains half of a surrogate pair, which is not a valid character.")
        elif isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise BadLine(name, f"{name} has a key that is not text.")
            pending.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list):
            pending.extend((part, depth + 1) for part in item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise BadLine(name, f"{name} contains a number that is not finite.")
        elif item is not None and not isinstance(item, int):
            raise BadLine(name, f"{name} contains {_kind(item)}, which JSON does not support.")


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "null" if value is None else f"a {type(value).__name__}")


def _shown(text: str) -> str:
    """A piece of the file as it may stand in a message that is stored and printed."""
    clipped = text if len(text) <= 60 else text[:60] + "…"
    return ascii(clipped) if any(not character.isprintable() for character in clipped) else f"“{clipped}”"
