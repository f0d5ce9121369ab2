"""Exact intervals and tests for a share k / n, of whole columns at a time.

    P(X ≥ k) = I_p(k, n - k + 1)    for X binomial with n and p

where I is the regularised incomplete beta function. The interval is the one of C. J. Clopper and E. S. Pearson, "The use of
confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934): it covers the true share at least as
often as it says.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats


def clopper_pearson(k: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper end for k of n, of the shape of k and n. Where n is 0: 0 and 1."""
    k, n = (np.asarray(values, dtype=np.float64) for values in np.broadcast_arrays(k, n))
    tail = (1 - confidence) / 2
    lower = np.where(k > 0, scipy.special.betaincinv(np.maximum(k, 1), n - np.maximum(k, 1) + 1, tail), 0.0)
    upper = np.where(k < n, scipy.special.betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
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
    tail = scipy.special.betainc(np.maximum(far, 1), np.maximum(n - far + 1, 1), 0.5)
    return np.where(2 * far > n, np.minimum(1.0, 2 * tail), 1.0)
