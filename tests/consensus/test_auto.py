"""The choice of a method by held-out votes: it takes the model that made the votes, and the plain one where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.auto import CANDIDATES, FOLDS, _folds, choose
from tests.consensus.simulated import coins, voted

EVEN = np.full(3, 1 / 3)


def chosen(confusion: np.ndarray, *, n_tasks: int, votes: int, seed: int = 1):
    _, *columns = voted(seed, confusion, n_tasks=n_tasks, votes=votes, shares=EVEN)
    return choose(*columns, n_tasks=n_tasks, n_annotators=len(confusion), n_choices=3)


def test_people_who_are_alike_need_no_model_of_each():
    selection = chosen(coins(np.full(40, 0.75), 3), n_tasks=600, votes=4)
    assert selection.method == "majority"
    assert "more than chance" in selection.reason


def test_people_of_different_accuracy():
    assert chosen(coins(np.linspace(0.4, 0.98, 30), 3), n_tasks=800, votes=6).method == "one_coin"


def test_people_who_press_one_key_without_looking():
    mostly_one = np.full((3, 3), 0.15) + np.eye(3) * 0.55
    spam = np.repeat(mostly_one, 10, axis=0)[:, None, :] * np.ones((1, 3, 1))
    confusion = np.concatenate([spam, coins(np.full(30, 0.97), 3)])
    assert chosen(confusion, n_tasks=200, votes=5).method == "mace"


def test_people_who_take_one_choice_for_another_and_vote_often():
    confusion = np.random.default_rng(1).dirichlet([1, 1, 1], (30, 3)) * 0.5 + 0.5 * np.eye(3)
    assert chosen(confusion, n_tasks=1000, votes=6).method == "dawid_skene"


def test_with_few_votes_each_the_full_model_is_not_taken():
    confusion = np.random.default_rng(1).dirichlet([1, 1, 1], (100, 3)) * 0.5 + 0.5 * np.eye(3)
    selection = chosen(confusion, n_tasks=200, votes=5)
    assert selection.method != "dawid_skene"
    assert selection.held_out["dawid_skene"].behind > 2 * selection.held_out["dawid_skene"].error


@pytest.mark.parametrize("seed", [1, 2])
def test_votes_at_random_are_no_reason_for_a_model(seed):
    assert chosen(np.full((30, 3, 3), 1 / 3), n_tasks=250, votes=5, seed=seed).method == "majority"


def test_the_figures_say_why():
    selection = chosen(coins(np.linspace(0.4, 0.98, 30), 3), n_tasks=300, votes=5)
    assert list(selection.held_out) == list(CANDIDATES)
    assert selection.votes == 1500
    best = selection.held_out[selection.method]
    assert best.behind == best.error == 0
    for row in selection.held_out.values():
        assert row.log_likelihood == pytest.approx(best.log_likelihood - row.behind)
    assert f"{best.log_likelihood:.4f}" in selection.reason
    assert selection.reason.startswith(f"{selection.method} gives 1,500 held-out votes")


def test_equal_people_are_foretold_as_well_as_can_be():
    """What the equal model says of held-out votes is what the true accuracy would, but for what the votes leave open."""
    selection = chosen(coins(np.full(20, 0.9), 3), n_tasks=800, votes=9)
    best_possible = 0.9 * np.log(0.9) + 0.1 * np.log(0.05)
    assert selection.held_out["majority"].log_likelihood == pytest.approx(best_possible, abs=0.03)


def test_every_task_keeps_most_of_its_votes_in_every_fold():
    task = np.repeat(np.arange(50), 7)
    fold = _folds(task, np.random.default_rng(0))
    held = np.zeros((50, FOLDS), dtype=int)
    np.add.at(held, (task, fold), 1)
    assert held.max() == 2
    assert held.min() == 1
    assert held.sum(axis=0).max() - held.sum(axis=0).min() < 30


def test_a_lead_that_chance_may_give_is_no_reason_to_leave_the_majority():
    taken = [chosen(coins(np.linspace(0.6, 0.7, 6), 3), n_tasks=12, votes=3, seed=seed) for seed in range(6)]
    assert {selection.method for selection in taken} == {"majority"}
    led = [selection for selection in taken if selection.held_out["majority"].behind > 0]
    assert led
    assert all("so the majority is used" in selection.reason for selection in led)


@pytest.mark.parametrize("n_choices", [1, 2])
def test_without_a_second_vote_it_says_that_it_cannot_tell(n_choices):
    selection = choose([0, 1], [0, 1], [0, 0], n_tasks=2, n_annotators=2, n_choices=n_choices)
    assert (selection.method, selection.votes) == ("majority", 0)
    assert "cannot be compared" in selection.reason
    assert np.isnan(selection.held_out["mace"].log_likelihood)


def test_one_task_is_not_enough_to_tell():
    selection = choose([0, 0, 0], [0, 1, 2], [0, 1, 0], n_tasks=1, n_annotators=3, n_choices=2)
    assert (selection.method, selection.votes) == ("majority", 0)


def test_no_votes_at_all():
    none = np.zeros(0, dtype=int)
    assert choose(none, none, none, n_tasks=0, n_annotators=0, n_choices=0).method == "majority"


def test_the_same_votes_give_the_same_answer():
    confusion = coins(np.linspace(0.4, 0.98, 30), 3)
    assert chosen(confusion, n_tasks=50, votes=3) == chosen(confusion, n_tasks=50, votes=3)
