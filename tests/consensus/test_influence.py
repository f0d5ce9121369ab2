"""How many votes would have to go: against all sets of votes in small cases, and by refitting in large ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from annotator.consensus.bradley_terry import LEFT, TIE, Ties, bradley_terry
from annotator.consensus.influence import RIDGE, WEIGHT_LEVELS, Kinds, kinds_of, order_changes, votes_to_change
from annotator.consensus.score_model import ScoreModel, fit_scores
from tests.consensus.simulated import compared


def cells(left, right, winner, n: int) -> np.ndarray:
    return (winner * n + left) * n + right


def scores_without(model: ScoreModel, kinds: Kinds, gone: np.ndarray) -> np.ndarray:
    n = model.n_items
    table = np.bincount(kinds.cell, weights=kinds.weight * (kinds.number - gone), minlength=3 * n * n).reshape(3, n, n)
    return fit_scores(model, table, ridge=RIDGE).parameters[:n]


def fewest(model: ScoreModel, kinds: Kinds, upper: int, lower: int, limit: int) -> int | None:
    """By trying every set of votes, smallest first."""
    for size in range(1, limit + 1):
        for chosen in itertools.combinations_with_replacement(range(len(kinds.cell)), size):
            gone = np.bincount(chosen, minlength=len(kinds.cell))
            if (gone <= kinds.number).all():
                score = scores_without(model, kinds, gone)
                if score[lower] - score[upper] > 1e-4:
                    return size
    return None


@pytest.mark.parametrize("seed", range(12))
def test_in_small_cases_no_smaller_set_of_votes_does_it(seed):
    n = 3
    votes = compared(seed, np.array([0.9, 0.0, -0.8]), votes=18, nu=0.3)
    low, high = np.minimum(*votes[:2]), np.maximum(*votes[:2])
    winner = np.where((votes[2] != TIE) & (votes[0] > votes[1]), 1 - votes[2], votes[2])
    model, kinds = ScoreModel(n), kinds_of(cells(low, high, winner, n), None, n_cells=27)
    score = scores_without(model, kinds, np.zeros_like(kinds.number))
    for change in order_changes(model, kinds, score):
        if change.votes is not None and change.votes <= 3 and score[change.upper] > score[change.lower] + 1e-6:
            assert change.votes == fewest(model, kinds, change.upper, change.lower, change.votes)


@pytest.mark.parametrize("ties", [Ties.HALF, Ties.DAVIDSON])
def test_without_the_votes_that_it_names_the_order_is_another(ties):
    n, true = 6, np.linspace(0.8, -0.8, 6)
    votes = compared(1, true, votes=3000, nu=0.5)
    model, cell = ScoreModel(n, ties), cells(*votes, n)
    kinds = kinds_of(cell, None, n_cells=3 * n * n)
    score = bradley_terry(*votes, n_generators=n, ties=ties).score
    for change in order_changes(model, kinds, score):
        assert change.votes is not None
        assert change.kinds.number.sum() == change.votes
        left, right, winner = (list(column) for column in votes)
        for cell_, number in zip(change.kinds.cell.tolist(), change.kinds.number.tolist(), strict=True):
            for _ in range(number):
                at = next(k for k in range(len(left)) if (winner[k] * n + left[k]) * n + right[k] == cell_)
                for column in (left, right, winner):
                    del column[at]
        after = bradley_terry(left, right, winner, n_generators=n, ties=ties).score
        assert after[change.lower] > after[change.upper]


def test_it_takes_few_votes_where_two_are_close_and_many_where_they_are_not():
    votes = compared(2, np.array([1.0, 0.95, -1.0]), votes=20_000)
    kinds = kinds_of(cells(*votes, 3), None, n_cells=27)
    close, far = order_changes(ScoreModel(3), kinds, bradley_terry(*votes, n_generators=3).score)
    assert close.votes is not None
    assert far.votes is not None
    assert far.votes > 10 * close.votes


def test_two_items_change_places_when_the_better_has_one_win_less():
    kinds = Kinds(np.array([LEFT * 4 + 1, LEFT * 4 + 2]), np.ones(2), np.array([8, 5]))  # 0 over 1, and 1 over 0
    change = votes_to_change(ScoreModel(2), kinds, 0, 1)
    assert change.votes == 4
    assert change.kinds.cell.tolist() == [1]


def test_where_the_better_has_all_votes_all_have_to_go_and_that_changes_nothing():
    kinds = Kinds(np.array([LEFT * 4 + 1]), np.ones(1), np.array([8]))
    assert votes_to_change(ScoreModel(2), kinds, 0, 1).votes is None


def test_a_heavy_vote_counts_for_several():
    cell = np.array([1] * 6 + [2] * 3)
    weight = np.array([3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    kinds = kinds_of(cell, weight, n_cells=12)
    assert int(kinds.number.sum()) == 9
    change = votes_to_change(ScoreModel(2), kinds, 0, 1)
    assert change.votes == 4  # the heavy one, and three more of eight against three


def test_many_different_weights_are_put_into_levels():
    rng = np.random.default_rng(0)
    weight = rng.random(5000) + 0.5
    kinds = kinds_of(rng.integers(0, 12, 5000), weight, n_cells=12)
    assert len(kinds.cell) <= 12 * WEIGHT_LEVELS
    assert (kinds.weight * kinds.number).sum() == pytest.approx(weight.sum(), rel=0.01)
