"""Labels by the methods that need all votes: the same from the same votes, whatever order they come in."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.choices import ConsensusMethod
from annotator.scoring.labels import CHOICES, CampaignLabels, labels_by

METHODS = ["dawid_skene", "one_coin", "mace", "auto"]
A, B, BOTH_GOOD, BOTH_BAD = range(4)


def crowd(seed: int = 3, pairs: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Votes of two who know and three who mostly say b, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, pairs)
    pair, member = (each.ravel() for each in np.meshgrid(np.arange(pairs), np.arange(5), indexing="ij"))
    knows = rng.random(len(pair)) < np.where(member < 2, 0.97, 0.1)
    return pair, member, np.where(knows, truth[pair], B), truth


def as_lists(labels: CampaignLabels) -> list:
    return [column.tolist() for column in labels[:-1]]


def test_those_who_know_decide_though_they_are_fewer():
    pair, member, choice, truth = crowd()
    labels = labels_by("dawid_skene", pair, member, choice, asked=CHOICES)
    assert (labels.label == truth).mean() > 0.9
    majority = labels.counts.argmax(axis=1)
    assert (majority == truth).mean() < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_votes_changes_nothing_to_the_last_bit(method):
    pair, member, choice, _ = crowd()
    order = np.random.default_rng(1).permutation(len(pair))
    there = labels_by(method, pair, member, choice, asked=CHOICES)
    shuffled = labels_by(method, pair[order], member[order], choice[order], asked=CHOICES)
    assert as_lists(there) == as_lists(shuffled)
    assert there.fit == shuffled.fit


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_how_it_came_about(method):
    pair, member, choice, truth = crowd()
    labels = labels_by(method, pair, member, choice, asked=CHOICES)
    assert labels.fit.converged
    assert labels.fit.iterations > 1
    assert labels.posterior.sum(axis=1) == pytest.approx(1, abs=1e-8)
    if method != "auto":
        assert (labels.fit.method, labels.fit.reason, labels.fit.held_out) == (method, "", {})
    if method != "one_coin":  # it takes three who agree on b for the better ones
        assert (labels.label == truth).mean() > 0.8


def test_auto_says_what_it_chose_and_why():
    pair, member, choice, _ = crowd(pairs=120)
    labels = labels_by("auto", pair, member, choice, asked=CHOICES)
    best = max(labels.fit.held_out, key=lambda name: labels.fit.held_out[name] or -9)
    assert labels.fit.method == best != "majority"
    assert best in labels.fit.reason
    assert as_lists(labels) == as_lists(labels_by(best, pair, member, choice, asked=CHOICES))


def test_auto_counts_votes_where_everybody_is_alike():
    rng = np.random.default_rng(1)
    pair, member = (each.ravel() for each in np.meshgrid(np.arange(60), np.arange(5), indexing="ij"))
    labels = labels_by("auto", pair, member, rng.integers(0, 4, len(pair)), asked=CHOICES)
    assert labels.fit.method == ConsensusMethod.MAJORITY
    assert labels.posterior.tolist() == (labels.counts / 5).tolist()
    assert labels.confidence.tolist() == labels.posterior.max(axis=1).tolist()


def test_auto_cannot_tell_from_single_votes():
    labels = labels_by("auto", np.array([1, 2]), np.array([1, 1]), np.array([A, B]), asked=CHOICES)
    assert labels.fit.method == ConsensusMethod.MAJORITY
    assert set(labels.fit.held_out.values()) == {None}


def test_it_tells_when_it_did_not_converge(monkeypatch):
    monkeypatch.setattr("annotator.consensus.em.MEAN_PART", -1)  # then no step is small enough
    rng = np.random.default_rng(4)
    votes = np.repeat(np.arange(20), 3), np.tile(np.arange(3), 20), rng.integers(0, 2, 60)
    assert not labels_by("dawid_skene", *votes, asked=["a", "b"]).fit.converged


def test_pairs_and_members_may_have_any_numbers():
    pair, member, choice, _ = crowd()
    plain = labels_by("dawid_skene", pair, member, choice, asked=CHOICES)
    labels = labels_by("dawid_skene", pair * 7 + 1000, member + 50, choice, asked=CHOICES)
    assert labels.pair.tolist() == (plain.pair * 7 + 1000).tolist()
    assert as_lists(labels)[1:] == as_lists(plain)[1:]


def test_soft_labels_sum_to_one_and_confidence_is_the_largest():
    pair, member, choice, _ = crowd()
    labels = labels_by("dawid_skene", pair, member, choice, asked=CHOICES)
    assert labels.posterior.sum(axis=1) == pytest.approx(1, abs=1e-8)
    assert labels.confidence.tolist() == labels.posterior.max(axis=1).tolist()
    assert labels.counts.sum(axis=1).tolist() == [5] * len(labels.pair)


def test_a_choice_that_is_not_asked_for_gets_no_votes_and_no_share():
    votes = np.array([1, 1, 2, 2]), np.array([7, 8, 7, 8]), np.array([A, B, A, BOTH_BAD])
    labels = labels_by("dawid_skene", *votes, asked=["a", "b"])
    assert labels.counts.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0]]
    assert labels.posterior[:, [BOTH_GOOD, BOTH_BAD]].tolist() == [[0, 0], [0, 0]]


def test_two_who_say_the_opposite_once_leave_a_tie():
    votes = np.array([1, 1]), np.array([7, 8]), np.array([A, B])
    labels = labels_by("dawid_skene", *votes, asked=["a", "b"])
    assert (labels.label.tolist(), labels.confidence.tolist()) == ([len(CHOICES)], [0.5])
