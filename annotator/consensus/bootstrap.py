"""Intervals by resampling clusters: prompts, where the votes on all pairs of a prompt hang together.

Votes on one pair are not independent, and neither are pairs with the same prompt. What chance decided is which prompts there
are. So whole clusters are drawn, as many as there are, with replacement, and the figure is computed anew from each sample (A. C.
Davison and D. V. Hinkley, "Bootstrap Methods and their Application", Cambridge 1997, section 3.8). It needs no more than the sums
of each cluster: every figure here is a function of totals.

The interval is the expanded percentile interval of T. C. Hesterberg, "What Teachers Should Know About the Bootstrap", The
American Statistician 69 (2015). Plain percentiles are too narrow for few clusters, because the spread of a sample has the
divisor K in place of K - 1 and because they take no account of how uncertain that spread is. So they are taken at

    Φ(-√(K / (K - 1)) t)    with t the quantile of Student's distribution with K - 1 degrees of freedom

in place of 2.5 %. With many clusters that is 2.5 % again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints

CLUSTERS_MIN = 2  # below, nothing says how much clusters differ
RESAMPLES_MIN = 200
DRAWS_MAX = 100_000_000  # of all samples together: a second or two. Beyond it there are fewer samples
DRAWN_AT_ONCE = 4_000_000
BINOMIAL_COST = 16  # of drawing how often one kind comes, in draws of a cluster
STEPS_IN_ONE = 2**20  # sums that differ by less than a step are the same
MIXING = np.uint64(0x9E3779B97F4A7C15)

Statistic = Callable[[Floats], Floats]  # totals (samples, sums) to figures (samples, figures), NaN where one is not defined


class Bootstrap(NamedTuple):
    """Of each figure, shape (figures,): NaN where it is not defined."""

    value: Floats
    lower: Floats  # NaN as well for fewer than CLUSTERS_MIN clusters, and without resamples
    upper: Floats
    resamples: Ints  # in which the figure is defined
    clusters: int


def bootstrap(
    sums: ArrayLike,
    statistic: Statistic,
    *,
    resamples: int,
    confidence: float = 0.95,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Bootstrap:
    """Figures of totals, with their intervals.

    Args:
        sums: what each unit adds to the totals, shape (units, sums).
        statistic: makes the figures of totals.
        resamples: how many samples to draw; 0 for no interval. Of very many clusters fewer are drawn, RESAMPLES_MIN at least.
        cluster: the cluster of each unit, any whole numbers, shape (units,); left out, each unit is one. A cluster of zeros alone
            is none.

    The same sums give the same intervals with the same seed, in any order of units.
    """
    units = np.asarray(sums, dtype=np.float64)
    value = statistic(units.sum(axis=0)[None, :])[0]
    clusters = units if cluster is None else _sums_by(np.asarray(cluster), units)
    kinds, kind_of, times = _kinds(clusters[(clusters != 0).any(axis=1)])
    number = len(kind_of)
    nothing = np.full(len(value), np.nan)
    if number < CLUSTERS_MIN or not resamples:
        return Bootstrap(value, nothing, nothing, np.zeros(len(value), dtype=np.int64), number)
    cost = min(number, BINOMIAL_COST * len(kinds))
    drawer = _by_kind(times) if cost < number else _one_by_one(kind_of, len(kinds))
    figures = _resampled(kinds, drawer, statistic, min(resamples, max(RESAMPLES_MIN, DRAWS_MAX // cost)), seed)
    tail = expanded_tail(number, confidence)
    is_defined = ~np.isnan(figures)
    ends = [
        np.quantile(column[known], [tail, 1 - tail]) if known.any() else (np.nan, np.nan)
        for column, known in zip(figures.T, is_defined.T, strict=True)
    ]
    lower, upper = np.array(ends, dtype=np.float64).reshape(-1, 2).T
    undefined = np.isnan(value)
    lower, upper = np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper)
    return Bootstrap(value, lower, upper, np.where(undefined, 0, is_defined.sum(axis=0)), number)


def expanded_tail(clusters: int, confidence: float) -> float:
    """The share of samples beyond each end of the interval."""
    spread = math.sqrt(clusters / (clusters - 1))
    return NormalDist().cdf(spread * student_quantile((1 - confidence) / 2, clusters - 1))


def student_quantile(probability: float, freedom: int) -> float:
    """The t below which Student's distribution has this probability, 0 < probability < 1, to 0.2 % for the tails of intervals.

    The expansion in 1 / freedom of M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5; exact for
    one and two degrees of freedom.
    """
    if freedom == 1:
        return math.tan(math.pi * (probability - 0.5))
    if freedom == 2:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def _sums_by(cluster: Ints, units: Floats) -> Floats:
    _, place = np.unique(cluster, return_inverse=True)
    place = place.reshape(-1)
    sums = np.zeros((int(place.max(initial=-1)) + 1, units.shape[1]))
    for at, column in enumerate(units.T):
        sums[:, at] = np.bincount(place, column, minlength=len(sums))
    return sums


def _kinds(clusters: Floats) -> tuple[Floats, Ints, Ints]:
    """The different rows, which of them each row is, and how often each is there: a million prompts with a pair each have a few
    hundred.

    Rows are told apart by a hash of whole numbers, which is the same on every machine. Two different ones with the same hash are
    not to be expected: among a million, once in 30 million times.
    """
    hashes = np.zeros(len(clusters), dtype=np.uint64)
    for column in np.rint(clusters * STEPS_IN_ONE).astype(np.int64).view(np.uint64).T:
        hashes = (hashes ^ column) * MIXING
        hashes ^= hashes >> np.uint64(29)
    _, first, kind_of, times = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    return clusters[first], kind_of.reshape(-1), times


Drawer = Callable[[np.random.Generator, int], Ints]  # how often each kind is in each of so many samples, (samples, kinds)


def _by_kind(times: Ints) -> Drawer:
    return lambda rng, samples: rng.multinomial(times.sum(), times / times.sum(), size=samples)


def _one_by_one(kind_of: Ints, kinds: int) -> Drawer:
    def draw(rng: np.random.Generator, samples: int) -> Ints:
        drawn = (kind_of[rng.integers(len(kind_of), size=len(kind_of))] for _ in range(samples))
        return np.stack([np.bincount(each, minlength=kinds) for each in drawn])

    return draw


def _resampled(kinds: Floats, draw: Drawer, statistic: Statistic, resamples: int, seed: int) -> Floats:
    """The figures of each sample, (resamples, figures)."""
    rng = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // len(kinds))
    figures = []
    for done in range(0, resamples, at_once):
        drawn = draw(rng, min(at_once, resamples - done))
        figures.append(statistic(drawn.astype(np.float64) @ kinds))
    return np.concatenate(figures)
