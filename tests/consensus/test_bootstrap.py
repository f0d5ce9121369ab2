"""Intervals over clusters: how often they cover the truth, and what they do at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus import bootstrap as of_module
from annotator.consensus.bootstrap import bootstrap, expanded_tail, student_quantile


def mean(totals):
    """Of sums of (value, one)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (totals[:, 0] / totals[:, 1])[:, None]


def clustered(seed: int, *, clusters: int, size: int = 4, spread: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Values around 0 of which those of a cluster share a part, and the cluster of each."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), size)
    shared = rng.normal(0, np.sqrt(spread), clusters)[cluster]
    values = shared + rng.normal(0, np.sqrt(1 - spread), len(cluster))
    return np.stack([values, np.ones(len(values))], axis=1), cluster


def covered(clusters: int, *, by_cluster: bool, runs: int = 150) -> float:
    hits = 0
    for seed in range(runs):
        sums, cluster = clustered(1000 + seed, clusters=clusters)
        found = bootstrap(sums, mean, cluster=cluster if by_cluster else None, resamples=400, seed=seed)
        hits += found.lower[0] <= 0 <= found.upper[0]
    return hits / runs


@pytest.mark.parametrize("clusters", [8, 40])
def test_it_covers_the_truth_where_clusters_hang_together(clusters):
    assert 0.9 <= covered(clusters, by_cluster=True) <= 0.985


def test_units_that_are_taken_as_independent_cover_it_too_seldom():
    assert covered(40, by_cluster=False) < 0.85


def test_few_clusters_get_the_wider_tail_of_student():
    assert expanded_tail(5, 0.95) < expanded_tail(50, 0.95) < 0.025
    assert expanded_tail(100_000, 0.95) == pytest.approx(0.025, abs=1e-5)


@pytest.mark.parametrize(
    ("freedom", "published"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (120, 1.980), (10**6, 1.960)],
)
def test_quantiles_of_student_are_those_of_the_tables(freedom, published):
    assert student_quantile(0.975, freedom) == pytest.approx(published, rel=2e-3)
    assert student_quantile(0.025, freedom) == pytest.approx(-published, rel=2e-3)


def test_one_cluster_has_a_figure_and_no_interval():
    found = bootstrap([[3.0, 1], [5.0, 1]], mean, cluster=[7, 7], resamples=100)
    assert found.value.tolist() == [4.0]
    assert np.isnan([found.lower[0], found.upper[0]]).all()
    assert found.resamples.tolist() == [0]


def test_clusters_without_anything_are_none():
    sums, cluster = clustered(1, clusters=20)
    more = np.concatenate([sums, np.zeros((500, 2))]), np.concatenate([cluster, np.arange(1000, 1500)])
    one, other = (bootstrap(each, mean, cluster=by, resamples=50) for each, by in ((sums, cluster), more))
    assert (one.lower, one.upper) == (other.lower, other.upper)


def test_the_order_of_units_does_not_matter():
    counts = np.random.default_rng(0).integers(0, 3, (200, 2)).astype(float)
    cluster = np.repeat(np.arange(50), 4)
    order = np.random.default_rng(1).permutation(200)
    one = bootstrap(counts, mean, cluster=cluster, resamples=100, seed=3)
    same = bootstrap(counts[order], mean, cluster=cluster[order], resamples=100, seed=3)
    other = bootstrap(counts, mean, cluster=cluster, resamples=100, seed=4)
    assert (one.lower, one.upper) == (same.lower, same.upper) != (other.lower, other.upper)


def test_a_figure_that_is_not_defined_has_no_interval():
    found = bootstrap(np.zeros((10, 2)), mean, resamples=50)
    assert np.isnan([found.value[0], found.lower[0], found.upper[0]]).all()


def test_drawing_clusters_and_drawing_kinds_of_them_come_to_the_same():
    """A prompt with a pair of two votes has few kinds; the same with a little noise has as many as there are prompts."""
    rng = np.random.default_rng(0)
    alike = np.stack([rng.integers(0, 3, 3000).astype(float), np.ones(3000)], axis=1)
    unlike = alike + np.stack([rng.uniform(-1e-3, 1e-3, 3000), np.zeros(3000)], axis=1)
    few, many = (bootstrap(sums, mean, resamples=1000) for sums in (alike, unlike))
    assert few.upper[0] - few.lower[0] == pytest.approx(many.upper[0] - many.lower[0], rel=0.12)
    assert few.upper[0] - few.lower[0] == pytest.approx(2 * 1.96 * alike[:, 0].std() / np.sqrt(3000), rel=0.1)


@pytest.mark.parametrize(("draws_max", "resamples"), [(1_000_000, 500), (100, 200), (10**9, 1000)])
def test_of_very_many_clusters_fewer_samples_are_drawn(monkeypatch, draws_max, resamples):
    monkeypatch.setattr(of_module, "DRAWS_MAX", draws_max)
    sums = np.stack([np.random.default_rng(0).normal(0, 1, 2000), np.ones(2000)], axis=1)
    assert bootstrap(sums, mean, resamples=1000).resamples.tolist() == [resamples]
