"""What stopping early saves and costs: by hand, and where the truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from annotator.consensus.majority import majority_of_counts
from annotator.scoring.statistics.stopping import replay_rule, stopping_of
from tests.scoring.statistics.simulated import coin_flips, simulated, tastes


def test_with_fixed_overlap_nothing_is_saved():
    assert stopping_of(simulated(0, probabilities=coin_flips(10), votes_wanted=3, votes_max=3, audit_rate=1.0)) is None


def test_the_rule_is_replayed_vote_by_vote():
    data = simulated(0, probabilities=tastes(1, 200, 0.9), audit_rate=1.0)
    replay = replay_rule(data, np.arange(200))
    given = data.votes.choice.reshape(200, 7)
    for pair in range(200):
        agreed = given[pair, 0] == given[pair, 1]
        assert (replay.spent[pair] == 2) == agreed  # where people agree, two who do are enough, and two who do not are not
        at_stop = np.bincount(given[pair, : replay.spent[pair]], minlength=4)
        assert replay.label[pair] == majority_of_counts(at_stop[None, :]).label[0]
        assert replay.final[pair] == majority_of_counts(np.bincount(given[pair], minlength=4)[None, :]).label[0]


@pytest.mark.parametrize("level", [0.65, 0.85])
def test_what_the_audit_share_says_is_what_the_rule_did(level):
    """A small share says of the whole campaign what it saved, within its interval."""
    shares = tastes(3, 20_000, level)
    everything = simulated(4, probabilities=shares, votes_wanted=7)
    ruled = simulated(4, probabilities=shares, prior=everything.priors[0])
    spent = ruled.primary_counts.sum(axis=1)
    found = stopping_of(simulated(5, probabilities=shares, audit_rate=0.05, prior=everything.priors[0]))
    assert found.audit_pairs_complete == found.audit_pairs == found.stopped_early.n
    assert 900 <= found.audit_pairs <= 1100
    for estimate, truth in ((found.votes_saved, 1 - spent.mean() / 7), (found.votes_per_pair, spent.mean())):
        width = estimate.upper - estimate.lower
        assert estimate.lower - width / 2 <= truth <= estimate.upper + width / 2
    assert found.stopped_early.lower - 0.01 <= (spent < 7).mean() <= found.stopped_early.upper + 0.01


def test_where_people_agree_it_saves_much_and_on_coin_flips_nothing():
    agreed, flipped = (
        stopping_of(simulated(1, probabilities=shares, audit_rate=1.0)) for shares in (tastes(2, 1000, 0.9), coin_flips(1000))
    )
    assert agreed.votes_saved.value > 0.5
    assert agreed.label_differs.rate < 0.1
    assert flipped.votes_saved.value < 0.02
    assert flipped.stopped_early.rate < 0.05


def test_audit_pairs_without_all_their_votes_are_not_used():
    data = simulated(0, probabilities=coin_flips(20), audit_rate=1.0)
    unfinished = data.votes.where(~((data.votes.pair == 0) & (data.votes.rank == 6)))
    found = stopping_of(dataclasses.replace(data, votes=unfinished))
    assert (found.audit_pairs, found.audit_pairs_complete) == (20, 19)


def test_without_audit_pairs_nothing_is_known():
    found = stopping_of(simulated(0, probabilities=coin_flips(20)))
    assert (found.audit_pairs, found.votes_saved.value, found.stopped_early.rate) == (0, None, None)
    assert (found.stopped_early.lower, found.stopped_early.upper) == (0.0, 1.0)


def test_no_wrong_label_among_few_pairs_is_no_proof_that_there_are_none():
    found = stopping_of(simulated(0, probabilities=np.tile([1.0, 0, 0, 0], (60, 1)), audit_rate=1.0))
    assert (found.label_differs.k, found.label_differs.n, found.label_differs.lower) == (0, 60, 0.0)
    assert found.label_differs.upper > 0.05
    assert found.votes_per_pair.value == 2


def test_pairs_that_another_rule_gives_more_votes_are_none_of_its_business():
    data = simulated(0, probabilities=coin_flips(100), audit_rate=0.5)
    can_stop = np.arange(100) % 2 == 0
    mixed = dataclasses.replace(data, pairs=dataclasses.replace(data.pairs, can_stop_early=can_stop))
    assert stopping_of(mixed).audit_pairs == (data.pairs.is_audit & can_stop).sum()
    assert not mixed.stopped_early[~can_stop].any()
    assert mixed.stopped_early.any()
    assert (
        stopping_of(dataclasses.replace(data, pairs=dataclasses.replace(data.pairs, can_stop_early=~can_stop & can_stop))) is None
    )
