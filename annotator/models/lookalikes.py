"""Names that look alike: `ana` and `аna` (with a Cyrillic а), `paul` and `pau1`, `modern` and `modem`."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from confusable_homoglyphs.utils import load


def skeleton(name: str) -> str:
    """The same text for all names that look the same, whatever their characters: the skeleton of Unicode TS 39, without case.

    It is for comparing, and not for showing: it may look different from all of them.
    """
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFD", "".join(map(_prototype, decomposed))).casefold()


def _prototype(character: str) -> str:
    """What Unicode compares in place of the character. The library's table goes both ways: from each to the other."""
    alike = _table().get(character, [])
    if len(alike) != 1:
        return character  # of none, or the one that several are compared as
    other: str = alike[0]["c"].strip("\u200e")  # marks of direction, for people who read the table
    return other if len(_table().get(alike[0]["c"], [])) > 1 else max(character, other, key=lambda text: (len(text), text))


@cache
def _table() -> dict[str, Any]:
    """Read when the first name is given: 8 MB and a tenth of a second that most processes do not need."""
    table: dict[str, Any] = load("confusables.json")
    return table
