"""Ranks and the probability to be first: where the truth is known, and where all are alike."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.rank_intervals import above, certainly_above, difference_errors, first_shares, rank_intervals

INFINITE = np.inf


def centred(covariance):
    centre = np.eye(len(covariance)) - 1 / len(covariance)
    return centre @ covariance @ centre


def drawn(rng, truth, covariance):
    return centred(np.eye(len(truth))) @ rng.multivariate_normal(truth, covariance)


def test_the_error_of_a_difference_counts_what_two_scores_share():
    covariance = np.array([[2.0, 1.5], [1.5, 2.0]])
    assert difference_errors(covariance)[0, 1] == pytest.approx(1.0)


def test_a_difference_of_two_standard_errors_is_probably_real():
    score, covariance = np.array([2.0, 0.0]), np.eye(2) / 2
    shares = above(score, covariance, np.full(2, INFINITE))
    assert shares[0, 1] == pytest.approx(0.97725, abs=1e-5)
    assert shares[0, 1] + shares[1, 0] == pytest.approx(1)
    assert above(score, covariance, np.full(2, 5.0))[0, 1] < 0.96


def test_scores_far_apart_have_one_rank_each_and_like_ones_share_theirs():
    score = np.array([0.0, 3.0, 3.05, -3.0])
    lower, upper = rank_intervals(score, centred(np.eye(4) * 0.01), np.full(4, 50.0))
    assert lower.tolist() == [3, 1, 1, 4]
    assert upper.tolist() == [3, 2, 2, 4]


@pytest.mark.parametrize("degrees", [INFINITE, 12.0])
@pytest.mark.parametrize("truth", [np.zeros(5), np.array([0.6, 0.6, 0.0, -0.6, -0.6])])
def test_all_ranks_are_inside_together_as_often_as_it_says(truth, degrees):
    rng = np.random.default_rng(1)
    covariance = np.diag([0.02, 0.03, 0.02, 0.05, 0.02])
    wrong = 0
    for _ in range(150):
        score = drawn(rng, truth, covariance)
        known = covariance if degrees == INFINITE else covariance * rng.chisquare(degrees) / degrees
        is_above = certainly_above(score, centred(known), np.full(5, degrees), draws=1000)
        wrong += bool((is_above & (truth[:, None] <= truth)).any())
    assert wrong / 150 <= 0.1


def test_steps_decide_more_than_one_look():
    score = np.array([5.0, 4.0, 3.0, 2.0, 0.24, 0.0])
    covariance = centred(np.eye(6) * 0.0036)
    lower, _ = rank_intervals(score, covariance, np.full(6, INFINITE))
    assert lower.tolist() == [1, 2, 3, 4, 5, 6]


def test_whoever_is_far_ahead_is_first_for_certain():
    shares = first_shares(np.array([1.0, 0.0, -1.0]), centred(np.eye(3) * 0.001), np.full(3, 30.0))
    assert shares.tolist() == [1, 0, 0]


def test_first_shares_sum_to_one_and_come_out_the_same_again():
    score, covariance = np.array([0.3, 0.1, -0.4]), centred(np.eye(3) * 0.1)
    shares = first_shares(score, covariance, np.full(3, 20.0))
    assert shares.sum() == pytest.approx(1)
    assert shares.tolist() == first_shares(score, covariance, np.full(3, 20.0)).tolist()
    assert shares[0] > shares[1] > shares[2]


def test_fewer_clusters_make_it_less_certain_who_is_first():
    score, covariance = np.array([0.5, 0.0, -0.5]), centred(np.eye(3) * 0.05)
    assert first_shares(score, covariance, np.full(3, 3.0))[0] < first_shares(score, covariance, np.full(3, INFINITE))[0]


@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_of_those_it_gives_a_probability_so_many_are_first(spread):
    rng = np.random.default_rng(2)
    covariance = np.diag(np.linspace(0.01, 0.05, 6))
    said, was = [], []
    for _ in range(200):
        truth = rng.normal(0, spread, 6)
        said.append(first_shares(drawn(rng, truth, covariance), centred(covariance), np.full(6, INFINITE), draws=400))
        was.append(np.arange(6) == truth.argmax())
    said, was = np.concatenate(said), np.concatenate(was)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        here = (said >= low) & (said < high)
        if here.sum() > 40:
            assert was[here].mean() == pytest.approx(said[here].mean(), abs=0.12)


def test_where_all_are_alike_nobody_is_first_with_great_probability():
    rng = np.random.default_rng(3)
    covariance = np.eye(8) * 0.02
    largest = [
        first_shares(drawn(rng, np.zeros(8), covariance), centred(covariance), np.full(8, INFINITE), draws=400).max()
        for _ in range(60)
    ]
    assert np.mean(largest) < 0.4


def test_one_item_is_first():
    assert first_shares(np.zeros(1), np.zeros((1, 1)), np.ones(1)).tolist() == [1]
    assert [column.tolist() for column in rank_intervals(np.zeros(1), np.zeros((1, 1)), np.ones(1))] == [[1], [1]]
