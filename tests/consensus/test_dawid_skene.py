"""Dawid–Skene on simulated truth, on the table of the paper, and where there is little to go by."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.majority import NO_LABEL, majority
from tests.consensus.published import patients
from tests.consensus.simulated import labelled


def of_patients(**options):
    return dawid_skene(*patients(), n_tasks=45, n_annotators=5, n_choices=4, **options)


def test_the_table_of_the_paper():
    result = of_patients()

    assert result.converged
    assert result.log_likelihood == pytest.approx(-192.890881, abs=1e-6)
    assert result.shares == pytest.approx([0.399555, 0.421983, 0.111795, 0.066667], abs=1e-6)
    assert result.confusion[0] == pytest.approx(
        np.array([[0.8895, 0.1105, 0, 0], [0.0706, 0.8764, 0.0530, 0], [0, 0.3388, 0.6612, 0], [0, 0, 0.5556, 0.4444]]), abs=1e-4
    )
    assert result.confusion[4, 2] == pytest.approx([0, 0.2091, 0.7909, 0], abs=1e-4)
    assert result.posterior[[29, 34, 37]] == pytest.approx(
        np.array([[0.9991, 0.0009, 0, 0], [0, 0.9480, 0.0520, 0], [0, 0.0212, 0.9788, 0]]), abs=1e-4
    )


def simulated():
    truth, confusion, task, annotator, choice = labelled(3, n_tasks=3000, n_annotators=40, n_choices=3, votes=7)
    sizes = {"n_tasks": 3000, "n_annotators": 40, "n_choices": 3}
    return truth, confusion, (task, annotator, choice), sizes


def test_it_recovers_what_votes_were_made_from():
    truth, confusion, votes, sizes = simulated()

    result = dawid_skene(*votes, **sizes)

    assert result.converged
    assert result.shares == pytest.approx(np.bincount(truth) / len(truth), abs=0.02)
    assert np.abs(result.confusion - confusion).max() < 0.2
    assert np.abs(result.confusion - confusion).mean() < 0.03
    by_majority = majority(votes[0], votes[2], n_tasks=3000, n_choices=3)
    assert np.mean(result.label == truth) > np.mean(by_majority.label == truth) + 0.01
    expected = np.einsum("k,jkk->j", result.shares, result.confusion)
    assert result.accuracy == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.01, 1.0])
def test_what_it_climbs_never_falls(smoothing):
    for votes, sizes in [(patients(), {"n_tasks": 45, "n_annotators": 5, "n_choices": 4}), simulated()[2:]]:
        result = dawid_skene(*votes, **sizes, smoothing=smoothing)
        assert result.iterations == len(result.history) > 3
        assert np.all(np.diff(result.history) >= -1e-9 * np.abs(result.history[1:]))


def belong_together(result, task, annotator, choice) -> bool:
    """Whether posterior and log-likelihood are what the formula makes of the shares and the confusion."""
    joint = np.tile(result.shares, (len(result.posterior), 1))
    with np.errstate(invalid="ignore"):
        np.multiply.at(joint, task, np.nan_to_num(result.confusion)[annotator, :, choice])
    total = joint.sum(axis=1)
    assert result.posterior == pytest.approx(joint / total[:, None], abs=1e-9)
    assert result.log_likelihood == pytest.approx(np.log(total).sum(), abs=1e-6)
    return True


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_wherever_it_is_cut_short_all_is_of_one_step(smoothing):
    rng = np.random.default_rng(5)
    hard = labelled(5, n_tasks=100, n_annotators=20, n_choices=3, votes=5)[2:4]
    # Votes of people who hardly look: EM creeps, and extrapolated steps are turned down.
    for votes, sizes in [
        (patients(), {"n_tasks": 45, "n_annotators": 5, "n_choices": 4}),
        ((*hard, rng.integers(0, 3, len(hard[0]))), {"n_tasks": 100, "n_annotators": 20, "n_choices": 3}),
    ]:
        whole = dawid_skene(*votes, **sizes, smoothing=smoothing, iterations_max=50)
        for limit in range(1, 51):
            result = dawid_skene(*votes, **sizes, smoothing=smoothing, iterations_max=limit)
            assert belong_together(result, *votes)
            assert result.history.tolist() == whole.history[:limit].tolist()
            if not smoothing:
                assert result.history[-1] == result.log_likelihood
        assert np.all(np.diff(whole.history) >= -1e-9 * np.abs(whole.history[1:]))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_one_more_step_does_not_move_it(smoothing):
    _, _, votes, sizes = simulated()
    result = dawid_skene(*votes, **sizes, smoothing=smoothing)

    once_more = dawid_skene(*votes, **sizes, smoothing=smoothing, start=result.posterior, iterations_max=1)

    assert once_more.iterations == 1
    assert np.abs(once_more.posterior - result.posterior).max() <= 1e-6
    assert np.abs(once_more.confusion - result.confusion).max() <= 1e-5
    assert once_more.log_likelihood == pytest.approx(result.log_likelihood, abs=1e-6)


def test_extrapolating_leads_where_plain_steps_lead(monkeypatch):
    _, _, votes, sizes = simulated()
    result = dawid_skene(*votes, **sizes)

    monkeypatch.setattr("annotator.consensus.em.NEAR", 0.0)
    plain = dawid_skene(*votes, **sizes)

    assert plain.iterations > result.iterations
    assert plain.log_likelihood == pytest.approx(result.log_likelihood, abs=1e-6)
    assert np.abs(plain.posterior - result.posterior).max() < 1e-4


def test_one_step_is_the_rule_of_the_paper_written_out():
    task, annotator, choice = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    soft = np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]])
    shares = soft.mean(axis=0)
    expected = np.tile(shares, (2, 1))
    for j in range(3):
        pi = np.zeros((2, 2))
        for i, said in zip(task[annotator == j], choice[annotator == j], strict=True):
            pi[:, said] += soft[i]
        pi /= pi.sum(axis=1, keepdims=True)
        for i, said in zip(task[annotator == j], choice[annotator == j], strict=True):
            expected[i] *= pi[:, said]
    result = dawid_skene(task, annotator, choice, n_tasks=2, n_annotators=3, n_choices=2, iterations_max=1)

    assert not result.converged
    assert result.posterior == pytest.approx(expected / expected.sum(axis=1, keepdims=True))
    assert result.log_likelihood == pytest.approx(np.log(expected.sum(axis=1)).sum())


def test_the_order_of_the_votes_does_not_matter():
    task, annotator, choice = patients()
    order = np.random.default_rng(1).permutation(len(task))
    shuffled = dawid_skene(task[order], annotator[order], choice[order], n_tasks=45, n_annotators=5, n_choices=4)
    assert shuffled.posterior == pytest.approx(of_patients().posterior, abs=1e-9)


def test_what_has_no_votes_has_no_numbers():
    none = np.zeros(0, dtype=int)
    result = dawid_skene(none, none, none, n_tasks=2, n_annotators=1, n_choices=3)
    assert result.converged
    assert result.iterations == 0
    assert result.label.tolist() == [NO_LABEL, NO_LABEL]
    assert np.isnan(result.posterior).all()
    assert np.isnan(result.confusion).all()
    assert dawid_skene(none, none, none, n_tasks=0, n_annotators=0, n_choices=0).posterior.shape == (0, 0)


def test_a_task_and_an_annotator_without_votes_stand_beside_others():
    task, annotator, choice = patients()
    result = dawid_skene(task * 2 + 1, annotator + 1, choice, n_tasks=91, n_annotators=6, n_choices=5)
    assert result.posterior[1::2, :4] == pytest.approx(of_patients().posterior, abs=1e-7)
    assert result.label[0] == NO_LABEL
    assert np.isnan(result.confusion[0]).all()
    assert np.isnan(result.accuracy[0])
    assert result.shares[4] == 0


def test_one_annotator_is_believed():
    result = dawid_skene([0, 1, 2], [0, 0, 0], [0, 1, 1], n_tasks=3, n_annotators=1, n_choices=2)
    assert result.converged
    assert result.label.tolist() == [0, 1, 1]
    assert result.accuracy == pytest.approx([1.0])


def test_people_who_contradict_each_other_everywhere_leave_a_tie():
    result = dawid_skene([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], n_tasks=2, n_annotators=2, n_choices=2)
    assert result.converged
    assert result.label.tolist() == [2, 2]
    assert result.confidence == pytest.approx([0.5, 0.5])


def test_a_row_of_a_choice_that_never_was_true_is_unknown():
    result = dawid_skene([0, 1], [0, 0], [1, 1], n_tasks=2, n_annotators=1, n_choices=2)
    assert np.isnan(result.confusion[0, 0]).all()
    assert result.confusion[0, 1] == pytest.approx([0, 1])


def test_it_says_when_it_has_not_converged():
    assert not of_patients(iterations_max=2).converged


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"smoothing": -1.0}, "smoothing"), ({"iterations_max": 0}, "iterations_max")],
)
def test_it_refuses_what_makes_no_sense(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        of_patients(**options)


def test_it_refuses_tables_that_do_not_fit_into_memory():
    with pytest.raises(ValueError, match="memory"):
        dawid_skene([0], [0], [0], n_tasks=1, n_annotators=1000, n_choices=1000)
