"""Weights: the places of votes, what early stopping does to scores and what undoes it, and pairs drawn unequally."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.leaderboard import leaderboard
from annotator.consensus.vote_weights import fixed_overlap_weights, inclusion_weights, places_in_pair
from tests.consensus.campaigns import campaign

SCORE = np.array([0.8, 0.4, 0.0, -0.3, -0.9])


def test_places_are_counted_within_each_pair():
    assert places_in_pair([3, 1, 3, 3, 1]).tolist() == [0, 0, 1, 2, 1]
    assert places_in_pair([3, 1, 3, 3, 1], [9, 2, 7, 8, 1]).tolist() == [2, 1, 0, 1, 0]
    assert places_in_pair([]).tolist() == []


def test_only_the_first_votes_count_and_all_of_pairs_that_never_stop():
    weight = fixed_overlap_weights([0, 0, 0, 1, 1, 1, 1], votes_first=2, never_stops=[0, 0, 0, 1, 1, 1, 1])
    assert weight.tolist() == [1, 1, 0, 0.5, 0.5, 0.5, 0.5]


def test_it_refuses_to_count_no_votes():
    with pytest.raises(ValueError, match="at least 1"):
        fixed_overlap_weights([0], votes_first=0)


def test_inclusion_weights_are_the_inverse_and_one_on_average():
    weight = inclusion_weights([0.5, 0.25, 0.25])
    assert weight[1] == pytest.approx(2 * weight[0])
    assert weight.mean() == pytest.approx(1)
    for wrong in ([0.5, 0.0], [0.5, np.nan]):
        with pytest.raises(ValueError, match="above 0"):
            inclusion_weights(wrong)


def stopped(votes, *, least: int, margin: int, never_stops: np.ndarray):
    """Which votes would have come if a pair stopped when one image is ahead by a margin."""
    place = places_in_pair(votes.pair)
    first = np.minimum(votes.left, votes.right)
    for_first = np.where(votes.winner == 2, 0, np.where((votes.winner == 0) == (votes.left == first), 1, -1))
    lead = np.zeros((votes.pair.max() + 1, place.max() + 1))
    lead[votes.pair, place] = for_first
    lead = np.abs(lead.cumsum(axis=1))
    may_stop = (lead >= margin) & (np.arange(lead.shape[1]) + 1 >= least)
    has_stopped = np.cumsum(may_stop, axis=1) - may_stop > 0
    return never_stops | ~has_stopped[votes.pair, place]


def test_early_stopping_draws_scores_together_and_the_weights_undo_it():
    ranges: dict[str, list[float]] = {"all": [], "stopped": [], "weighted": []}
    for seed in range(8):
        votes = campaign(seed, SCORE, prompts=250, votes=7, people=12, taste_spread=0.0, ties=0.0)
        is_audited = (np.random.default_rng(seed).random(votes.pair.max() + 1) < 0.05)[votes.pair]
        came = stopped(votes, least=2, margin=2, never_stops=is_audited)
        pair, never = votes.pair[came], is_audited[came]
        weight = fixed_overlap_weights(pair, votes_first=2, never_stops=never)
        cut = [column[came] for column in votes.votes]
        ranges["all"].append(np.ptp(leaderboard(*votes.votes, n_items=5).score))
        ranges["stopped"].append(np.ptp(leaderboard(*cut, n_items=5).score))
        ranges["weighted"].append(np.ptp(leaderboard(*cut, n_items=5, weight=weight).score))
    of_all, of_stopped, of_weighted = (np.mean(found) for found in ranges.values())
    assert of_stopped < 0.93 * of_all
    assert of_weighted == pytest.approx(of_all, rel=0.02)


def test_inclusion_weights_bring_back_what_unequal_drawing_hid():
    # Prompts of two kinds, on which the order is the opposite; the second kind is drawn with a quarter of the probability.
    first = campaign(1, np.array([1.0, 0.0, -1.0]), prompts=200, pair_spread=0)
    second = campaign(2, np.array([-1.0, 0.0, 1.0]), prompts=50, pair_spread=0)
    left, right, winner = (np.concatenate(columns) for columns in zip(first.votes, second.votes, strict=True))
    inclusion = np.concatenate([np.full(len(first.left), 1.0), np.full(len(second.left), 0.25)])
    plain = leaderboard(left, right, winner, n_items=3)
    weighted = leaderboard(left, right, winner, n_items=3, weight=inclusion_weights(inclusion))
    assert plain.score[0] > 0.4
    assert weighted.score == pytest.approx(0, abs=0.1)
