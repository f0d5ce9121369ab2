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
from collections.abc import Sequence

import numpy as np

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
    """Pairs of texts that share a band, each once."""
    if not plain:
        return []
    minima = _minima(plain)
    found: set[tuple[int, int]] = set()
    for band in range(BANDS):
        key = np.zeros(len(plain), dtype=np.uint64)
        for row in minima[band * ROWS : (band + 1) * ROWS]:
            key = _mixed(key ^ row)
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.concatenate([[True], key[order][1:] != key[order][:-1]]))
        sizes = np.diff(np.append(starts, len(order)))
        for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
            members = order[start : start + size].tolist()  # in order: the sort is stable
            found.update(itertools.combinations(members, 2) if size <= CROWD else ((members[0], one) for one in members[1:]))
    return sorted(found)


def _minima(plain: Sequence[str]) -> list[np.ndarray]:
    """BANDS × ROWS columns, a value per text: the smallest of its shingles under one hash each."""
    padded = [text.ljust(SHINGLE) for text in plain]
    points = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    begins = np.cumsum(lengths) - lengths
    values = np.zeros(len(points) - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        values = _mixed(values ^ points[place : place + len(values)])
    # Of each text, the shingles that do not reach into the next.
    within = np.arange(len(values)) - np.repeat(begins, lengths)[: len(values)]
    is_whole = within <= np.repeat(lengths, lengths)[: len(values)] - SHINGLE
    values = values[is_whole]
    firsts = np.cumsum(lengths - SHINGLE + 1) - (lengths - SHINGLE + 1)
    seeds = _mixed(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64))
    return [np.minimum.reduceat(_mixed(values ^ seed), firsts) for seed in seeds]


def _mixed(values: np.ndarray) -> np.ndarray:
    """A hash of 64-bit numbers: the finisher of SplitMix64."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
