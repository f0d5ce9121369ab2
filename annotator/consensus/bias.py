"""Position bias: how often the left image was taken, with exact intervals.

Of n votes that are no ties, k took the left image. Where sides were balanced, k is binomial with n and 1/2 whatever the
images are, so the p-value is of that. The intervals are those of Clopper and Pearson (see `binomial`). Of a generator, two
shares are told apart: how often it was taken where it was on the left, and where it was on the right. Without an effect of
the side they are the same, however good it is; the side effect is half their difference, which is how much being on the left
adds to it.

It assumes that sides were drawn at random or balanced. Where one generator was mostly on one side, the left rate holds its
strength too; then only the two shares of each generator, and `noisy_bradley_terry`, tell bias from strength.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.binomial import clopper_pearson, even_p_value
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, count_sides
from annotator.consensus.codes import Floats, Ints, checked_codes


class Share(NamedTuple):
    """Of `votes`, `taken`: columns of one length. Without votes the rate is NaN and the interval 0 to 1."""

    votes: Ints
    taken: Ints
    rate: Floats
    lower: Floats
    upper: Floats
    p_value: Floats  # that it is a half


class PositionBias(NamedTuple):
    overall: Share  # (1,): votes for the left image
    annotators: Share  # (annotators,): the same of each
    on_left: Share  # (generators,): votes for it where it was on the left
    on_right: Share  # (generators,): and where it was on the right
    ties: int  # that are left out

    @property
    def side_effect(self) -> Floats:
        return side_effect(self.on_left, self.on_right)


def side_effect(on_left: Share, on_right: Share) -> Floats:
    """Of each generator: half of what the left rate of taking it is above the right. NaN where it was on one side only."""
    return (on_left.rate - on_right.rate) / 2


def position_bias(
    annotator: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    winner: ArrayLike,
    *,
    n_annotators: int,
    n_generators: int,
    confidence: float = 0.95,
) -> PositionBias:
    """Left rates from votes, one per row: codes of shape (votes,), `winner` LEFT, RIGHT or TIE.

    Raises:
        ValueError: codes out of range, or columns of different lengths.
    """
    sides = count_sides(left, right, winner, n_generators=n_generators)
    limits = {"annotator": n_annotators, "winner": 3}
    by, won = checked_codes(limits, annotator=annotator, winner=winner)
    of_each, left_of_each = (np.bincount(by[which], minlength=n_annotators) for which in (won != TIE, won == LEFT))
    overall, on_left, on_right, ties = side_shares(sides, confidence=confidence)
    annotators = share_of(left_of_each, of_each, confidence=confidence)
    return PositionBias(overall=overall, annotators=annotators, on_left=on_left, on_right=on_right, ties=ties)


def side_shares(sides: Ints, *, confidence: float = 0.95) -> tuple[Share, Share, Share, int]:
    """Of votes as `count_sides` counts them: the share of the left image, (1,); that of each generator where it was on the left,
    and on the right; and the ties, which are left out."""
    decided = sides[LEFT] + sides[RIGHT]
    return (
        share_of([sides[LEFT].sum()], [decided.sum()], confidence=confidence),
        share_of(sides[LEFT].sum(axis=1), decided.sum(axis=1), confidence=confidence),
        share_of(sides[RIGHT].sum(axis=0), decided.sum(axis=0), confidence=confidence),
        int(sides[TIE].sum()),
    )


def share_of(taken: ArrayLike, votes: ArrayLike, *, confidence: float = 0.95) -> Share:
    """Rates, exact intervals and p-values for columns of counts. Those that are alike are computed once."""
    taken, votes = np.asarray(taken, dtype=np.int64), np.asarray(votes, dtype=np.int64)
    different, back = np.unique(np.stack([taken, votes], axis=1), axis=0, return_inverse=True)
    lower, upper = clopper_pearson(different[:, 0], different[:, 1], confidence=confidence)
    p_value = even_p_value(different[:, 0], different[:, 1])
    back = back.reshape(-1)
    return Share(
        votes=votes,
        taken=taken,
        rate=np.divide(taken, votes, out=np.full(votes.shape, np.nan), where=votes > 0),
        lower=lower[back],
        upper=upper[back],
        p_value=p_value[back],
    )
