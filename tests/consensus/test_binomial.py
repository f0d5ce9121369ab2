"""Exact intervals against what they are defined by, and against published values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annotator.consensus.binomial import clopper_pearson, even_p_value, wilson


def at_least(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [
        (0, 10, 0.0, 0.308497),  # 1 - 0.025 ** (1 / 10)
        (10, 10, 0.691503, 1.0),
        (5, 10, 0.187086, 0.812914),
        (1, 20, 0.001265, 0.248733),
        (7, 50, 0.058192, 0.267396),
        (0, 0, 0.0, 1.0),
    ],
)
def test_known_intervals(k, n, lower, upper):
    assert np.array(clopper_pearson(k, n)) == pytest.approx([lower, upper], abs=1e-6)


@pytest.mark.parametrize(("k", "n"), [(3, 17), (60, 61), (1, 400)])
def test_each_end_leaves_half_of_the_rest(k, n):
    lower, upper = (float(end) for end in clopper_pearson(k, n, confidence=0.9))
    assert at_least(k, n, lower) == pytest.approx(0.05, abs=1e-9)
    assert 1 - at_least(k + 1, n, upper) == pytest.approx(0.05, abs=1e-9)


def test_of_a_million_the_interval_is_the_normal_one():
    lower, upper = clopper_pearson(499_000, 1_000_000)
    assert [lower, upper] == pytest.approx([0.499 - 0.00098, 0.499 + 0.00098], abs=2e-6)


def test_columns_are_the_same_as_one_by_one():
    k, n = np.array([0, 3, 9, 9]), np.array([5, 9, 9, 20])
    assert np.array(clopper_pearson(k, n)) == pytest.approx(
        np.array([clopper_pearson(*pair) for pair in zip(k, n, strict=True)]).T
    )


@pytest.mark.parametrize(("k", "n", "p"), [(0, 0, 1.0), (5, 10, 1.0), (9, 10, 22 / 1024), (1, 10, 22 / 1024), (0, 1, 1.0)])
def test_the_test_of_a_half(k, n, p):
    assert even_p_value(k, n) == pytest.approx(p)


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [
        (0, 10, 0.0, 0.277533),
        (10, 10, 0.722467, 1.0),
        (5, 10, 0.236593, 0.763407),
        (81, 263, 0.255289, 0.366210),
        (0, 0, 0.0, 1.0),
    ],
)
def test_known_intervals_of_wilson(k, n, lower, upper):
    assert np.array(wilson(k, n)) == pytest.approx([lower, upper], abs=1e-5)


def test_wilsons_ends_are_where_the_share_would_be_just_so_far_away():
    k, n, z = 7, 40, 1.959964
    for end in wilson(k, n):
        assert abs(k / n - end) == pytest.approx(z * np.sqrt(end * (1 - end) / n), rel=1e-6)
