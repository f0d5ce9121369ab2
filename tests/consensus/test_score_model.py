"""The model of scores: its maximum, its derivatives, and side effects that are put in and found."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, Ties, bradley_terry, count_sides
from annotator.consensus.score_model import (
    ScoreModel,
    derivative_along,
    eta_information,
    fit_scores,
    information,
    vote_scores,
    win_shares,
)
from tests.consensus.simulated import compared

SCORE = np.array([1.0, 0.4, -0.2, -1.2])
MODELS = [ScoreModel(4, ties, has_side) for ties in (Ties.HALF, Ties.DAVIDSON) for has_side in (False, True)]


def table_of(seed: int = 3, votes: int = 3000) -> np.ndarray:
    return count_sides(*compared(seed, SCORE, votes=votes, nu=0.6), n_generators=4).astype(float)


@pytest.mark.parametrize("ties", [Ties.HALF, Ties.DAVIDSON])
def test_without_a_side_its_scores_are_those_of_bradley_terry(ties):
    votes = compared(3, SCORE, votes=3000, nu=0.6)
    fit = fit_scores(ScoreModel(4, ties), count_sides(*votes, n_generators=4).astype(float))
    expected = bradley_terry(*votes, n_generators=4, ties=ties)
    assert fit.converged
    assert fit.parameters[:4] == pytest.approx(expected.score, abs=1e-8)
    if ties is Ties.DAVIDSON:
        assert np.exp(fit.parameters[4]) == pytest.approx(expected.tie_parameter, abs=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_at_the_maximum_the_votes_derivatives_cancel_out(model):
    table = table_of()
    fit = fit_scores(model, table)
    assert vote_scores(model, fit.parameters).T @ table.ravel() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_information_is_how_the_derivatives_change(model):
    table, x, step = table_of(), np.linspace(-0.5, 0.5, model.size), 1e-6
    columns = []
    for place in range(model.size):
        moved = [vote_scores(model, x + sign * step * np.eye(model.size)[place]).T @ table.ravel() for sign in (1, -1)]
        columns.append((moved[1] - moved[0]) / (2 * step))
    assert information(model, table.sum(axis=0), x) == pytest.approx(np.array(columns).T, rel=1e-5, abs=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_the_derivative_in_a_direction_is_that_of_the_parameters(model):
    x, direction = np.linspace(-0.5, 0.5, model.size), np.arange(model.size) - 1.5
    assert derivative_along(model, x, direction) == pytest.approx(vote_scores(model, x) @ direction, abs=1e-12)


def test_weights_count_as_votes_do():
    model, table = ScoreModel(4), table_of()
    assert fit_scores(model, table * 2.5).parameters == pytest.approx(fit_scores(model, table).parameters, abs=1e-8)


@pytest.mark.parametrize("ties", [Ties.HALF, Ties.DAVIDSON])
def test_it_finds_a_side_effect_and_the_scores_behind_it(ties):
    rng = np.random.default_rng(4)
    # The best item is mostly on the left, which without the side effect would be taken for merit.
    left, right, _ = compared(4, SCORE, votes=20_000)
    is_swapped = (right == 0) & (rng.random(len(left)) < 0.9)
    left, right = np.where(is_swapped, right, left), np.where(is_swapped, left, right)
    winner = np.where(rng.random(len(left)) < 1 / (1 + np.exp(SCORE[right] - SCORE[left] - 0.8)), LEFT, RIGHT)
    table = count_sides(left, right, winner, n_generators=4).astype(float)
    with_side = fit_scores(ScoreModel(4, ties, has_side=True), table).parameters
    without = fit_scores(ScoreModel(4, ties), table).parameters
    scale = 1 if ties is Ties.HALF else with_side[0] / SCORE[0]
    assert with_side[:4] == pytest.approx(SCORE * scale, abs=0.1)
    assert with_side[4] == pytest.approx(0.8 * scale, abs=0.1)
    assert without[0] - SCORE[0] > 0.3


def test_a_tie_is_half_a_win_in_both_models():
    table = np.zeros((3, 2, 2))
    table[LEFT, 0, 1], table[RIGHT, 0, 1], table[TIE, 0, 1] = 50, 20, 30
    for ties in (Ties.HALF, Ties.DAVIDSON):
        model = ScoreModel(2, ties)
        assert win_shares(model, fit_scores(model, table).parameters)[0, 1] == pytest.approx(0.65, abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_a_vote_between_equals_tells_most_of_their_scores(model):
    told = eta_information(model, np.concatenate([SCORE, np.zeros(model.size - 4)]))
    assert told[1, 1] > told[0, 1] > told[0, 2] > told[0, 3]


def test_with_a_ridge_even_an_item_that_always_won_has_a_score():
    table = np.zeros((3, 2, 2))
    table[LEFT, 0, 1] = 10
    fit = fit_scores(ScoreModel(2), table, ridge=1e-6)
    assert fit.converged
    assert 5 < fit.parameters[0] < 10
