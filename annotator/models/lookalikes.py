"""Names that look alike: `ana` and `аna` (with a Cyrillic а), `paul` and `pau1`, `modern` and `modem`."""

from __future__ import annotations

import unicodedata

from confusable_homoglyphs.confusables import confusables_data


def skeleton(name: str) -> str:
    """The same text for all names that look the same, whatever their characters: the skeleton of Unicode TS 39, without case.

    It is for comparing, and not for showing: it may look different from all of them.
    """
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFD", "".join(map(_prototype, decomposed))).casefold()


def _prototype(character: str) -> str:
    """What Unicode compares in place of the character. The library's table goes both ways: from each to the other."""
    alike = confusables_data.get(character, [])
    if len(alike) != 1:
        return character  # of none, or the one that several are compared as
    other: str = alike[0]["c"].strip("\u200e")  # marks of direction, for people who read the table
    return (
        other if len(confusables_data.get(alike[0]["c"], [])) > 1 else max(character, other, key=lambda text: (len(text), text))
    )
