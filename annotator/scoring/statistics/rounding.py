"""Figures, and numbers of numpy as the document has them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.bias import Share, share_of
from annotator.consensus.bootstrap import Bootstrap
from annotator.scoring.statistics.schema import Estimate, Rate

DIGITS = 6


def number(value: float) -> float | None:
    """None for what is not defined."""
    return None if not math.isfinite(value) else round(float(value), DIGITS)


def rates_of(share: Share) -> list[Rate]:
    columns = zip(share.taken.tolist(), share.votes.tolist(), share.rate, share.lower, share.upper, strict=True)
    return [Rate(k, n, number(rate), round(float(low), DIGITS), round(float(high), DIGITS)) for k, n, rate, low, high in columns]


def rate_of(k: int, n: int) -> Rate:
    return rates_of(share_of([k], [n]))[0]


def estimate_of(found: Bootstrap, place: int) -> Estimate:
    return Estimate(number(found.value[place]), number(found.lower[place]), number(found.upper[place]))


def rate_over_prompts(exact: Rate, found: Bootstrap, place: int) -> Rate:
    """A rate whose cases may depend on each other. The wider of two intervals: the exact one takes cases as independent, and a
    bootstrap knows nothing of what no sample has, such as the first case of 0 of n."""
    lower, upper = (number(end[place]) for end in (found.lower, found.upper))
    return Rate(
        exact.k,
        exact.n,
        exact.rate,
        exact.lower if lower is None else min(exact.lower, lower),
        exact.upper if upper is None else max(exact.upper, upper),
    )


def gini(values: ArrayLike) -> float:
    """Half the mean difference of two values in terms of their mean: 0 where all are alike, towards 1 where one has all."""
    ordered = np.sort(values).astype(np.float64)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))
