"""Krippendorff's alpha on his own example, on simulated votes, and where it is not defined."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from annotator.consensus.agreement import krippendorff_alpha, krippendorff_alpha_of_counts
from tests.consensus.published import units


def test_krippendorffs_example():
    result = krippendorff_alpha(*units(), n_tasks=12, n_choices=5)
    assert result.alpha == pytest.approx(904 / 1216, abs=1e-12)
    assert (result.n_tasks, result.n_votes) == (11, 40)
    assert np.isnan([result.lower, result.upper]).all()


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_coincidence_matrix_written_out(seed):
    rng = np.random.default_rng(seed)
    task, choice = rng.integers(0, 15, 60), rng.integers(0, 3, 60)
    coincidences = np.zeros((3, 3))
    for one in range(15):
        values = choice[task == one]
        for left, right in permutations(values.tolist(), 2):
            coincidences[left, right] += 1 / (len(values) - 1)
    n = coincidences.sum(axis=1)
    observed = coincidences.sum() - np.trace(coincidences)
    expected = (n.sum() ** 2 - (n**2).sum()) / (n.sum() - 1)
    assert krippendorff_alpha(task, choice, n_tasks=15, n_choices=3).alpha == pytest.approx(1 - observed / expected)


def votes_that_agree(rate: float, seed: int, n_tasks: int = 400):
    """Three votes on each task, each the task's own choice with probability `rate`, else any of two."""
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), 3)
    own = rng.integers(0, 2, n_tasks)[task]
    return task, np.where(rng.random(len(task)) < rate, own, rng.integers(0, 2, len(task)))


def test_it_recovers_how_much_people_agree():
    task, choice = votes_that_agree(0.8, 0, n_tasks=20_000)
    assert krippendorff_alpha(task, choice, n_tasks=20_000, n_choices=2).alpha == pytest.approx(0.8**2, abs=0.01)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(100):
        task, choice = votes_that_agree(0.7, seed)
        result = krippendorff_alpha(task, choice, n_tasks=400, n_choices=2, resamples=400, seed=seed)
        assert result.lower < result.alpha < result.upper
        covered += result.lower <= 0.7**2 <= result.upper
    assert covered >= 88


def test_the_same_seed_gives_the_same_interval():
    task, choice = votes_that_agree(0.7, 1)
    one, same, other = (krippendorff_alpha(task, choice, n_tasks=400, n_choices=2, resamples=200, seed=s) for s in (5, 5, 6))
    assert (one.lower, one.upper) == (same.lower, same.upper) != (other.lower, other.upper)


@pytest.mark.parametrize(
    "counts",
    [np.zeros((0, 3)), np.zeros((2, 3)), [[1, 0, 0], [0, 1, 0]], [[3, 0, 0], [2, 0, 0]], np.zeros((2, 0))],
    ids=["no tasks", "no votes", "one annotator", "all alike", "no choices"],
)
def test_it_is_not_defined_without_a_chance_to_disagree(counts):
    result = krippendorff_alpha_of_counts(np.array(counts, dtype=int), resamples=50)
    assert np.isnan([result.alpha, result.lower, result.upper]).all()
    assert result.resamples == 0


def test_people_who_never_agree_are_below_chance():
    assert krippendorff_alpha_of_counts(np.array([[1, 1], [1, 1]])).alpha == pytest.approx(-0.5)
