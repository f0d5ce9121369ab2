"""Exact intervals and tests for a share k / n, of whole columns at a time.

    P(X ≥ k) = I_p(k, n - k + 1)    for X binomial with n and p

where I is the regularised incomplete beta function, here from its continued fraction. The interval is the one of C. J. Clopper
and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934): it
covers the true share at least as often as it says. The continued fraction is 8.17.22 of the NIST Digital Library of
Mathematical Functions.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats

TRIES_MAX = 100
CLOSE = 1e-13
STEPS_MAX = 100_000
PRECISION = 1e-15
TINY = 1e-300
_log_gamma = np.frompyfunc(math.lgamma, 1, 1)


def log_beta(a: Floats, b: Floats) -> Floats:
    """log B(a, b)."""
    return np.asarray(_log_gamma(a) + _log_gamma(b) - _log_gamma(a + b), dtype=np.float64)


def incomplete_beta(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Floats:
    """I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1."""
    a, b, x = (np.array(values, dtype=np.float64) for values in np.broadcast_arrays(a, b, x))
    is_swapped = x > (a + 1) / (a + b + 2)  # where the fraction of the complement converges faster
    a, b = np.where(is_swapped, b, a), np.where(is_swapped, a, b)
    x = np.where(is_swapped, 1 - x, x)
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        front = np.exp(a * np.log(x) + b * np.log1p(-x) - log_beta(a, b)) / a
    value = np.where(x > 0, front * _fraction(a, b, x), 0.0)
    return np.clip(np.where(is_swapped, 1 - value, value), 0.0, 1.0)


def clopper_pearson(k: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper end for k of n, of the shape of k and n. Where n is 0: 0 and 1."""
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    tail = (1 - confidence) / 2
    lower = np.where(k > 0, _share_at(tail, np.maximum(k, 1), n - np.maximum(k, 1) + 1, n), 0.0)
    upper = np.where(k < n, _share_at(1 - tail, k + 1, np.maximum(n - k, 1), n), 1.0)
    return lower, upper


def wilson(k: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper end for k of n by E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927): the shares from which k lies z standard errors away at most. Where n is 0: 0 and 1.

    Shorter than Clopper and Pearson's; it covers the true share as often as it says on average, and not at least.
    """
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    total = n + z2
    centre, half = (k + z2 / 2) / total, np.sqrt(z2 * (k * (n - k) / np.maximum(n, 1) + z2 / 4)) / total
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def even_p_value(k: ArrayLike, n: ArrayLike) -> Floats:
    """How probable k of n, or what is as far from half or farther, is where the share is a half. Where n is 0: 1."""
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    far = np.maximum(k, n - k)
    tail = incomplete_beta(np.maximum(far, 1), np.maximum(n - far + 1, 1), 0.5)
    return np.where(2 * far > n, np.minimum(1.0, 2 * tail), 1.0)


def _share_at(probability: float, a: Floats, b: Floats, n: Floats) -> Floats:
    """The p with I_p(a, b) = probability, by Newton's method, and by halving where that leads out. Where n is 0, anything."""
    shape = a.shape
    a, b = a.ravel(), np.where(n > 0, np.maximum(b, 1), 1).ravel()
    shares = a / (a + b)
    is_sought = np.ones(a.shape, dtype=bool)
    low, high, constant = np.zeros(a.shape), np.ones(a.shape), log_beta(a, b)
    for _ in range(TRIES_MAX):
        a_, b_, share = a[is_sought], b[is_sought], shares[is_sought]
        excess = incomplete_beta(a_, b_, share) - probability
        low[is_sought] = at_least = np.where(excess < 0, share, low[is_sought])
        high[is_sought] = at_most = np.where(excess < 0, high[is_sought], share)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            step = share - excess / np.exp((a_ - 1) * np.log(share) + (b_ - 1) * np.log1p(-share) - constant[is_sought])
        shares[is_sought] = better = np.where((step > at_least) & (step < at_most), step, (at_least + at_most) / 2)
        is_sought[is_sought] = np.abs(better - share) > CLOSE
        if not is_sought.any():
            break
    return shares.reshape(shape)


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """The continued fraction of I_x(a, b), by Lentz's method."""
    c = np.ones(x.shape)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(np.abs(d) < TINY, TINY, d)
    value = d
    for m in range(1, STEPS_MAX):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            c = 1 + step / c
            d = 1 / np.where(np.abs(d) < TINY, TINY, d)
            c = np.where(np.abs(c) < TINY, TINY, c)
            value = value * c * d
        if np.all(np.abs(c * d - 1) < PRECISION * 4):
            break
    return value
