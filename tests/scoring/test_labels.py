"""Labels by Dawid–Skene: the same from the same votes, whatever order they come in."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.scoring.labels import CHOICES, DawidSkeneLabels, dawid_skene_labels

A, B, BOTH_GOOD, BOTH_BAD = range(4)


def crowd(seed: int = 3, pairs: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Votes of two who know and three who mostly say b, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, pairs)
    pair, member = (each.ravel() for each in np.meshgrid(np.arange(pairs), np.arange(5), indexing="ij"))
    knows = rng.random(len(pair)) < np.where(member < 2, 0.97, 0.1)
    return pair, member, np.where(knows, truth[pair], B), truth


def as_lists(labels: DawidSkeneLabels) -> list:
    return [column.tolist() for column in labels]


def test_those_who_know_decide_though_they_are_fewer():
    pair, member, choice, truth = crowd()
    labels = dawid_skene_labels(pair, member, choice, asked=CHOICES)
    assert (labels.label == truth).mean() > 0.9
    majority = labels.counts.argmax(axis=1)
    assert (majority == truth).mean() < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_votes_changes_nothing_to_the_last_bit(seed):
    pair, member, choice, _ = crowd()
    order = np.random.default_rng(seed).permutation(len(pair))
    there = dawid_skene_labels(pair, member, choice, asked=CHOICES)
    shuffled = dawid_skene_labels(pair[order], member[order], choice[order], asked=CHOICES)
    assert as_lists(there) == as_lists(shuffled)


def test_pairs_and_members_may_have_any_numbers():
    pair, member, choice, _ = crowd()
    plain = dawid_skene_labels(pair, member, choice, asked=CHOICES)
    labels = dawid_skene_labels(pair * 7 + 1000, member + 50, choice, asked=CHOICES)
    assert labels.pair.tolist() == (plain.pair * 7 + 1000).tolist()
    assert as_lists(labels)[1:] == as_lists(plain)[1:]


def test_soft_labels_sum_to_one_and_confidence_is_the_largest():
    pair, member, choice, _ = crowd()
    labels = dawid_skene_labels(pair, member, choice, asked=CHOICES)
    assert labels.posterior.sum(axis=1) == pytest.approx(1, abs=1e-8)
    assert labels.confidence.tolist() == labels.posterior.max(axis=1).tolist()
    assert labels.counts.sum(axis=1).tolist() == [5] * len(labels.pair)


def test_a_choice_that_is_not_asked_for_gets_no_votes_and_no_share():
    votes = np.array([1, 1, 2, 2]), np.array([7, 8, 7, 8]), np.array([A, B, A, BOTH_BAD])
    labels = dawid_skene_labels(*votes, asked=["a", "b"])
    assert labels.counts.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0]]
    assert labels.posterior[:, [BOTH_GOOD, BOTH_BAD]].tolist() == [[0, 0], [0, 0]]


def test_two_who_say_the_opposite_once_leave_a_tie():
    votes = np.array([1, 1]), np.array([7, 8]), np.array([A, B])
    labels = dawid_skene_labels(*votes, asked=["a", "b"])
    assert (labels.label.tolist(), labels.confidence.tolist()) == ([len(CHOICES)], [0.5])
