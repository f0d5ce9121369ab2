"""How k images of one prompt become pairs at import, and how many a rule may make in all. Pure."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, pairwise
from random import Random
from typing import NamedTuple

from annotator.choices import PairingRule

Edge = tuple[int, int]


class NewPair(NamedTuple):
    """Images i < j, and the probability with which the rule drew this pair, given the pairs that were there before."""

    i: int
    j: int
    probability: float


def pairs_of(
    rule: str, n: int, rng: Random, *, pairs_per_image: int, known: Collection[Edge] = (), joined: Collection[int] = ()
) -> list[NewPair]:
    """The pairs that an import makes among images 0 … n-1: each pair once, its smaller number first, in ascending order.

    - `all_pairs`: every image with every other, n(n-1)/2 pairs.
    - `ring`: the images on a circle in random order, each with its two neighbours: n pairs (one for two images).
    - `random_m`: a random design in which each image is in `pairs_per_image` pairs, or all pairs where that is more.
    - `swiss`, `information_gain`: the first batch alone, which connects the images; votes decide on the rest. It is a ring;
      where some of the images were paired before, only what connects the new ones to them. `known` are the pairs that are
      there, and `joined` the images that the rule has paired before.

    Any image can be reached from any other along pairs, so that their scores can be compared; with `random_m` from two pairs
    per image on. The same `rng` state gives the same pairs, and no pair has a better chance than another.
    """
    match PairingRule(rule):
        case PairingRule.ALL_PAIRS:
            edges = list(combinations(range(n), 2))
        case PairingRule.RING:
            edges = _ring(n, rng)
        case PairingRule.RANDOM_M:
            edges = _regular(n, pairs_per_image, rng)
        case PairingRule.SWISS | PairingRule.INFORMATION_GAIN:
            if joined:
                return connecting_pairs(n, known, rng)
            edges = _ring(n, rng)
    every = n * (n - 1) // 2
    return [NewPair(i, j, len(edges) / every) for i, j in sorted(edges)]


def pairs_planned(n: int, pairs_per_image: int) -> int:
    """How many pairs n images get from the rules that have a number per image: each is counted with both its images."""
    return min(-(-n * pairs_per_image // 2), n * (n - 1) // 2)


def connecting_pairs(n: int, known: Collection[Edge], rng: Random) -> list[NewPair]:
    """The fewest pairs that connect images 0 … n-1, where the `known` pairs are there already; [] where these do.

    The groups that are connected already are put in a row in random order, and each is joined to the next by an image of either,
    drawn by lot. So two groups are neighbours with probability 2 / (number of groups).
    """
    groups = _groups(n, known)
    rng.shuffle(groups)
    made = []
    for group, following in pairwise(groups):
        i, j = sorted((rng.choice(group), rng.choice(following)))
        made.append(NewPair(i, j, 2 / (len(groups) * len(group) * len(following))))
    return sorted(made)


def _groups(n: int, edges: Collection[Edge]) -> list[list[int]]:
    """The images that can be reached from each other, group by group."""
    group_of = list(range(n))
    for i, j in edges:
        old, new = group_of[i], group_of[j]
        group_of = [new if group == old else group for group in group_of]
    return [[image for image in range(n) if group_of[image] == group] for group in dict.fromkeys(group_of)]


def _ring(n: int, rng: Random) -> list[Edge]:
    order = list(range(n))
    rng.shuffle(order)
    neighbours = zip(order, order[1:] + order[:1], strict=True)
    return list({(min(pair), max(pair)) for pair in neighbours if pair[0] != pair[1]})


def _regular(n: int, degree: int, rng: Random) -> list[Edge]:
    """A random design with `degree` pairs of each image; where n and `degree` are both odd, one image is in one more.

    The images stand on a circle in random order. Each is paired with its neighbours, with those at further distances that are
    drawn by lot, and, where `degree` is odd, with the one across. (F. Harary, "The maximum connectivity of a graph",
    Proceedings of the National Academy of Sciences 48, 1962, takes the nearest distances; distant ones carry a comparison
    around in fewer steps.)
    """
    if degree >= n - 1:
        return list(combinations(range(n), 2))
    order = list(range(n))
    rng.shuffle(order)
    across = n // 2
    distances = range(1, (n + 1) // 2 - (degree % 2 if n % 2 else 0))
    steps = [1, *rng.sample(distances[1:], degree // 2 - 1)] if degree > 1 else []
    places = [(start, (start + step) % n) for step in steps for start in range(n)]
    if degree % 2:
        places += [(start, start + across) for start in range(n - across)]
    return [(min(order[i], order[j]), max(order[i], order[j])) for i, j in places]
