"""One-coin Dawid–Skene on simulated truth, against the formula, and where there is little to go by."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.majority import NO_LABEL, majority
from annotator.consensus.one_coin import one_coin
from tests.consensus.published import patients
from tests.consensus.simulated import coins, voted

PATIENTS = {"n_tasks": 45, "n_annotators": 5, "n_choices": 4}


def simulated(n_choices: int = 3, n_tasks: int = 3000, votes: int = 5):
    accuracy = np.random.default_rng(1).uniform(0.4, 0.97, 40)
    shares = np.arange(n_choices, 0, -1) / np.arange(n_choices + 1).sum()
    truth, *columns = voted(2, coins(accuracy, n_choices), n_tasks=n_tasks, votes=votes, shares=shares)
    return truth, accuracy, columns, {"n_tasks": n_tasks, "n_annotators": 40, "n_choices": n_choices}


def written_out(result, task, annotator, choice):
    """Posterior and log-likelihood by the formula of the module."""
    joint = np.tile(result.shares, (len(result.posterior), 1))
    np.multiply.at(joint, task, result.confusion[annotator, :, choice])
    return joint / joint.sum(axis=1, keepdims=True), np.log(joint.sum(axis=1)).sum()


@pytest.mark.parametrize("n_choices", [2, 3, 4])
def test_it_recovers_what_votes_were_made_from(n_choices):
    truth, accuracy, votes, sizes = simulated(n_choices)

    result = one_coin(*votes, **sizes)

    assert result.converged
    assert np.abs(result.accuracy - accuracy).max() < 0.1
    assert np.abs(result.accuracy - accuracy).mean() < 0.025
    assert result.shares == pytest.approx(np.bincount(truth) / len(truth), abs=0.03)
    by_majority = majority(votes[0], votes[2], n_tasks=3000, n_choices=n_choices)
    assert np.mean(result.label == truth) > np.mean(by_majority.label == truth) + 0.01


def test_with_few_votes_a_person_it_is_better_than_the_full_model():
    accuracy = np.random.default_rng(3).uniform(0.35, 0.95, 150)
    truth, *votes = voted(4, coins(accuracy, 4), n_tasks=400, votes=5, shares=np.full(4, 0.25))
    sizes = {"n_tasks": 400, "n_annotators": 150, "n_choices": 4}  # 13 votes each
    full = dawid_skene(*votes, **sizes, smoothing=0.1)
    simple = one_coin(*votes, **sizes, smoothing=0.1)
    assert np.mean(simple.label == truth) > np.mean(full.label == truth) + 0.03


def test_votes_at_random_tell_it_that_nobody_knows():
    truth, *votes = voted(5, coins(np.full(30, 1 / 3), 3), n_tasks=1500, votes=6, shares=np.full(3, 1 / 3))
    result = one_coin(*votes, n_tasks=1500, n_annotators=30, n_choices=3)
    assert np.mean(result.label == truth) == pytest.approx(1 / 3, abs=0.05)
    assert np.median(result.accuracy) < 0.55


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_wherever_it_is_cut_short_all_is_of_one_step(smoothing):
    for votes, sizes in [(patients(), PATIENTS), simulated(3, 200, 3)[2:]]:
        whole = one_coin(*votes, **sizes, smoothing=smoothing, iterations_max=50)
        for limit in range(1, 51):
            result = one_coin(*votes, **sizes, smoothing=smoothing, iterations_max=limit)
            posterior, log_likelihood = written_out(result, *votes)
            assert result.posterior == pytest.approx(posterior, abs=1e-9)
            assert result.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
            assert result.history.tolist() == whole.history[:limit].tolist()
        assert np.all(np.diff(whole.history) >= -1e-9 * np.abs(whole.history[1:]))


def test_one_more_step_does_not_move_it():
    _, _, votes, sizes = simulated()
    result = one_coin(*votes, **sizes)
    once_more = one_coin(*votes, **sizes, start=result.posterior, iterations_max=1)
    assert np.abs(once_more.posterior - result.posterior).max() <= 1e-6
    assert np.abs(once_more.accuracy - result.accuracy).max() <= 1e-6


def test_no_other_accuracy_is_more_likely():
    """The likelihood by another route: a numerical gradient of the formula is zero at the result."""
    votes = patients()
    result = one_coin(*votes, **PATIENTS)
    for j in range(5):
        for step in (-1e-3, 1e-3):
            moved = result.accuracy.copy()
            moved[j] += step
            assert written_out(result._replace(accuracy=moved), *votes)[1] < result.log_likelihood


def test_smoothing_is_votes_beforehand():
    result = one_coin([0, 1], [0, 0], [1, 1], n_tasks=2, n_annotators=2, n_choices=2, smoothing=1.0)
    assert result.accuracy[0] == pytest.approx(3 / 4)  # right twice and 1 beforehand, of 2 + 2
    assert np.isnan(result.accuracy[1])


def test_the_order_of_the_votes_does_not_matter():
    task, annotator, choice = patients()
    order = np.random.default_rng(1).permutation(len(task))
    shuffled = one_coin(task[order], annotator[order], choice[order], **PATIENTS)
    assert shuffled.posterior == pytest.approx(one_coin(task, annotator, choice, **PATIENTS).posterior, abs=1e-9)


def test_people_who_contradict_each_other_everywhere_leave_a_tie():
    result = one_coin([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], n_tasks=2, n_annotators=2, n_choices=2)
    assert result.label.tolist() == [2, 2]
    assert result.confidence == pytest.approx([0.5, 0.5])


def test_one_annotator_is_believed_and_one_choice_is_certain():
    assert one_coin([0, 1, 2], [0, 0, 0], [0, 1, 1], n_tasks=3, n_annotators=1, n_choices=2).label.tolist() == [0, 1, 1]
    single = one_coin([0, 1, 1], [0, 0, 1], [0, 0, 0], n_tasks=2, n_annotators=2, n_choices=1)
    assert (single.label.tolist(), single.accuracy.tolist(), single.log_likelihood) == ([0, 0], [1.0, 1.0], 0.0)


def test_what_has_no_votes_has_no_numbers():
    none = np.zeros(0, dtype=int)
    result = one_coin(none, none, none, n_tasks=2, n_annotators=1, n_choices=3)
    assert (result.converged, result.iterations, result.label.tolist()) == (True, 0, [NO_LABEL, NO_LABEL])
    assert np.isnan(result.accuracy).all()
    assert one_coin(none, none, none, n_tasks=0, n_annotators=0, n_choices=0).posterior.shape == (0, 0)
    beside = one_coin([1], [1], [0], n_tasks=2, n_annotators=2, n_choices=2)
    assert beside.label.tolist() == [NO_LABEL, 0]


def test_it_says_when_it_has_not_converged_and_refuses_what_makes_no_sense():
    assert not one_coin(*patients(), **PATIENTS, iterations_max=2).converged
    for options in ({"smoothing": -1.0}, {"iterations_max": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            one_coin(*patients(), **PATIENTS, **options)
