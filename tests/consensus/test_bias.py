"""Position bias: counts written out, an effect that is there, and one that is not."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.bias import position_bias
from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE
from tests.consensus.simulated import noisily_compared


def test_votes_are_counted_overall_by_annotator_and_by_generator():
    annotator, left, right = [0, 0, 0, 1, 1], [0, 1, 0, 2, 0], [1, 0, 2, 0, 1]
    result = position_bias(annotator, left, right, [LEFT, LEFT, TIE, RIGHT, LEFT], n_annotators=3, n_generators=3)

    assert (result.overall.taken.tolist(), result.overall.votes.tolist(), result.ties) == ([3], [4], 1)
    assert result.overall.rate == pytest.approx([0.75])
    assert (result.annotators.taken.tolist(), result.annotators.votes.tolist()) == ([2, 1, 0], [2, 2, 0])
    assert (result.on_left.taken.tolist(), result.on_left.votes.tolist()) == ([2, 1, 0], [2, 1, 1])
    assert (result.on_right.taken.tolist(), result.on_right.votes.tolist()) == ([1, 0, 0], [2, 2, 0])
    assert result.side_effect[:2] == pytest.approx([0.25, 0.5])
    assert np.isnan(result.annotators.rate[2])
    assert (result.annotators.lower[2], result.annotators.upper[2]) == (0.0, 1.0)


def test_it_finds_who_takes_the_left():
    skill, left_bias = np.array([1.0, 1.0, 0.2]), np.array([0.5, 0.5, 1.0])
    votes = noisily_compared(0, np.array([1.0, 0.0, -1.0]), skill, left_bias, votes=3000)
    result = position_bias(*votes, n_annotators=3, n_generators=3)
    assert result.annotators.lower[2] > 0.8
    assert result.annotators.p_value[2] < 1e-9
    assert np.all(result.annotators.p_value[:2] > 1e-3)
    assert np.all(result.side_effect > 0.05)


def test_the_interval_covers_at_least_as_often_as_it_says():
    taken = np.random.default_rng(0).binomial(30, 0.6, 2000)
    left = np.concatenate([np.arange(30) < k for k in taken])
    none = np.zeros(60_000, dtype=int)
    result = position_bias(
        np.repeat(np.arange(2000), 30), none, none + 1, np.where(left, LEFT, RIGHT), n_annotators=2000, n_generators=2
    )
    assert np.mean((result.annotators.lower <= 0.6) & (result.annotators.upper >= 0.6)) >= 0.95


@pytest.mark.parametrize("winner", [[], [TIE, TIE]], ids=["no votes", "all ties"])
def test_without_a_decided_vote_nothing_is_known(winner):
    column = [0] * len(winner)
    result = position_bias(column, column, [1] * len(winner), winner, n_annotators=1, n_generators=2)
    assert result.overall.votes.tolist() == [0]
    assert np.isnan(result.overall.rate).all()
    assert result.overall.p_value.tolist() == [1.0]
    assert np.isnan(result.side_effect).all()
