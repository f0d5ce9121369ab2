from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.stopping import is_decided, posterior

# votes for a, b, both_good, both_bad; the probability of the leader at accuracy 0.75, where a vote weighs nine to one
CASES = [
    ((0, 0, 0, 0), 1 / 4),
    ((1, 0, 0, 0), 9 / 12),
    ((2, 0, 0, 0), 81 / 84),
    ((1, 1, 0, 0), 9 / 20),
    ((2, 1, 0, 0), 81 / 92),
    ((3, 1, 0, 0), 729 / 740),
    ((1, 1, 1, 1), 1 / 4),
    ((2, 2, 2, 1), 81 / 252),
    ((0, 0, 0, 3), 729 / 732),
]


@pytest.mark.parametrize(("votes", "probability"), CASES)
def test_the_posterior_of_the_leader(votes, probability):
    assert posterior([votes]) == pytest.approx([probability])


@pytest.mark.parametrize(
    ("votes", "votes_max", "stop_confidence", "decided"),
    [
        ((2, 0, 0, 0), 7, 0.95, True),
        ((1, 1, 0, 0), 7, 0.95, False),
        ((2, 1, 0, 0), 7, 0.95, False),
        ((2, 1, 0, 0), 7, 0.85, True),
        ((3, 1, 0, 0), 7, 0.95, True),
        ((3, 2, 0, 0), 7, 0.95, False),
        ((3, 2, 0, 0), 7, 0.85, True),
        ((2, 2, 2, 1), 7, 0.95, True),  # as many as there may be
        ((1, 1, 0, 0), 2, 0.95, True),  # plain fixed overlap
        ((0, 0, 0, 0), 7, 0.5, False),
    ],
)
def test_a_pair_is_decided(votes, votes_max, stop_confidence, decided):
    assert is_decided([votes], votes_max=votes_max, stop_confidence=stop_confidence).tolist() == [decided]


def test_it_is_the_rule_of_bayes_written_out():
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 5, (200, 4))
    for accuracy in (0.3, 0.6, 0.9):
        likelihood = accuracy**counts * ((1 - accuracy) / 3) ** (counts.sum(axis=1, keepdims=True) - counts)
        expected = (likelihood / likelihood.sum(axis=1, keepdims=True)).max(axis=1)
        assert posterior(counts, accuracy=accuracy) == pytest.approx(expected)


def test_a_question_with_fewer_answers_is_decided_by_its_own_odds():
    assert posterior([[2, 0, 0, 0]], n_choices=2) == pytest.approx([9 / 10])
    assert posterior([[2, 0], [2, 0]], n_choices=[2, 3]) == pytest.approx([9 / 10, 36 / 38])


def test_the_order_of_the_answers_does_not_matter():
    counts = np.array([[3, 1, 0, 2]])
    assert posterior(counts) == pytest.approx(posterior(counts[:, ::-1]))


def test_one_more_vote_for_the_leader_never_makes_it_less_probable():
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 6, (100, 4))
    more = counts.copy()
    more[np.arange(100), counts.argmax(axis=1)] += 1
    assert np.all(posterior(more) >= posterior(counts))


@pytest.mark.parametrize(("n_choices", "accuracy"), [(4, 0.25), (2, 0.5), (4, 1.0), (1, 0.9)])
def test_it_refuses_an_accuracy_no_better_than_guessing(n_choices, accuracy):
    with pytest.raises(ValueError, match="better than guessing"):
        posterior([[1, 0, 0, 0]], n_choices=n_choices, accuracy=accuracy)


def test_it_takes_no_pairs_at_all():
    assert posterior(np.zeros((0, 4))).shape == (0,)
