"""The shapes are what they say: checked against integrals and against drawn splits."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from annotator.consensus.split_shapes import CONCENTRATIONS, shapes_of, top_of


@pytest.mark.parametrize("n_choices", [2, 3, 4, 5, 9])
def test_weights_and_splits_sum_to_one(n_choices):
    shapes = shapes_of(n_choices)

    assert shapes.split.sum(axis=1) == pytest.approx(1)
    assert shapes.split.min() > 0
    assert shapes.weight.sum(axis=0) == pytest.approx(1)
    assert shapes.prior.sum() == pytest.approx(1)
    assert len(shapes.split) == len(shapes.orders) * len(shapes.weight)


@pytest.mark.parametrize("n_choices", [2, 3, 4])
def test_no_choice_is_ahead_of_another(n_choices):
    shapes = shapes_of(n_choices)

    for weight in shapes.weight.T:
        mean = np.tile(weight, len(shapes.orders)) / len(shapes.orders) @ shapes.split
        assert mean == pytest.approx(1 / n_choices)


@pytest.mark.parametrize("votes", [(1, 0), (3, 0), (2, 1), (5, 0), (6, 3)])
def test_two_choices_give_the_integral_of_the_beta_distribution(votes):
    shapes = shapes_of(2)
    likelihood = np.prod(shapes.split ** np.array(votes), axis=1)

    for place, concentration in enumerate(CONCENTRATIONS):
        weight = np.tile(shapes.weight[:, place], 2) * likelihood
        found = weight @ top_of(shapes.split)[:, 0] / weight.sum()
        expected = scipy.stats.beta.sf(0.5, concentration / 2 + votes[0], concentration / 2 + votes[1])
        assert found == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("n_choices", [3, 4, 5])
def test_more_choices_give_what_drawn_splits_give(n_choices):
    shapes = shapes_of(n_choices)
    rng = np.random.default_rng(1)
    votes = np.array([3, 1, *[0] * (n_choices - 2)])

    for place in (1, 3, 5):
        drawn = rng.dirichlet(np.full(n_choices, CONCENTRATIONS[place] / n_choices), 100_000)
        likelihood = np.prod(drawn**votes, axis=1)
        expected = likelihood[drawn.argmax(axis=1) == 0].sum() / likelihood.sum()
        weight = np.tile(shapes.weight[:, place], len(shapes.orders)) * np.prod(shapes.split**votes, axis=1)
        assert weight @ top_of(shapes.split)[:, 0] / weight.sum() == pytest.approx(expected, abs=0.06)


def test_a_shared_lead_is_shared():
    assert top_of(np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]])).tolist() == [[0.5, 0.5, 0], [0, 0, 1]]
