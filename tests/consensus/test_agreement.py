"""Krippendorff's alpha on his own example, on simulated votes, and where it is not defined."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from annotator.consensus.agreement import (
    Level,
    first_votes,
    krippendorff_alpha,
    krippendorff_alpha_of_counts,
    rank_in_task,
)
from tests.consensus.published import units


def test_krippendorffs_example():
    result = krippendorff_alpha(*units(), n_tasks=12, n_choices=5)
    assert result.alpha == pytest.approx(904 / 1216, abs=1e-12)
    assert (result.n_tasks, result.n_votes) == (11, 40)
    assert np.isnan([result.lower, result.upper]).all()


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_levels_of_krippendorffs_example(level, published):
    """Of the same 41 values: sections C and D of his paper of 2011."""
    result = krippendorff_alpha(*units(), n_tasks=12, n_choices=5, level=Level(level))
    assert result.alpha == pytest.approx(published, abs=5e-4)


def written_out(level: str, c: int, k: int, n: np.ndarray) -> float:
    low, high = min(c, k), max(c, k)
    if level == "ordinal":
        return (n[low : high + 1].sum() - (n[low] + n[high]) / 2) ** 2
    return (c - k) ** 2 if level == "interval" else float(c != k)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_coincidence_matrix_written_out(seed, level):
    rng = np.random.default_rng(seed)
    task, choice = rng.integers(0, 15, 60), rng.integers(0, 4, 60)
    coincidences = np.zeros((4, 4))
    for one in range(15):
        values = choice[task == one]
        for left, right in permutations(values.tolist(), 2):
            coincidences[left, right] += 1 / (len(values) - 1)
    n = coincidences.sum(axis=1)
    distance = np.array([[written_out(level, c, k, n) for k in range(4)] for c in range(4)])
    observed = (coincidences * distance).sum()
    expected = (np.outer(n, n) * distance).sum() / (n.sum() - 1)
    result = krippendorff_alpha(task, choice, n_tasks=15, n_choices=4, level=level)
    assert result.alpha == pytest.approx(1 - observed / expected)


def test_ordinal_forgives_a_tie_more_than_the_opposite():
    near = np.array([[3, 1, 0], [0, 1, 3]] * 10)  # a, tie, b
    far = np.array([[3, 0, 1], [1, 0, 3]] * 10)
    nominal, ordinal = (
        [krippendorff_alpha_of_counts(counts, level=level).alpha for counts in (near, far)]
        for level in (Level.NOMINAL, Level.ORDINAL)
    )
    assert ordinal[0] - ordinal[1] > nominal[0] - nominal[1] + 0.2
    assert ordinal[1] == pytest.approx(nominal[1])  # no tie lies between the two


def test_with_two_choices_the_levels_are_the_same():
    counts = np.random.default_rng(0).integers(0, 4, (30, 2))
    alphas = [krippendorff_alpha_of_counts(counts, level=level).alpha for level in Level]
    assert alphas == pytest.approx([alphas[0]] * 3)


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


def test_tasks_of_one_prompt_are_drawn_together():
    """Copies of each pair under its prompt say nothing new: the interval stays as wide as without them."""
    counts = np.random.default_rng(2).integers(0, 3, (60, 2))
    one = krippendorff_alpha_of_counts(counts, resamples=2000)
    copies = krippendorff_alpha_of_counts(np.repeat(counts, 5, axis=0), cluster=np.repeat(np.arange(60), 5), resamples=2000)
    alone = krippendorff_alpha_of_counts(np.repeat(counts, 5, axis=0), resamples=2000)
    assert copies.n_clusters == one.n_tasks
    assert copies.upper - copies.lower == pytest.approx(one.upper - one.lower, rel=0.1)
    assert alone.upper - alone.lower < 0.6 * (one.upper - one.lower)


def coin_flips_that_stop(seed: int, n_tasks: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Votes by chance on two to seven of each task, until the stopping rule takes its leading answer for 90 % probable."""
    flips = np.random.default_rng(seed).integers(0, 4, (n_tasks, 7))
    counts, spent = np.zeros((n_tasks, 4), dtype=int), np.full(n_tasks, 7)
    for given in range(1, 8):
        counts[np.arange(n_tasks), flips[:, given - 1]] += 1
        ordered = np.sort(counts, axis=1)
        stops = (ordered[:, -1] - ordered[:, -2] >= 2) & (given >= 2)
        spent = np.where(stops, np.minimum(spent, given), spent)
    is_cast = np.arange(7) < spent[:, None]
    return np.nonzero(is_cast)[0], flips[is_cast]


def test_coin_flips_that_stop_look_like_agreement_and_their_first_votes_do_not():
    covered, of_all = 0, []
    for seed in range(200):
        task, choice = coin_flips_that_stop(seed)
        is_first = first_votes(task, first=2)
        assert np.bincount(task[is_first]).tolist() == [2] * 300
        found = krippendorff_alpha(task[is_first], choice[is_first], n_tasks=300, n_choices=4, resamples=200, seed=seed)
        covered += found.lower <= 0 <= found.upper
        of_all.append(krippendorff_alpha(task, choice, n_tasks=300, n_choices=4).alpha)
    assert 0.91 <= covered / 200 <= 0.985
    assert np.mean(of_all) > 0.05


def test_the_rank_of_a_vote_is_its_place_in_the_file():
    task = np.array([4, 1, 4, 4, 1, 0])
    assert rank_in_task(task).tolist() == [0, 0, 1, 2, 1, 0]
    assert first_votes(task, first=1).tolist() == [True, True, False, False, False, True]
    assert rank_in_task(np.zeros(0, dtype=int)).size == 0


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
    for level in Level:
        result = krippendorff_alpha_of_counts(np.array(counts, dtype=int), resamples=50, level=level)
        assert np.isnan([result.alpha, result.lower, result.upper]).all()
        assert result.resamples == 0


def test_a_cluster_for_each_task_is_wanted():
    with pytest.raises(ValueError, match="an entry per task"):
        krippendorff_alpha_of_counts(np.ones((3, 2), dtype=int), cluster=[0, 1])


def test_people_who_never_agree_are_below_chance():
    assert krippendorff_alpha_of_counts(np.array([[1, 1], [1, 1]])).alpha == pytest.approx(-0.5)
