"""How far a figure varies over other prompts and other people: variance by both clusterings, and intervals for shares.

A figure is a function of sums over votes, and u_v, the influence of vote v, is what one more such vote would add to it. Votes on
one prompt hang together, because they show the same images, and so do the votes of one person, who has one taste and one habit.
With sums of u over prompts, over people, and over the votes of one person on one prompt,

    V = Σ_prompts (Σ u)² + max(0, Σ_people (Σ u)² - Σ_both (Σ u)²)

The first part is what prompts, and chance, do to the figure, the second what people add beyond that; it is not negative but by
chance. Few clusters understate how they vary, because the figure is fitted to them: a sum is divided by 1 - h, where the cluster
has a share h of all votes (the jackknife), and intervals take quantiles of Student's t. A clustering with shares h counts for
1 / Σ h² clusters of the same size, less 1 as degrees of freedom; the two are put together by Satterthwaite's formula.

The interval of a share p of n votes is that of C. J. Clopper and E. S. Pearson for as many independent votes as have the same
variance, n* = p (1 - p) / V, at most n, and fewer where there are few clusters, (z / t)² n*. It stays within 0 and 1 and needs no
large numbers. A share of 0 or 1 has no variance to go by: there every prompt counts as one vote.

A. C. Cameron, J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering", Journal of Business & Economic
Statistics 29 (2011); E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive
counts estimated from survey data", Survey Methodology 24 (1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.bias import Share
from annotator.consensus.bootstrap import Bootstrap, Statistic
from annotator.consensus.codes import Bools, Floats, Ints, totals

TINY = 1e-12
STEP = 1e-4  # of a total
TAIL = 0.975  # of Student's t: how much wider few clusters make an interval hardly depends on its confidence
SHARE_MOST = 0.9  # of the votes in one cluster, for the correction: it has to leave something


class Variance(NamedTuple):
    total: float
    by_first: float  # without what the second clustering adds
    degrees: float  # of freedom, of the total
    degrees_first: float


class Clusters(NamedTuple):
    """Votes in the order of their first cluster, and of their second within it: columns of one length."""

    first: Ints
    second: Ints

    @classmethod
    def order(cls, first: ArrayLike, second: ArrayLike) -> Ints:
        """What brings columns into that order."""
        return np.lexsort([np.asarray(second), np.asarray(first)])

    def where(self, wanted: Bools | Ints) -> Clusters:
        """Some of the votes, in the same order."""
        return Clusters(self.first[wanted], self.second[wanted])

    def starts(self) -> tuple[Ints, Ints]:
        """Where the first clusters begin, and where the votes of another second cluster in one of them do."""
        is_new = np.ones(len(self.first), dtype=np.bool_)
        is_new[1:] = self.first[1:] != self.first[:-1]
        is_other = is_new.copy()
        is_other[1:] |= self.second[1:] != self.second[:-1]
        return np.flatnonzero(is_new), np.flatnonzero(is_other)


def added_variance(influence: Floats, clusters: Clusters) -> tuple[float, float]:
    """What the second clustering adds to the variance, and its degrees of freedom. 0 where there is one such cluster only."""
    return _added(influence, clusters, clusters.starts()[1])


def _added(influence: Floats, clusters: Clusters, starts: Ints) -> tuple[float, float]:
    number = np.bincount(clusters.second)
    share = number / max(number.sum(), 1)
    if np.count_nonzero(number) < 2:
        return 0.0, np.inf
    sums = totals(clusters.second, influence, len(number)) / np.maximum(1 - share, 1 - SHARE_MOST)
    both = np.add.reduceat(influence, starts)
    return max(float(sums @ sums - both @ both), 0.0), max(1 / float(share @ share) - 1, 1.0)


def combined(by_first: float, degrees_first: float, added: float, degrees_second: float) -> Variance:
    """The variance by both clusterings, from that by the first and what the second adds."""
    total = by_first + added
    spread = by_first**2 / degrees_first + added**2 / degrees_second
    return Variance(total, by_first, total**2 / spread if spread > 0 else degrees_first, degrees_first)


def variance_of(influence: Floats, clusters: Clusters) -> Variance:
    """Of a figure, from the influence of each vote. NaN with votes in fewer than two first clusters."""
    starts, both = clusters.starts()
    if len(starts) < 2:
        return Variance(np.nan, np.nan, np.nan, np.nan)
    share = np.diff(starts, append=len(influence)) / len(influence)
    sums = np.add.reduceat(influence, starts) / np.maximum(1 - share, 1 - SHARE_MOST)
    degrees = max(1 / float(share @ share) - 1, 1.0)
    return combined(float(sums @ sums), degrees, *_added(influence, clusters, both))


def share_of_votes(is_hit: Bools, clusters: Clusters, *, confidence: float = 0.95) -> Share:
    """The share of hits among votes, (1,), with its interval, and the p-value that it is a half.

    Votes on fewer than two first clusters are taken as independent: nothing says how they hang together.
    """
    n, k = len(is_hit), int(np.count_nonzero(is_hit))
    rate = k / n if n else np.nan
    starts = len(clusters.starts()[0])
    if 0 < k < n and starts > 1:
        found = variance_of((is_hit - rate) / n, clusters)
        scale = float(scipy.special.ndtri((1 + confidence) / 2) / scipy.special.stdtrit(found.degrees, (1 + confidence) / 2))
        variance = max(found.total, rate * (1 - rate) / n)
        worth = rate * (1 - rate) / variance * scale**2
        p_value = float(2 * scipy.special.stdtr(found.degrees, -abs(rate - 0.5) / np.sqrt(variance)))
    else:
        worth = float(n if starts < 2 else starts)
        p_value = float(min(1.0, 2 * 0.5**worth)) if n else 1.0
    tail = (1 - confidence) / 2
    hits, rest = (worth * rate, worth * (1 - rate)) if n else (0.0, 0.0)
    return Share(
        votes=np.array([n]),
        taken=np.array([k]),
        rate=np.array([rate]),
        lower=np.array([scipy.special.betaincinv(hits, rest + 1, tail) if hits > 0 else 0.0]),
        upper=np.array([scipy.special.betaincinv(hits + 1, rest, 1 - tail) if rest > 0 else 1.0]),
        p_value=np.array([p_value]),
    )


def joined(shares: Sequence[Share]) -> Share:
    """Shares as columns of one."""
    if not shares:
        none = np.zeros(0)
        return Share(none.astype(np.int64), none.astype(np.int64), none, none, none, none)
    return Share(*(np.concatenate(column) for column in zip(*shares, strict=True)))


# --- figures whose interval over the first clusters is a bootstrap


def slopes_of(statistic: Statistic, totals: Floats) -> Floats:
    """By how much each figure rises with each total: (figures, sums). 0 where a figure is not defined nearby."""
    step = STEP * np.maximum(np.abs(totals), 1.0)
    moves = np.diag(step)
    rise = statistic(totals + moves) - statistic(totals - moves)
    return np.asarray(np.nan_to_num((rise / (2 * step)[:, None]).T))


def not_foretold(whole: Floats, others: Floats, times: Ints) -> Floats:
    """What is left of each column of `whole` when that of `others` foretells it, by regression; rows count so many times."""
    number = max(float(times.sum()), 1.0)
    others = others - (times @ others) / number
    both, squares = times @ (whole * others), times @ others**2
    return np.asarray(whole - others * np.divide(both, squares, out=np.zeros(len(both)), where=squares > TINY * number))


def variances_by(cluster: Ints, influence: Floats) -> Floats:
    """Of each figure, by one clustering: `influence` is (units, figures)."""
    return np.array([float((np.bincount(cluster, column) ** 2).sum()) for column in influence.T])


def widened(found: Bootstrap, by_first: Floats, added: Sequence[tuple[float, float]], *, largest: Floats) -> Bootstrap:
    """Intervals over the first clusters, (figures,), as much wider as the second ones add to the variance of each figure.

    Args:
        by_first: the variance by the first clusters.
        added: what `added_variance` gives, of each figure.
        largest: what no figure can be above. None of `found` that is not below 0 becomes so.
    """
    factor = np.ones(len(found.value))
    for place, (variance, (more, degrees)) in enumerate(zip(by_first.tolist(), added, strict=True)):
        if variance > 0 and more > 0 and found.clusters > 1:
            both = combined(variance, found.clusters - 1, more, degrees)
            reach = scipy.special.stdtrit([both.degrees, found.clusters - 1], TAIL)
            factor[place] = np.sqrt(both.total / variance) * max(float(reach[0] / reach[1]), 1.0)
    lower, upper = (found.value + factor * (end - found.value) for end in (found.lower, found.upper))
    lower = np.where(found.lower >= 0, np.maximum(lower, 0), lower)
    return found._replace(lower=lower, upper=np.minimum(upper, largest))
