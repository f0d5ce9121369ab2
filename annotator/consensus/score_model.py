"""The model behind a leaderboard: Bradley–Terry scores from weighted votes, with what one vote adds to its equations.

    η = θ_left - θ_right + δ

is the log-odds of a vote for the left image; δ, the side effect, is there only where it is asked for. Ties are half a win for
each side (`half`), or have a probability of their own (`davidson`): P(left), P(right), P(tie) ∝ exp(η/2), exp(-η/2), ν. See
`bradley_terry` for both, and for when a maximum exists.

Votes are a table (3, items, items) of weights by winner, item on the left and item on the right: all votes of one cell add the
same, so a million of them cost no more than a thousand. The parameters are in one row: θ of each item (they sum to 0), then δ,
then log ν, where the model has them.

`residuals` and `information` are the first and second derivatives that the sandwich (`sandwich`) and the influence of single
votes (`influence`) are made of.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, Ties
from annotator.consensus.codes import Floats, log_sigmoid, sigmoid

TOLERANCE = 1e-9
ITERATIONS_MAX = 100
LOG_NU_MAX = 12.0  # where all votes, or none, are ties, ν has no finite maximum


class ScoreModel(NamedTuple):
    """Which parameters there are."""

    n_items: int
    ties: Ties = Ties.HALF
    has_side: bool = False

    @property
    def size(self) -> int:
        return self.n_items + self.has_side + (self.ties is Ties.DAVIDSON)

    @property
    def side_at(self) -> int:
        return self.n_items

    @property
    def tie_at(self) -> int:
        return self.n_items + self.has_side


class ScoreFit(NamedTuple):
    parameters: Floats  # (size,)
    information: Floats  # (size, size); the sum over all votes of minus the second derivative
    converged: bool


def fit_scores(model: ScoreModel, table: Floats, *, start: Floats | None = None, ridge: float = 0.0) -> ScoreFit:
    """The parameters at which the weighted likelihood is largest, by Newton's method.

    Args:
        table: weights of votes, (3, items, items): winner (LEFT, RIGHT, TIE), left, right.
        start: parameters to begin from; else all are 0.
        ridge: half of it times the square of each parameter is taken off, which makes the maximum finite whatever the votes are.

    `converged` is False where there is no finite maximum; `bradley_terry.count_comparisons` and its groups say why.
    """
    x = np.zeros(model.size) if start is None else start.copy()
    objective = _objective(model, table, x, ridge)
    is_tied = model.ties is Ties.DAVIDSON
    for _ in range(ITERATIONS_MAX):
        gradient = _gradient(model, table, x) - ridge * x
        bend = information(model, table.sum(axis=0), x) + ridge * np.eye(model.size)
        step = np.linalg.solve(anchored(model, bend), gradient)
        size = 1.0
        # Far from the maximum a full step may go too far.
        while size > 1e-6:
            candidate = x + size * step
            if is_tied:
                candidate[model.tie_at] = np.clip(candidate[model.tie_at], -LOG_NU_MAX, LOG_NU_MAX)
            reached = _objective(model, table, candidate, ridge)
            if reached >= objective - 1e-10 * abs(objective):
                break
            size /= 2
        moved = float(np.abs(candidate - x).max())
        x, objective = candidate, reached
        if moved <= TOLERANCE:
            break
    x[: model.n_items] -= x[: model.n_items].mean()
    return ScoreFit(x, information(model, table.sum(axis=0), x), moved <= TOLERANCE)


def differences(model: ScoreModel, x: Floats) -> Floats:
    """η for each item on the left (rows) and on the right (columns)."""
    score = x[: model.n_items]
    return np.asarray(score[:, None] - score + (x[model.side_at] if model.has_side else 0.0))


def shares(model: ScoreModel, x: Floats) -> Floats:
    """P(LEFT), P(RIGHT), P(TIE) in each cell, (3, items, items). With half-wins, ties are shared out and have none."""
    eta = differences(model, x)
    if model.ties is not Ties.DAVIDSON:
        p = sigmoid(eta)
        return np.stack([p, 1 - p, np.zeros_like(p)])
    parts = np.stack([eta / 2, -eta / 2, np.full(eta.shape, x[model.tie_at])])
    parts = np.exp(parts - parts.max(axis=0))
    return np.asarray(parts / parts.sum(axis=0))


def win_shares(model: ScoreModel, x: Floats) -> Floats:
    """P(i is preferred to j) + P(tie) / 2 with no side favoured, (items, items)."""
    even = x.copy()
    if model.has_side:
        even[model.side_at] = 0
    share = shares(model, even)
    return np.asarray(share[LEFT] + share[TIE] / 2)


def residuals(model: ScoreModel, x: Floats) -> Floats:
    """The derivative of one vote's log-likelihood by η, and by log ν: (1 or 2, 3, items, items)."""
    p, q, t = shares(model, x)
    if model.ties is not Ties.DAVIDSON:
        return np.stack([1 - p, -p, 0.5 - p])[None]
    pull = (p - q) / 2
    by_eta = np.stack([0.5 - pull, -0.5 - pull, -pull])
    return np.stack([by_eta, np.stack([-t, -t, 1 - t])])


def vote_scores(model: ScoreModel, x: Floats) -> scipy.sparse.csr_array:
    """The gradient of one vote of each cell: (3 · items², size), cells in the order of a table's `ravel`."""
    n = model.n_items
    by = residuals(model, x).reshape(-1, 3 * n * n)
    cell = np.arange(3 * n * n)
    left, right = cell // n % n, cell % n
    entries = [(by[0], left), (-by[0], right)]
    if model.has_side:
        entries.append((by[0], np.full(cell.shape, model.side_at)))
    if model.ties is Ties.DAVIDSON:
        entries.append((by[1], np.full(cell.shape, model.tie_at)))
    values, places = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return scipy.sparse.coo_array((values, (np.tile(cell, len(entries)), places)), shape=(len(cell), model.size)).tocsr()


def derivative_along(model: ScoreModel, x: Floats, direction: Floats) -> Floats:
    """The derivative of one vote of each cell in a direction (size,) of the parameters: (3 · items²,)."""
    n = model.n_items
    by = residuals(model, x)
    along = by[0] * (direction[:n, None] - direction[:n] + (direction[model.side_at] if model.has_side else 0.0))
    if model.ties is Ties.DAVIDSON:
        along = along + by[1] * direction[model.tie_at]
    return np.asarray(along.ravel())


def eta_information(model: ScoreModel, x: Floats) -> Floats:
    """What one vote tells of η, in each cell: (items, items)."""
    p, q, _ = shares(model, x)
    return np.asarray((p + q - (p - q) ** 2) / 4 if model.ties is Ties.DAVIDSON else p * q)


def information(model: ScoreModel, met: Floats, x: Floats) -> Floats:
    """Minus the second derivative of votes in numbers `met` (…, items, items): (…, size, size)."""
    n = model.n_items
    p, q, t = shares(model, x)
    is_davidson = model.ties is Ties.DAVIDSON
    weight = met * eta_information(model, x)
    result = np.zeros((*met.shape[:-2], model.size, model.size))
    theta = result[..., :n, :n]
    theta -= weight + weight.swapaxes(-1, -2)
    place = np.arange(n)
    theta[..., place, place] += weight.sum(axis=-1) + weight.sum(axis=-2)
    if model.has_side:
        along = weight.sum(axis=-1) - weight.sum(axis=-2)
        result[..., :n, model.side_at] = result[..., model.side_at, :n] = along
        result[..., model.side_at, model.side_at] = weight.sum(axis=(-1, -2))
    if is_davidson:
        cross = -met * t * (p - q) / 2
        along = cross.sum(axis=-1) - cross.sum(axis=-2)
        result[..., :n, model.tie_at] = result[..., model.tie_at, :n] = along
        if model.has_side:
            result[..., model.side_at, model.tie_at] = result[..., model.tie_at, model.side_at] = cross.sum(axis=(-1, -2))
        result[..., model.tie_at, model.tie_at] = (met * t * (1 - t)).sum(axis=(-1, -2))
    return result


def anchored(model: ScoreModel, bend: Floats) -> Floats:
    """Invertible: shifting all scores together, which changes no vote's probability, is held back. Shape (…, size, size)."""
    n = model.n_items
    result = bend.copy()
    scale = np.maximum(np.trace(bend[..., :n, :n], axis1=-2, axis2=-1) / n, 1e-12)
    result[..., :n, :n] += np.asarray(scale / n)[..., None, None]
    if model.ties is Ties.DAVIDSON:  # all ties, or none
        result[..., model.tie_at, model.tie_at] += 1e-9 * scale
    return result


def _objective(model: ScoreModel, table: Floats, x: Floats, ridge: float) -> float:
    eta = differences(model, x)
    if model.ties is not Ties.DAVIDSON:
        value = (table[LEFT] + table[TIE] / 2) * log_sigmoid(eta) + (table[RIGHT] + table[TIE] / 2) * log_sigmoid(-eta)
    else:
        log_nu = x[model.tie_at]
        total = np.logaddexp(np.logaddexp(eta / 2, -eta / 2), log_nu)
        value = (table[LEFT] - table[RIGHT]) * eta / 2 + table[TIE] * log_nu - table.sum(axis=0) * total
    return float(value.sum()) - ridge / 2 * float(x @ x)


def _gradient(model: ScoreModel, table: Floats, x: Floats) -> Floats:
    n = model.n_items
    by = (residuals(model, x) * table).sum(axis=1)
    gradient = np.zeros(model.size)
    gradient[:n] = by[0].sum(axis=1) - by[0].sum(axis=0)
    if model.has_side:
        gradient[model.side_at] = by[0].sum()
    if model.ties is Ties.DAVIDSON:
        gradient[model.tie_at] = by[1].sum()
    return gradient
