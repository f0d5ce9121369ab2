"""How k images of one prompt become pairs. Pure."""

from __future__ import annotations

from itertools import combinations
from random import Random

from annotator.choices import PairingRule


def pairs_of(rule: str, n: int, rng: Random) -> list[tuple[int, int]]:
    """The pairs among images 0 … n-1: each pair once, its smaller number first, in ascending order.

    `all_pairs` gives n(n-1)/2 pairs. `ring` puts the images on a circle in an order drawn from `rng` and pairs each with its
    two neighbours: n pairs (one for two images), every image in two of them, and any image reachable from any other, so that
    scores over generators can still be compared. The same `rng` state gives the same pairs.
    """
    if PairingRule(rule) == PairingRule.ALL_PAIRS:
        return list(combinations(range(n), 2))
    order = list(range(n))
    rng.shuffle(order)
    neighbours = zip(order, order[1:] + order[:1], strict=True)
    return sorted({(min(pair), max(pair)) for pair in neighbours if pair[0] != pair[1]})
