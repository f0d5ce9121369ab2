"""Bradley–Terry: a score per generator from comparisons of two, with ties and intervals.

    P(i is preferred to j) = σ(θ_i - θ_j) = 1 / (1 + exp(θ_j - θ_i))

Scores are natural logarithms of strengths and sum to 0. Of the three ways to take ties (`Ties`):

- `half`, the default: a tie is half a win for each. The scores then depend on who won how much and on nothing else, are those
  that other tools print, and order generators by P(win) + P(tie) / 2. Where there are ties it is a quasi-likelihood: its means
  are right, and its variance is too large, because a tied vote varies less than a coin. So the covariance is taken times the
  dispersion φ = 1 - T / (4 Σ p (1 - p)), summed over all votes, of which T are ties; without ties it is 1.
- `davidson`: ties have a probability of their own, P(tie) ∝ ν √(exp θ_i exp θ_j). It is a likelihood and says how common ties
  are (ν). Its scores are farther apart, being about the votes that are no ties. It assumes that ties become rarer the farther
  two generators are apart, as the one number ν says. Rao and Kupper's threshold does the same work; Davidson's likelihood is
  concave in (θ, log ν), and where all have met equally often its scores are in the order of wins plus half the ties.
- `drop`: ties are left out. It throws away what says that two generators are alike; it is here to compare with tools that do.

All three are concave and are maximised by Newton's method. The covariance is the inverse of the Fisher information, and the
interval of a score is of its distance from the mean of its group. It takes votes as independent; those of one person are not
quite, so it is somewhat too short where few people voted much.

A finite maximum needs that no generators, as a group, won (or lost) all their comparisons with the rest: the graph with an
edge to i from each j that i was preferred to, or tied with, must be strongly connected (L. R. Ford, "Solution of a ranking
problem from binary comparisons", American Mathematical Monthly 64, 1957). Otherwise `NotConnected` says which do not belong
together; `split` scores each group by itself, and `prior` gives everybody so many wins and as many losses against a generator
with score 0.

R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952); R. R. Davidson, "On
extending the Bradley–Terry model to accommodate ties in paired comparison experiments", Journal of the American Statistical
Association 65 (1970); for the dispersion R. W. M. Wedderburn, "Quasi-likelihood functions", Biometrika 61 (1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints, check_cells, check_codes, log_sigmoid, sigmoid, totals
from annotator.consensus.graphs import connected_components, strong_components

LEFT, RIGHT, TIE = range(3)  # codes of a winner
TOLERANCE = 1e-10
ITERATIONS_MAX = 200
NAMED_MAX = 5  # generators that an error names of each group


class Ties(StrEnum):
    HALF = "half"
    DAVIDSON = "davidson"
    DROP = "drop"


class NotConnected(ValueError):
    """The comparisons do not put all generators on one scale."""


class BradleyTerry(NamedTuple):
    """Per generator, shape (generators,), and for all. A generator without comparisons has NaN, and a group of its own."""

    score: Floats  # sums to 0 in each group
    standard_error: Floats  # 0 where a group has one generator
    lower: Floats
    upper: Floats
    group: Ints  # from 0; scores of different groups cannot be compared. All 0 unless `split`
    wins: Ints
    losses: Ints
    ties: Ints
    tie_parameter: float  # Davidson's ν; NaN otherwise
    log_likelihood: float  # with `half`: Σ y log p + (1 - y) log(1 - p), y = 1/2 for a tie
    iterations: int
    converged: bool


class Fit(NamedTuple):
    score: Floats
    covariance: Floats  # of the centred scores
    log_nu: float
    log_likelihood: float
    iterations: int
    converged: bool


def count_comparisons(left: ArrayLike, right: ArrayLike, winner: ArrayLike, *, n_generators: int) -> tuple[Ints, Ints]:
    """Wins [i, j], how often i was preferred to j, and ties [i, j] = [j, i]; each (generators, generators).

    `winner` is LEFT, RIGHT or TIE. Raises ValueError on codes out of range and on a generator compared with itself.
    """
    sides = count_sides(left, right, winner, n_generators=n_generators)
    if sides.diagonal(axis1=1, axis2=2).any():
        raise ValueError("a generator cannot be compared with itself")
    return comparisons_of_sides(sides)


def count_sides(left: ArrayLike, right: ArrayLike, winner: ArrayLike, *, n_generators: int) -> Ints:
    """Votes by winner, generator on the left and generator on the right: (3, generators, generators).

    `winner` is LEFT, RIGHT or TIE. Raises ValueError on codes out of range.
    """
    on_left, on_right, won = np.asarray(left), np.asarray(right), np.asarray(winner)
    check_codes({"left": n_generators, "right": n_generators, "winner": 3}, left=on_left, right=on_right, winner=won)
    check_cells("pairs of generators", n_generators, n_generators)
    cell = won.astype(np.int64)
    for code in (on_left, on_right):  # in place: there may be millions
        cell *= n_generators
        np.add(cell, code, out=cell, casting="unsafe")
    return np.bincount(cell, minlength=3 * n_generators**2).reshape(3, n_generators, n_generators)


def comparisons_of_sides(sides: Ints) -> tuple[Ints, Ints]:
    """Wins and ties, as `count_comparisons` gives them, whichever side a generator was on."""
    return sides[LEFT] + sides[RIGHT].T, sides[TIE] + sides[TIE].T


def bradley_terry(
    left: ArrayLike,
    right: ArrayLike,
    winner: ArrayLike,
    *,
    n_generators: int,
    ties: Ties | str = Ties.HALF,
    prior: float = 0.0,
    split: bool = False,
    confidence: float = 0.95,
    names: Sequence[str] | None = None,
) -> BradleyTerry:
    """Scores from votes, one per row: codes of shape (votes,), `winner` LEFT, RIGHT or TIE.

    Args:
        ties: see above.
        prior: wins, and as many losses, that each generator has beforehand against one with score 0.
        split: score groups that cannot be compared each by itself, where without it they are refused.
        names: of the generators, for the error.

    Raises:
        NotConnected: in words; never with `split` or a `prior`.
        ValueError: codes out of range, or a generator compared with itself.
    """
    wins, tied = count_comparisons(left, right, winner, n_generators=n_generators)
    return bradley_terry_of_counts(wins, tied, ties=ties, prior=prior, split=split, confidence=confidence, names=names)


def bradley_terry_of_counts(
    wins: Ints,
    tied: Ints,
    *,
    ties: Ties | str = Ties.HALF,
    prior: float = 0.0,
    split: bool = False,
    confidence: float = 0.95,
    names: Sequence[str] | None = None,
) -> BradleyTerry:
    """The same from what `count_comparisons` returns."""
    ties = Ties(ties)
    if prior < 0:
        raise ValueError("prior must be at least 0")
    counted_ties = np.zeros_like(tied) if ties is Ties.DROP else tied
    group = _groups(wins, counted_ties, prior, split, names)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    score, error = np.full(len(wins), np.nan), np.full(len(wins), np.nan)
    fits = []
    for number in range(int(group.max(initial=-1)) + 1):
        members = np.flatnonzero(group == number)
        if not (wins + wins.T + tied)[members].any():
            continue
        within = np.ix_(members, members)
        fit = (
            _davidson(wins[within], tied[within], prior)
            if ties is Ties.DAVIDSON
            else _half(wins[within], counted_ties[within], prior)
        )
        score[members], error[members] = fit.score, np.sqrt(np.maximum(np.diag(fit.covariance), 0))
        fits.append(fit)
    return BradleyTerry(
        score=score,
        standard_error=error,
        lower=score - z * error,
        upper=score + z * error,
        group=group,
        wins=wins.sum(axis=1),
        losses=wins.sum(axis=0),
        ties=tied.sum(axis=1),
        tie_parameter=float(np.exp(fits[0].log_nu)) if ties is Ties.DAVIDSON and len(fits) == 1 else np.nan,
        log_likelihood=float(sum(fit.log_likelihood for fit in fits)),
        iterations=max((fit.iterations for fit in fits), default=0),
        converged=all(fit.converged for fit in fits),
    )


def average_win_rate(wins: Ints, tied: Ints) -> Floats:
    """Per generator, the mean over its opponents of (wins + ties / 2) / comparisons. NaN without comparisons."""
    met = wins + wins.T + tied
    rate = np.divide(wins + tied / 2, met, out=np.zeros(met.shape), where=met > 0)
    opponents = (met > 0).sum(axis=1)
    return np.divide(rate.sum(axis=1), opponents, out=np.full(len(wins), np.nan), where=opponents > 0)


# --- which generators can be compared


def require_connected(wins: Ints, tied: Ints, names: Sequence[str] | None = None) -> None:
    """Raises NotConnected, in words, unless finite scores fit, and ValueError where there are no generators."""
    if not len(wins):
        raise ValueError("there is nothing to compare")
    _groups(wins, tied, 0.0, False, names)


def _groups(wins: Ints, tied: Ints, prior: float, split: bool, names: Sequence[str] | None) -> Ints:
    if prior > 0 or not len(wins):
        return np.zeros(len(wins), dtype=np.int64)
    beaten_by = (wins.T + tied) > 0
    group = strong_components(beaten_by)
    if split or group.max() == 0:
        return group
    raise NotConnected(_why(beaten_by, group, names or [str(code) for code in range(len(wins))]))


def _why(beaten_by: np.ndarray, group: Ints, names: Sequence[str]) -> str:
    parts = connected_components(beaten_by)
    if parts.max() > 0:
        return (
            f"the generators fall into {parts.max() + 1} groups that were never compared with each other: "
            f"{_listed(parts, names)}. Score each group by itself (split), or collect comparisons between them"
        )
    members = group[:, None] == np.arange(group.max() + 1)
    loses = np.array([beaten_by[member][:, ~member].any() for member in members.T])
    wins = np.array([beaten_by[~member][:, member].any() for member in members.T])
    always = [f"{_some(names, members[:, number])} won every comparison with the rest" for number in np.flatnonzero(~loses)]
    never = [f"{_some(names, members[:, number])} lost every comparison with the rest" for number in np.flatnonzero(~wins)]
    reasons = [*always[:NAMED_MAX], *never[:NAMED_MAX]]
    return (
        f"no finite scores fit: {'; '.join(reasons)}. "
        "Give every generator a few wins and losses beforehand (prior), score each group by itself (split), "
        "or collect more comparisons"
    )


def _listed(parts: Ints, names: Sequence[str]) -> str:
    listed = [f"{{{_some(names, parts == number)}}}" for number in range(min(parts.max() + 1, NAMED_MAX))]
    return ", ".join(listed) + (", …" if parts.max() + 1 > NAMED_MAX else "")


def _some(names: Sequence[str], is_member: np.ndarray) -> str:
    members = [names[code] for code in np.flatnonzero(is_member).tolist()]
    return ", ".join(members[:NAMED_MAX]) + (f" and {len(members) - NAMED_MAX} more" if len(members) > NAMED_MAX else "")


# --- Newton's method


def _half(wins: Ints, tied: Ints, prior: float) -> Fit:
    points = wins + tied / 2
    met = points + points.T

    def value(score: Floats) -> float:
        return float((points * log_sigmoid(score[:, None] - score)).sum()) - _prior_cost(score, prior)

    def slope(score: Floats) -> tuple[Floats, Floats]:
        p = sigmoid(score[:, None] - score)
        return (points - met * p).sum(axis=1) + _prior_slope(score, prior), _laplacian(met * p * (1 - p)) + _prior_bend(
            score, prior
        )

    score, information, iterations, converged = _newton(value, slope, np.zeros(len(wins)), free=len(wins))
    p = sigmoid(score[:, None] - score)
    spread = 4 * (met * p * (1 - p)).sum() / 2
    votes = met.sum() / 2
    dispersion = max(1 - tied.sum() / 2 / spread, 1 / votes) if spread > 0 else 1.0
    likelihood = float((points * log_sigmoid(score[:, None] - score)).sum())
    covariance = _centred(_inverse(information, len(score)) * dispersion)
    return Fit(score - score.mean(), covariance, np.nan, likelihood, iterations, converged)


def _davidson(wins: Ints, tied: Ints, prior: float) -> Fit:
    n = len(wins)
    pairs = np.triu_indices(n, 1)
    won, lost, drawn = wins[pairs], wins.T[pairs], tied[pairs]
    keep = (won + lost + drawn) > 0
    i, j, won, lost, drawn = pairs[0][keep], pairs[1][keep], won[keep], lost[keep], drawn[keep]
    met = won + lost + drawn
    # Ties all over, or none at all, have no finite ν; half a vote of each kind keeps it finite and moves nothing else.
    extra = 0.0 if drawn.any() and (won + lost).any() else 0.5

    def shares(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        half = (x[i] - x[j]) / 2
        parts = np.stack([half, -half, np.broadcast_to(x[n], half.shape)])
        top = parts.max(axis=0)
        total = np.exp(parts - top).sum(axis=0)
        p, q, t = np.exp(parts - top) / total
        return p, q, t, top + np.log(total)

    def likelihood(x: Floats) -> float:
        log_total = shares(x)[3]
        half = (x[i] - x[j]) / 2
        return float((won * (half - log_total) + lost * (-half - log_total) + drawn * (x[n] - log_total)).sum())

    def value(x: Floats) -> float:
        return likelihood(x) - _prior_cost(x[:n], prior) - extra * 2 * float(np.logaddexp(x[n] / 2, -x[n] / 2))

    def slope(x: Floats) -> tuple[Floats, Floats]:
        p, q, t, _ = shares(x)
        gradient, information = np.zeros(n + 1), np.zeros((n + 1, n + 1))
        pull = (won - lost - met * (p - q)) / 2
        gradient[:n] = totals(i, pull, n) - totals(j, pull, n) + _prior_slope(x[:n], prior)
        gradient[n] = (drawn - met * t).sum() - extra * np.tanh(x[n] / 2)
        weight = np.zeros((n, n))
        weight[i, j] = met * (p + q - (p - q) ** 2) / 4
        information[:n, :n] = _laplacian(weight + weight.T) + _prior_bend(x[:n], prior)
        cross = -met * t * (p - q) / 2
        information[:n, n] = information[n, :n] = totals(i, cross, n) - totals(j, cross, n)
        information[n, n] = (met * t * (1 - t)).sum() + extra / (2 * np.cosh(x[n] / 2) ** 2)
        return gradient, information

    x, information, iterations, converged = _newton(value, slope, np.zeros(n + 1), free=n)
    covariance = _centred(_inverse(information, n)[:n, :n])
    return Fit(x[:n] - x[:n].mean(), covariance, float(x[n]), likelihood(x), iterations, converged)


def _newton(
    value: Callable[[Floats], float], slope: Callable[[Floats], tuple[Floats, Floats]], x: Floats, *, free: int
) -> tuple[Floats, Floats, int, bool]:
    """The maximum of a concave `value` whose first `free` coordinates may all be shifted together.

    `slope` gives the gradient and the information (minus the second derivative). Returns the place, the information there, the
    number of steps and whether the last moved nothing by more than the tolerance.
    """
    for iteration in range(1, ITERATIONS_MAX + 1):
        gradient, information = slope(x)
        step = np.linalg.solve(_with_anchor(information, free), gradient)
        size, here = 1.0, value(x)
        # A full step always rises near the maximum; farther away it may go too far.
        while value(x + size * step) < here - 1e-9 * abs(here) and size > 1e-6:
            size /= 2
        x = x + size * step
        if np.abs(size * step).max() <= TOLERANCE:
            return x, slope(x)[1], iteration, True
    return x, slope(x)[1], ITERATIONS_MAX, False


def _with_anchor(information: Floats, free: int) -> Floats:
    """Invertible: shifting all scores together, which changes nothing, is held back."""
    anchored = information.copy()
    anchored[:free, :free] += max(np.trace(information[:free, :free]) / free, 1e-12) / free
    return anchored


def _inverse(information: Floats, free: int) -> Floats:
    return np.asarray(np.linalg.inv(_with_anchor(information, free)), dtype=np.float64)


def _centred(covariance: Floats) -> Floats:
    return covariance - covariance.mean(axis=0) - covariance.mean(axis=1, keepdims=True) + covariance.mean()


def _laplacian(weight: Floats) -> Floats:
    return np.asarray(np.diag(weight.sum(axis=1)) - weight)


def _prior_cost(score: Floats, prior: float) -> float:
    return -prior * float((log_sigmoid(score) + log_sigmoid(-score)).sum()) if prior else 0.0


def _prior_slope(score: Floats, prior: float) -> Floats:
    return prior * (1 - 2 * sigmoid(score))


def _prior_bend(score: Floats, prior: float) -> Floats:
    p = sigmoid(score)
    return np.asarray(np.diag(2 * prior * p * (1 - p)))
