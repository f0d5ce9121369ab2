"""The posterior with the choices of Diptych."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.majority import NO_LABEL
from annotator.scoring.confidence import CHOICES, asked_counts, confidence_of, fit_question

A, B, GOOD, BAD, TIE = range(5)


@pytest.fixture
def counts():
    rng = np.random.default_rng(1)
    return rng.multinomial(5, rng.dirichlet([0.6, 0.6, 0.1, 0.1], 600))


def test_the_images_of_a_pair_are_treated_alike_and_their_ties_are_not(counts):
    prior = fit_question(counts, CHOICES)

    found = confidence_of(
        prior, np.array([[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]), np.array([A, B, GOOD, A]), CHOICES
    )

    assert found.confidence[0] == found.confidence[1]
    assert found.p[0].tolist() == pytest.approx(found.p[1, [1, 0, 2, 3]].tolist())
    assert found.confidence[2] < found.confidence[3]
    assert found.share.tolist() == [1, 1, 1, 1]


def test_a_choice_that_is_not_asked_has_no_share(counts):
    two = counts[:, :2].tolist()
    table = np.array([[a, b, 0, 0] for a, b in two])
    prior = fit_question(table, ["a", "b"])

    found = confidence_of(prior, table, np.full(len(table), A), ["a", "b"])

    has_votes = table.sum(axis=1) > 0
    assert np.all(found.p[has_votes, 2:] == 0)
    assert found.p[has_votes].sum(axis=1) == pytest.approx(1)
    assert asked_counts(table, ["a", "b"]).shape == (600, 2)


def test_a_tie_is_as_probable_as_the_likeliest_of_those_that_lead(counts):
    prior = fit_question(counts, CHOICES)

    found = confidence_of(prior, np.array([[2, 2, 0, 0], [2, 0, 2, 0]]), np.array([TIE, TIE]), CHOICES)
    of_a = confidence_of(prior, np.array([[2, 2, 0, 0], [2, 0, 2, 0]]), np.array([A, A]), CHOICES)

    assert found.confidence.tolist() == of_a.confidence.tolist()
    assert found.share.tolist() == [0.5, 0.5]


def test_the_label_of_another_method_has_the_confidence_of_that_label(counts):
    prior = fit_question(counts, CHOICES)
    table = np.array([[4, 1, 0, 0]] * 2)

    found = confidence_of(prior, table, np.array([A, B]), CHOICES)

    assert found.confidence[0] > 0.8 > 0.2 > found.confidence[1]
    assert found.share.tolist() == [0.8, 0.2]


def test_where_nobody_voted_there_is_nothing_to_say(counts):
    found = confidence_of(fit_question(counts, CHOICES), np.zeros((1, 4), dtype=int), np.array([NO_LABEL]), CHOICES)

    assert np.isnan([found.confidence[0], found.share[0], *found.p[0]]).all()
