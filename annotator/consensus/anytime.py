"""Bounds for a share k / n that hold at any time: look after every answer, and they still err as rarely as they say.

An interval such as Wilson's errs with the stated probability at one moment that was fixed beforehand. Looked at after every
answer it errs sooner or later: of people who are right half the time, one in eight falls below 50 % "surely" within fifty
answers. What pays for looking is a bet against the share p. Where each answer is a hit with probability p or more, whatever
came before,

    E(k, n) = ∫ q^k (1 - q)^(n - k) dF(q) / (p^k (1 - p)^(n - k))        F on 0 < q < p

is the wealth of a gambler who began with 1 and plays a game that is fair at best. It ever reaches 1 / error with probability
`error` at most (J. Ville, "Étude critique de la notion de collectif", 1939). All p that E has not refuted lie below the bound.

F is the beta distribution with `SHAPE`, cut off at p. It leans towards small shares, where those are whom one looks for.

H. Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970).
S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
Statistics 49 (2021), for the mixture with a beta distribution. I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86 (2024).
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats

SHAPE = (0.5, 1.0)
HALVINGS = 40  # of the bracket: the bound is right to 1e-12
TINY = 1e-300
ENDS = 1e-12


def log_evidence_below(k: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """log E of k hits among n against every true share of `share` or more, of the shape of the three. Without answers: 0.

    A share of 0 or 1 is taken for one that is next to it.
    """
    k, n, share = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n, share))
    share = np.clip(share, ENDS, 1 - ENDS)
    a, b = (np.full(k.shape, value) for value in SHAPE)
    hits, misses = k + a, n - k + b
    log_mass = scipy.special.betaln(hits, misses) + np.log(np.maximum(scipy.special.betainc(hits, misses, share), TINY))
    log_prior = scipy.special.betaln(a, b) + np.log(scipy.special.betainc(a, b, share))
    return np.asarray(log_mass - log_prior - k * np.log(share) - (n - k) * np.log1p(-share))


def upper_bound(k: ArrayLike, n: ArrayLike, *, error: float) -> Floats:
    """The true share lies below this at every moment of a career, but in a share `error` of careers. Without answers: 1."""
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    low, high = k / np.maximum(n, 1), np.ones(k.shape)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_refuted = log_evidence_below(k, n, middle) >= -np.log(error)
        low, high = np.where(is_refuted, low, middle), np.where(is_refuted, middle, high)
    return np.where(n > 0, high, 1.0)


def lower_bound(k: ArrayLike, n: ArrayLike, *, error: float) -> Floats:
    """The true share lies above this at every moment of a career, but in a share `error` of careers. Without answers: 0."""
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    return 1 - upper_bound(n - k, n, error=error)
