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


def firsts(seed, spreads, covariance, campaigns):
    """Of items whose true scores have one of these spreads: the probability said of each, and whether it is first."""
    rng = np.random.default_rng(seed)
    n, said, was = len(covariance), [], []
    for _ in range(campaigns):
        spread = rng.choice(spreads)
        truth = rng.normal(0, spread, n)
        said.append(first_shares(drawn(rng, truth, covariance), centred(covariance), np.full(n, INFINITE), draws=400))
        was.append(np.full(n, 1 / n) if spread == 0 else np.arange(n) == truth.argmax())
    return np.array(said), np.array(was)


def test_of_those_it_gives_a_probability_so_many_are_first():
    """Half of the campaigns are pure noise, and in the others chance is as much of the spread as it may be."""
    share = (np.arange(20) + 0.5) / 20
    spreads = np.concatenate([np.zeros(20), np.sqrt(0.03 * (1 / share - 1))])
    said, was = firsts(2, spreads, np.diag(np.linspace(0.01, 0.05, 6)), 600)
    place = np.minimum((said * 10).astype(int), 9)
    for tenth in range(10):
        here = place == tenth
        if here.sum() > 30:
            assert was[here].mean() == pytest.approx(said[here].mean(), abs=0.1)


@pytest.mark.parametrize("spread", [0.1, 0.3, 1.0])
def test_whoever_is_called_likely_to_be_first_is_so_at_least_as_often(spread):
    said, was = firsts(3, [spread], np.eye(6) * 0.02, 250)
    leader = said.argmax(axis=1)
    rows = np.arange(len(said))
    assert was[rows, leader].mean() >= said[rows, leader].mean() - 0.05
    if spread == 1.0:
        assert said[rows, leader].mean() > 0.85


@pytest.mark.parametrize("items", [3, 8])
def test_of_pure_noise_everybody_is_about_as_likely_to_be_first(items):
    said, _ = firsts(3, [0.0], np.eye(items) * 0.02, 80)
    assert said.max(axis=1).mean() < 1.75 / items


def test_one_item_is_first():
    assert first_shares(np.zeros(1), np.zeros((1, 1)), np.ones(1)).tolist() == [1]
    assert [column.tolist() for column in rank_intervals(np.zeros(1), np.zeros((1, 1)), np.ones(1))] == [[1], [1]]
