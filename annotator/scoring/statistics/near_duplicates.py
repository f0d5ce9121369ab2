"""Texts that are nearly the same, among a hundred thousand: MinHash with banding, and what it finds checked exactly.

A text is the set of its runs of SHINGLE characters, in lower case and with every run of other characters than letters and digits
as one space. Two texts are near duplicates where the sets have a Jaccard similarity |A ∩ B| / |A ∪ B| of at least SIMILARITY.
The smallest of a set's values under a random hash is the same for two sets with just that probability; so two texts share a band
of ROWS such minima with probability s ** ROWS, and at least one of BANDS bands with 1 - (1 - s ** ROWS) ** BANDS: 0.9998 at 0.8,
0.97 at 0.65, 0.2 at 0.35. What shares a band is compared exactly, so nothing is found that is not there.

A. Z. Broder, "On the resemblance and containment of documents", Compression and Complexity of Sequences (1997).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from annotator.lib.lazy_import import lazy_import

if TYPE_CHECKING:
    import datasketch
else:
    datasketch = lazy_import("datasketch")  # it brings scipy: a second and 40 MB

SHINGLE = 4
SIMILARITY = 0.8
BANDS, ROWS = 16, 4
CHARACTERS_MAX = 2000  # of a text that are looked at
CROWD = 20  # more texts than this in a band are compared with the first of them, and not with each other
NOT_WORDS = re.compile(r"[\W_]+")


def near_duplicates(texts: Sequence[str], *, similarity: float = SIMILARITY) -> list[list[int]]:
    """Groups of two texts or more, by index, the largest first: each text is a near duplicate of another in its group."""
    plain = [normalised(text) for text in texts]
    return sorted(_joined(plain, similarity), key=lambda group: (-len(group), group))


def _joined(plain: Sequence[str], similarity: float) -> list[list[int]]:
    """What near duplicates hold together. Two that are in one group already are not compared again."""
    group_of: dict[int, list[int]] = {}
    for one, other in _candidates(plain):
        small, large = sorted((group_of.get(one) or [one], group_of.get(other) or [other]), key=len)
        if small is large or jaccard(plain[one], plain[other]) < similarity:
            continue
        large += small
        group_of.update(dict.fromkeys([*small, one, other], large))
    return [sorted(group) for group in {id(group): group for group in group_of.values()}.values()]


def normalised(text: str) -> str:
    return NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", text[:CHARACTERS_MAX]).casefold()).strip()


def shingles(plain: str) -> set[str]:
    return {plain[start : start + SHINGLE] for start in range(max(1, len(plain) - SHINGLE + 1))}


def jaccard(plain: str, other: str) -> float:
    one, two = shingles(plain), shingles(other)
    return len(one & two) / len(one | two)


def _candidates(plain: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of texts that share a band, each once.

    The bands are sorted here: datasketch's own index (MinHashLSH) answers a text with all its copies, so a thousand copies of one
    text are a million pairs, and at a hundred thousand texts it takes half a gigabyte.
    """
    if not plain:
        return []
    found: set[tuple[int, int]] = set()
    for band in np.hsplit(_sketches(plain), BANDS):
        order = np.lexsort(band.T)
        is_first = np.concatenate([[True], (band[order][1:] != band[order][:-1]).any(axis=1)])
        starts = np.flatnonzero(is_first)
        sizes = np.diff(np.append(starts, len(order)))
        for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
            found.update(_pairs_of(order[start : start + size].tolist()))
    return sorted(found)


def _pairs_of(members: list[int]) -> Iterable[tuple[int, int]]:
    """Of texts that share a band. They are in order: the sort is stable."""
    return itertools.combinations(members, 2) if len(members) <= CROWD else ((members[0], other) for other in members[1:])


def _sketches(plain: Sequence[str]) -> np.ndarray:
    """A row for each text: the smallest of its shingles under BANDS × ROWS hashes."""
    shingled = ([shingle.encode() for shingle in shingles(text)] for text in plain)
    return np.array(
        [sketch.hashvalues for sketch in datasketch.MinHash.generator(shingled, num_perm=BANDS * ROWS, hashfunc=crc32)]
    )
