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
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE
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
        """Of each generator: half of what the left rate of taking it is above the right. NaN where it was on one side only."""
        return (self.on_left.rate - self.on_right.rate) / 2


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
    limits = {"annotator": n_annotators, "left": n_generators, "right": n_generators, "winner": 3}
    by, on_left, on_right, won = checked_codes(limits, annotator=annotator, left=left, right=right, winner=winner)
    is_decided = won != TIE
    by, on_left, on_right, won = by[is_decided], on_left[is_decided], on_right[is_decided], won[is_decided]

    def share(codes: Ints, side: int, size: int) -> Share:
        votes = np.bincount(codes, minlength=size)
        return share_of(np.bincount(codes[won == side], minlength=size), votes, confidence=confidence)

    return PositionBias(
        overall=share(np.zeros_like(won), LEFT, 1),
        annotators=share(by, LEFT, n_annotators),
        on_left=share(on_left, LEFT, n_generators),
        on_right=share(on_right, RIGHT, n_generators),
        ties=int((~is_decided).sum()),
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
