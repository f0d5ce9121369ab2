"""How many votes would have to go to change an order: the most influential votes, found by their influence and refitted.

Of two neighbours on a leaderboard, the upper is above as long as the likelihood rises in the direction that pulls them apart from
the point where they are equal. At that point, with all other scores as likely as can be,

    e_v = (e_i - e_j)ᵀ A⁻¹ s_v / ((e_i - e_j)ᵀ A⁻¹ (e_i - e_j))

is how strongly vote v pulls i above j (s_v being its derivative, A the information): their sum is the slope of the likelihood. So
the votes with the largest e_v go first. After some have gone, the point where both are equal is found again and influences are
computed anew, until the other is above. Then it is tried whether fewer suffice: with the influences at the end, which are nearer
to the truth than those at the start, and, of few votes, by exchanging single ones. What is returned has been refitted: without
these votes the order is another. That no smaller set does the same is not proven, but in small cases, where all sets can be
tried, none does (see the tests).

Votes of one cell (same items, sides and winner) have the same influence, so the number of votes hardly matters for the time.
Equal scores are no change of order. Where the votes that are left connect nothing any more, a tiny ridge decides.

T. Broderick, R. Giordano and R. Meager, "An automatic finite-sample robustness metric: when can dropping a little data make a
big difference?", arXiv:2011.14999 (2020).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from annotator.consensus.codes import Floats, Ints, totals
from annotator.consensus.score_model import ScoreModel, anchored, derivative_along, fit_scores, information

RIDGE = 1e-6  # of a vote
EQUAL = 1e-4  # of a vote: what the ridge may do
ROUNDS_MAX = 60
EXCHANGE_MAX = 50  # votes: of more, one vote does not matter
WEIGHT_LEVELS = 64


class Kinds(NamedTuple):
    """Votes that are alike: columns of one length."""

    cell: Ints  # (winner · items + left) · items + right
    weight: Floats  # of each vote
    number: Ints  # of votes


class OrderChange(NamedTuple):
    upper: int
    lower: int
    votes: int | None  # the fewest found; None where no set was found
    kinds: Kinds  # those votes


def kinds_of(cell: Ints, weight: Floats | None, *, n_cells: int) -> Kinds:
    """Votes by what they are. Many different weights are put into levels by rounding."""
    if weight is None:
        number = np.bincount(cell, minlength=n_cells)
        there = np.flatnonzero(number)
        return Kinds(there, np.ones(len(there)), number[there])
    levels, level = np.unique(weight, return_inverse=True)
    if len(levels) > WEIGHT_LEVELS:
        edges = np.quantile(weight, np.linspace(0, 1, WEIGHT_LEVELS + 1)[1:-1])
        level = np.searchsorted(edges, weight)
        number = np.bincount(level, minlength=WEIGHT_LEVELS)
        levels = np.bincount(level, weights=weight, minlength=WEIGHT_LEVELS) / np.maximum(number, 1)
    number = np.bincount(cell.astype(np.int64) * len(levels) + level.reshape(-1))
    there = np.flatnonzero(number * (levels[np.arange(len(number)) % len(levels)] > 0))
    return Kinds(there // len(levels), levels[there % len(levels)], number[there])


def order_changes(model: ScoreModel, kinds: Kinds, score: Floats) -> list[OrderChange]:
    """Of each two neighbours in the order of their scores (items,), best first, the votes that would have to go."""
    order = np.argsort(-score, kind="stable").tolist()
    return [votes_to_change(model, kinds, upper, lower) for upper, lower in pairwise(order)]


def votes_to_change(model: ScoreModel, kinds: Kinds, upper: int, lower: int) -> OrderChange:
    """The fewest votes found without which the score of `lower` is above that of `upper`."""
    search = _Search(model, kinds, upper, lower)
    gone = search.descend()
    if gone is None:
        return OrderChange(upper, lower, None, Kinds(kinds.cell[:0], kinds.weight[:0], kinds.number[:0]))
    gone = search.shrink(gone)
    there = gone > 0
    return OrderChange(upper, lower, int(gone.sum()), Kinds(kinds.cell[there], kinds.weight[there], gone[there]))


class _Search:
    def __init__(self, model: ScoreModel, kinds: Kinds, upper: int, lower: int) -> None:
        self.model, self.kinds, self.upper, self.lower = model, kinds, upper, lower
        n = model.n_items
        self.start: Floats | None = None
        # With both items as one: the last takes the place of the lower.
        self.merged_model = model._replace(n_items=n - 1)
        place = np.arange(n)
        place[lower] = upper
        place = np.where(place > lower, place - 1, place)
        self.place = place
        winner, left, right = np.unravel_index(kinds.cell, (3, n, n))
        self.merged_cell = np.ravel_multi_index((winner, place[left], place[right]), (3, n - 1, n - 1))

    def descend(self) -> Ints | None:
        """Votes of each kind that go, by influence, computed anew after each portion."""
        gone = np.zeros_like(self.kinds.number)
        for _ in range(ROUNDS_MAX):
            distance, influence = self.look(gone)
            if distance < -EQUAL:
                return gone
            more = self.most(influence, self.kinds.number - gone, distance)
            if more is None:
                return None
            gone = gone + more
        return None

    def shrink(self, gone: Ints) -> Ints:
        """Fewer votes, as long as fewer are found."""
        for _ in range(ROUNDS_MAX):
            number = int(gone.sum())
            influence = self.look(gone)[1]
            better = self.fewer(influence, number) or (self.exchange(gone, influence) if number <= EXCHANGE_MAX else None)
            if better is None:
                return gone
            gone = better[0]
        return gone

    def fewer(self, influence: Floats, number: int) -> tuple[Ints] | None:
        """One vote less, chosen from all votes with these influences."""
        gone = np.zeros_like(self.kinds.number)
        for _ in range(3):
            gone = self.first(influence, number - 1)
            distance, influence = self.look(gone)
            if distance < -EQUAL:
                return (gone,)
        return None

    def exchange(self, gone: Ints, influence: Floats) -> tuple[Ints] | None:
        """One vote less and another in place of one: the weakest of those that go for the strongest of those that stay."""
        kept = self.kinds.number - gone
        weakest = np.flatnonzero(gone)[np.argsort(influence[gone > 0], kind="stable")][:3].tolist()
        strongest = np.flatnonzero(kept)[np.argsort(-influence[kept > 0], kind="stable")][:3].tolist()
        for out in weakest:
            fewer = gone.copy()
            fewer[out] -= 1
            for again in np.flatnonzero(fewer)[np.argsort(influence[fewer > 0], kind="stable")][:3].tolist():
                for into in strongest:
                    other = fewer.copy()
                    other[again] -= 1
                    other[into] += 1
                    if (other != fewer).any() and self.look(other)[0] < -EQUAL:
                        return (other,)
            if self.look(fewer)[0] < -EQUAL:
                return (fewer,)
        return None

    def most(self, influence: Floats, kept: Ints, distance: float) -> Ints | None:
        """The votes with most influence that, were it to stay as it is, take the distance away: half of them where it is many."""
        order = np.argsort(-influence, kind="stable")
        order = order[(influence[order] > 0) & (kept[order] > 0)]
        if not len(order):
            return None
        needed = np.cumsum(influence[order] * kept[order])
        last = min(int(np.searchsorted(needed, distance + EQUAL)), len(order) - 1)
        more = np.zeros_like(kept)
        more[order[:last]] = kept[order[:last]]
        missing = distance + EQUAL - (needed[last - 1] if last else 0.0)
        more[order[last]] = min(kept[order[last]], max(1, int(np.ceil(missing / influence[order[last]]))))
        return more

    def first(self, influence: Floats, number: int) -> Ints:
        """So many votes with most influence."""
        order = np.argsort(-influence, kind="stable")
        before = np.cumsum(self.kinds.number[order]) - self.kinds.number[order]
        gone = np.zeros_like(self.kinds.number)
        gone[order] = np.clip(number - before, 0, self.kinds.number[order])
        return gone

    def look(self, gone: Ints) -> tuple[float, Floats]:
        """How strongly the votes that stay pull the upper above the lower, in votes, and what one vote of each kind adds."""
        n, weight = self.model.n_items, self.kinds.weight * (self.kinds.number - gone)
        merged = totals(self.merged_cell, weight, 3 * (n - 1) ** 2).reshape(3, n - 1, n - 1)
        table = merged * (1 - np.eye(n - 1))  # votes between the two say nothing of where others are
        fit = fit_scores(self.merged_model, table, start=self.start, ridge=RIDGE)
        self.start = fit.parameters
        x = np.concatenate([fit.parameters[self.place], fit.parameters[n - 1 :]])
        whole = totals(self.kinds.cell, weight, 3 * n * n)
        met = whole.reshape(3, n, n).sum(axis=0)
        bend = information(self.model, met, x) + RIDGE * np.eye(self.model.size)
        contrast = np.zeros(self.model.size)
        contrast[self.upper], contrast[self.lower] = 1, -1
        along = np.linalg.solve(anchored(self.model, bend), contrast)
        by_cell = derivative_along(self.model, x, along / (contrast @ along))
        return float(whole @ by_cell), np.asarray(by_cell[self.kinds.cell] * self.kinds.weight)
