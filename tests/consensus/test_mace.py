"""MACE on simulated truth, against the formula, and where there is little to go by."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.mace import mace
from annotator.consensus.majority import NO_LABEL, majority
from tests.consensus.published import patients
from tests.consensus.simulated import voted

PATIENTS = {"n_tasks": 45, "n_annotators": 5, "n_choices": 4}
SIZES = {"n_tasks": 600, "n_annotators": 30, "n_choices": 3}


def spammed(seed: int = 2):
    """Twelve of thirty do not look: most of these press one key."""
    rng = np.random.default_rng(seed)
    competence = np.where(np.arange(30) < 12, 0.02, rng.uniform(0.6, 0.95, 30))
    strategy = rng.dirichlet([0.5, 0.5, 0.5], 30)
    strategy[:8] = [0.02, 0.96, 0.02]
    confusion = competence[:, None, None] * np.eye(3) + (1 - competence)[:, None, None] * strategy[:, None, :]
    truth, *votes = voted(seed, confusion, n_tasks=600, votes=5, shares=np.full(3, 1 / 3))
    return truth, competence, strategy, votes


def written_out(result, task, annotator, choice):
    """Posterior and log-likelihood by the formula of the module."""
    joint = np.full(result.posterior.shape, 1 / result.posterior.shape[1])
    np.multiply.at(joint, task, result.confusion[annotator, :, choice])
    return joint / joint.sum(axis=1, keepdims=True), np.log(joint.sum(axis=1)).sum()


@pytest.mark.parametrize("variational", [True, False])
def test_it_finds_who_does_not_look_and_what_they_press(variational):
    truth, competence, strategy, votes = spammed()

    result = mace(*votes, **SIZES, variational=variational)

    assert result.converged
    assert np.mean(result.label == truth) > np.mean(majority(votes[0], votes[2], n_tasks=600, n_choices=3).label == truth) + 0.1
    assert result.competence[:12].max() < result.competence[12:].min()
    assert np.abs(result.competence - competence).mean() < 0.06
    assert np.abs(result.strategy[:12] - strategy[:12]).mean() < 0.1
    assert result.accuracy == pytest.approx(np.einsum("k,jkk->j", result.shares, result.confusion))


def test_votes_at_random_leave_nobody_competent():
    confusion = np.full((30, 3, 3), 1 / 3)
    truth, *votes = voted(5, confusion, n_tasks=600, votes=5, shares=np.full(3, 1 / 3))
    result = mace(*votes, **SIZES)
    assert np.mean(result.label == truth) == pytest.approx(1 / 3, abs=0.07)
    assert np.median(result.competence) < 0.2


@pytest.mark.parametrize("variational", [True, False])
def test_what_it_climbs_never_falls_wherever_it_is_cut_short(variational):
    for votes, sizes in [(patients(), PATIENTS), (spammed()[3], SIZES)]:
        for limit in (1, 2, 3, 5, 8, 13, 21, 34, 60, 5000):
            result = mace(*votes, **sizes, variational=variational, restarts=1, iterations_max=limit)
            assert result.iterations <= limit
            assert np.all(np.diff(result.history) >= -1e-9 * np.abs(result.history[1:]))
            posterior, log_likelihood = written_out(result, *votes)
            assert result.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
            if not variational:  # which has a posterior of its own, by the digammas
                assert result.posterior == pytest.approx(posterior, abs=1e-9)


def test_em_climbs_the_likelihood_with_its_smoothing():
    votes = patients()
    result = mace(*votes, **PATIENTS, variational=False)
    delta = 0.1 / 4
    known, strategy = result.competence, result.strategy
    prior = delta * (np.log(known) + np.log(1 - known) + np.log(strategy).sum(axis=1)).sum()
    assert result.history[-1] == pytest.approx(result.log_likelihood + prior, abs=1e-6)
    for j in range(5):
        for step in (-1e-3, 1e-3):
            moved = np.clip(known + step * (np.arange(5) == j), 1e-9, 1 - 1e-9)
            there = written_out(result._replace(competence=moved), *votes)[1]
            assert there + delta * (np.log(moved) + np.log(1 - moved) + np.log(strategy).sum(axis=1)).sum() < result.history[-1]


def test_the_bound_is_below_the_evidence_and_near_it():
    """One annotator and one vote: the evidence can be written down, and is the chance of any of two choices."""
    result = mace([0], [0], [1], n_tasks=1, n_annotators=1, n_choices=2)
    assert -1.2 < result.history[-1] <= np.log(0.5)


def test_the_same_seed_gives_the_same_and_more_starts_are_never_worse():
    votes = spammed()[3]
    one, two = (mace(*votes, **SIZES, seed=7) for _ in range(2))
    assert one.posterior.tolist() == two.posterior.tolist()
    assert one.history[-1] >= mace(*votes, **SIZES, restarts=1).history[-1] - 1e-6


def test_the_order_of_the_votes_does_not_matter():
    task, annotator, choice = patients()
    order = np.random.default_rng(1).permutation(len(task))
    shuffled = mace(task[order], annotator[order], choice[order], **PATIENTS)
    assert shuffled.posterior.tolist() == mace(task, annotator, choice, **PATIENTS).posterior.tolist()


def test_what_has_no_votes_has_no_numbers():
    none = np.zeros(0, dtype=int)
    result = mace(none, none, none, n_tasks=2, n_annotators=1, n_choices=3)
    assert (result.converged, result.iterations, result.label.tolist()) == (True, 0, [NO_LABEL, NO_LABEL])
    assert np.isnan(result.competence).all()
    assert mace(none, none, none, n_tasks=0, n_annotators=0, n_choices=0).posterior.shape == (0, 0)
    beside = mace([1], [1], [0], n_tasks=2, n_annotators=2, n_choices=2)
    assert beside.label.tolist() == [NO_LABEL, 0]
    assert np.isnan(beside.strategy[0]).all()


def test_one_choice_is_certain():
    assert mace([0, 1], [0, 0], [0, 0], n_tasks=2, n_annotators=1, n_choices=1).confidence.tolist() == [1.0, 1.0]


def test_it_says_when_it_has_not_converged_and_refuses_what_makes_no_sense():
    assert not mace(*patients(), **PATIENTS, iterations_max=2).converged
    for options in ({"restarts": 0}, {"iterations_max": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            mace(*patients(), **PATIENTS, **options)
