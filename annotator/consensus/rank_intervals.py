"""What scores with a covariance say of an order: who is above whom, on which ranks an item may be, and who is first.

- `above`: P(score of i > score of j), by Student's t of their difference.
- `rank_intervals`: simultaneous. With the stated confidence, all items at once have their true rank inside. An item's lowest
  rank counts the items that are certainly above it, its highest those certainly below. "Certainly" is a one-sided test of every
  ordered pair, with one critical value for the largest of all differences in terms of its standard error, in steps: pairs that
  are decided are taken out, and the critical value of the rest is smaller. That value comes from draws of a multivariate t with
  the scores' covariance and the median of their degrees of freedom; each pair's own threshold has the same probability at its
  own degrees of freedom.
- `first_shares`: the probability to be first, from draws of the true scores given the estimated ones. Before the votes, it is as
  likely as not that all items are alike. If they are not, true scores are normal with a standard deviation τ of which nothing is
  known: what part of the spread of estimated scores is chance, s² / (s² + τ²), may be anything from 0 to 1. So the item that
  was lucky is not taken for the best: of pure noise, everybody is about equally likely to be first. Where items do differ, but
  by no more than their standard errors, the likeliest first is so somewhat more often than it says. It says nothing of items that
  were not compared. `above` is of two items looked at alone, and has no such prior.

All draws begin from a fixed seed: the same input gives the same output.

M. Mogstad, J. P. Romano, A. M. Shaikh and D. Wilhelm, "Inference for ranks with applications to mobility across neighbourhoods
and academic achievement across countries", Review of Economic Studies 91 (2024); J. P. Romano and M. Wolf, "Stepwise multiple
testing as formalized data snooping", Econometrica 73 (2005); M. J. Daniels, "A prior for the variance in hierarchical models",
Canadian Journal of Statistics 27 (1999).
"""

from __future__ import annotations

import numpy as np
import scipy

from annotator.consensus.codes import Bools, Floats, Ints

SEED = 20_240_601
DRAWS = 10_000  # a probability of one half is then within 0.01
RANK_DRAWS = 4_000
TINY = 1e-12
STEPS_MAX = 8  # each is valid; more find hardly anything
SPREADS = np.concatenate([[1e-6], np.geomspace(0.001, 3.0, 60)])  # τ; the first is as good as 0
ALL_ALIKE = 0.5  # the probability of that, before the votes


def difference_errors(covariance: Floats) -> Floats:
    """Standard error of each score's difference from each other's: (items, items), 0 on the diagonal."""
    variance = np.diag(covariance)
    return np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0))


def pair_degrees(degrees: Floats) -> Floats:
    """Degrees of freedom of each difference: the smaller of the two items'."""
    return np.asarray(np.minimum(degrees[:, None], degrees))


def above(score: Floats, covariance: Floats, degrees: Floats) -> Floats:
    """P(score of i > score of j), (items, items); 0.5 on the diagonal."""
    error = difference_errors(covariance)
    t = np.divide(score[:, None] - score, error, out=np.zeros_like(error), where=error > 0)
    return np.asarray(scipy.special.stdtr(pair_degrees(degrees), t))


def rank_intervals(
    score: Floats, covariance: Floats, degrees: Floats, *, confidence: float = 0.95, draws: int = RANK_DRAWS, seed: int = SEED
) -> tuple[Ints, Ints]:
    """The lowest and highest rank of each item, (items,) each, 1 being best. See above."""
    n = len(score)
    is_above = certainly_above(score, covariance, degrees, confidence=confidence, draws=draws, seed=seed)
    return 1 + is_above.sum(axis=0), n - is_above.sum(axis=1)


def certainly_above(
    score: Floats, covariance: Floats, degrees: Floats, *, confidence: float = 0.95, draws: int = RANK_DRAWS, seed: int = SEED
) -> Bools:
    """Whether i is above j, (items, items), all of which is right at once with the stated confidence."""
    n = len(score)
    error = difference_errors(covariance)
    t = np.divide(score[:, None] - score, error, out=np.zeros_like(error), where=error > 0)
    surprise = scipy.special.stdtr(pair_degrees(degrees), -t)
    drawn, common = _draws(covariance, draws, seed), float(np.median(degrees)) if n else np.inf
    spread = (
        np.sqrt(np.random.default_rng(seed + 1).chisquare(common, draws // 2) / common) if np.isfinite(common) else np.ones(1)
    )
    is_above = np.zeros((n, n), dtype=np.bool_)
    for _ in range(STEPS_MAX):
        largest = _largest(drawn, error, ~is_above).reshape(2, -1) / spread
        found = (surprise < scipy.special.stdtr(common, -np.quantile(largest, confidence))) & (error > 0)
        if not (found & ~is_above).any():
            break
        is_above |= found
    return is_above


def first_shares(score: Floats, covariance: Floats, degrees: Floats, *, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """The probability of each item to have the highest true score, (items,); they sum to 1. See above."""
    n = len(score)
    if n < 2:
        return np.ones(n)
    # Few clusters say little of the covariance: as much wider as the intervals of Student's t are.
    widened = covariance * (scipy.special.stdtrit(np.median(degrees), 0.975) / scipy.special.ndtri(0.975)) ** 2
    values, vectors = np.linalg.eigh((widened + widened.T) / 2)
    # The first axis is a common shift of all scores, of which nothing is known and on which nothing depends.
    values, along = np.maximum(values, TINY)[1:], vectors[:, 1:].T @ score
    spread = SPREADS[:, None] ** 2 + values
    likelihood = -0.5 * (np.log(spread) + along**2 / spread).sum(axis=1)
    weight = np.exp(likelihood - likelihood.max()) * _prior_of_spreads(float(np.median(values)))
    ends = np.round(np.cumsum(weight / weight.sum()) * (draws // 2)).astype(np.int64)
    normal = np.random.default_rng(seed).standard_normal((draws // 2, n)) @ vectors[:, 1:]
    counts = np.zeros(n, dtype=np.int64)
    for number, (start, end) in enumerate(zip(np.r_[0, ends[:-1]], ends, strict=True)):
        kept = SPREADS[number] ** 2 / spread[number]
        noise = normal[start:end] * np.sqrt(kept * values)
        for signed in (noise, -noise):
            counts += np.bincount(((kept * along + signed) @ vectors[:, 1:].T).argmax(axis=1), minlength=n)
    return np.asarray(counts / counts.sum())


def _prior_of_spreads(variance: float) -> Floats:
    """The probability of each of SPREADS, where estimated scores have this variance. The share of chance is uniform."""
    slab = SPREADS * np.gradient(SPREADS) / (variance + SPREADS**2) ** 2
    prior = (1 - ALL_ALIKE) * slab / slab.sum()
    prior[0] = ALL_ALIKE
    return np.asarray(prior)


def _draws(covariance: Floats, draws: int, seed: int) -> Floats:
    """From the normal distribution, each with its mirror image: (draws, items)."""
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(seed).standard_normal((draws // 2, len(covariance)))
    # The symmetric root: it has no signs that a library may choose.
    half = normal @ (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.concatenate([half, -half])


def _largest(drawn: Floats, error: Floats, is_open: Bools) -> Floats:
    """In each draw, the largest of the open differences in terms of their standard errors."""
    largest = np.full(len(drawn), -np.inf)
    with np.errstate(divide="ignore"):
        scale = np.where(is_open & (error > 0), 1 / error, 0.0)
    for item in range(len(error)):
        others = np.flatnonzero(scale[item])
        if len(others):
            np.maximum(largest, ((drawn[:, item, None] - drawn[:, others]) * scale[item, others]).max(axis=1), out=largest)
    return np.maximum(largest, 0.0)
