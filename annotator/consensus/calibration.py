"""Whether probabilities come true: a reliability table.

Of the pairs with a confidence between two bounds, the share whose label was right should be their mean confidence (A. H.
Murphy and R. L. Winkler, "Reliability of subjective probability forecasts of precipitation and temperature", Applied
Statistics 26, 1977). Intervals are Wilson's; a label that is half right (a tie with the truth among it) counts half.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.binomial import wilson
from annotator.consensus.codes import Floats, Ints, totals
from annotator.consensus.count_vectors import count_vectors, log_orders
from annotator.consensus.posterior import TINY, Prior, likelihood_of, posterior, unique_rows

BINS = 10
TIE = 1e-7


class Reliability(NamedTuple):
    """One row per bin of confidence; NaN for the means of an empty one."""

    low: Floats  # a bin is from `low` up to `high`, which belongs to the next; but for the last
    high: Floats
    n: Ints
    confidence: Floats  # mean
    right: Floats  # share
    lower: Floats  # interval of that share
    upper: Floats

    @property
    def excess(self) -> Floats:
        """By how much confidence is above what came true: positive is over-confident."""
        return self.confidence - self.right


def held_out_check(prior: Prior, counts: ArrayLike, others: ArrayLike) -> tuple[Floats, Floats]:
    """A check without a known truth: how probable it was by some votes of each pair that their label is the most common answer
    among other votes of the pair, and whether it is. Each of shape (pairs,), as `reliability` takes them.

    The other votes are few, and miss the population's most common answer now and then. The probability allows for that: it is
    of their majority, not of the population's. Where choices share the lead, each has its part.

    Args:
        prior: fitted without the other votes.
        counts: the votes that were known, (pairs, choices).
        others: the other votes, (pairs, choices). Where there are none: NaN.
    """
    known, held_out = np.asarray(counts, dtype=np.float64), np.asarray(others, dtype=np.int64)
    first = posterior(prior, known).first
    leads = first >= first.max(axis=1, keepdims=True) - TIE
    label = leads / leads.sum(axis=1, keepdims=True)
    most = (held_out == held_out.max(axis=1, keepdims=True)) & (held_out.sum(axis=1, keepdims=True) > 0)
    right = (label * most).sum(axis=1) / np.maximum(most.sum(axis=1), 1)
    chance = np.full(len(known), np.nan)
    number = held_out.sum(axis=1)
    for n in np.unique(number[number > 0]).tolist():
        rows = number == n
        leading = _leading_chance(prior.split, n)
        different, place = unique_rows(known[rows])
        weight = likelihood_of(prior.split, different) * prior.weight
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), TINY)
        chance[rows] = ((weight @ leading)[place] * label[rows]).sum(axis=1)
    return chance, np.where(number > 0, right, np.nan)


def _leading_chance(split: Floats, n: int) -> Floats:
    """Of n votes from each split, the chance that each choice has the most, (points, choices); a shared lead in parts."""
    vectors = count_vectors(n, split.shape[1])
    leads = vectors == vectors.max(axis=1, keepdims=True)
    chance = np.exp(np.log(split) @ vectors.T + log_orders(vectors))
    return np.asarray(chance @ (leads / leads.sum(axis=1, keepdims=True)))


def reliability(confidence: ArrayLike, right: ArrayLike, *, bins: int = BINS, level: float = 0.95) -> Reliability:
    """The table of two columns of shape (pairs,): a probability, and whether it came true (0 to 1). NaN in either: left out.

    Raises:
        ValueError: columns of different lengths, or a confidence or truth outside of 0 … 1.
    """
    said, true = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if said.shape != true.shape or said.ndim != 1:
        raise ValueError("confidence and right must be columns of the same length")
    known = np.isfinite(said) & np.isfinite(true)
    said, true = said[known], true[known]
    if said.size and not (min(said.min(), true.min()) >= 0 and max(said.max(), true.max()) <= 1 + 1e-9):
        raise ValueError("confidence and right must be from 0 to 1")
    place = np.minimum((said * bins + 1e-9).astype(np.int64), bins - 1)
    n = np.bincount(place, minlength=bins)
    came_true = totals(place, true, bins)
    lower, upper = wilson(came_true, n, confidence=level)
    edges = np.linspace(0, 1, bins + 1)
    none = np.full(bins, np.nan)
    return Reliability(
        low=edges[:-1],
        high=edges[1:],
        n=n,
        confidence=np.divide(totals(place, said, bins), n, out=none.copy(), where=n > 0),
        right=np.divide(came_true, n, out=none.copy(), where=n > 0),
        lower=np.where(n > 0, lower, np.nan),
        upper=np.where(n > 0, upper, np.nan),
    )
