"""Bounds that hold at any time: the error is paid once, however often one looks, and the bad are still found."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.anytime import SHAPE, log_evidence_below, lower_bound, upper_bound
from annotator.consensus.binomial import wilson
from tests.careers import found_by_then


def refuted_by_then(true_share: float, mark: float, **career) -> np.ndarray:
    return found_by_then(true_share, lambda k, n: log_evidence_below(k, n, mark) >= -np.log(0.01), **career)


@pytest.mark.parametrize("mark", [0.5, 0.7])
def test_somebody_at_the_mark_is_refuted_as_rarely_as_it_says_though_one_looks_after_every_answer(mark):
    assert 0.001 < refuted_by_then(mark, mark)[-1] <= 0.01


def test_an_interval_for_one_look_would_wrong_one_in_eight():
    hits = (np.random.default_rng(1).random((2000, 50)) < 0.5).cumsum(axis=1)
    n = np.arange(1, 51)

    assert (wilson(hits[:, 5:], n[5:])[1] < 0.5).any(axis=1).mean() > 0.1


def test_whoever_is_better_is_refuted_more_rarely():
    assert refuted_by_then(0.6, 0.5, answers=200)[-1] < 0.001


def test_somebody_clearly_below_is_found():
    by_then = refuted_by_then(0.25, 0.5, answers=100)

    assert by_then[40] > 0.5
    assert by_then[-1] > 0.95
    assert upper_bound(0, 8, error=0.01) < 0.5 < upper_bound(0, 7, error=0.01)


def test_the_evidence_is_the_wealth_of_a_bet_that_is_fair():
    """Its mean under the share it is against is 1 after any number of answers, and its integral is the one of the text."""
    n, share = 12, 0.6
    k = np.arange(n + 1)
    ways = np.array([float(np.prod([(n - i) / (i + 1) for i in range(at)])) for at in k])
    probability = ways * share**k * (1 - share) ** (n - k)
    assert (probability * np.exp(log_evidence_below(k, n, share))).sum() == pytest.approx(1)

    q = (np.arange(200_000) + 0.5) / 200_000 * share
    prior = q ** (SHAPE[0] - 1) * (1 - q) ** (SHAPE[1] - 1)
    integral = (prior * q**3 * (1 - q) ** 9).sum() / prior.sum() / (share**3 * (1 - share) ** 9)
    assert np.exp(log_evidence_below(3, 12, share)) == pytest.approx(integral, rel=0.01)


def test_bounds_hold_the_share_and_mirror_each_other():
    k, n = np.array([0, 3, 250, 500, 0]), np.array([6, 30, 500, 500, 0])

    upper, lower = upper_bound(k, n, error=0.02), lower_bound(k, n, error=0.02)

    assert (lower <= k / np.maximum(n, 1)).all()
    assert (upper >= k / np.maximum(n, 1)).all()
    assert upper == pytest.approx(1 - lower_bound(n - k, n, error=0.02))
    assert (lower[-1], upper[-1]) == (0, 1)
    assert log_evidence_below(k[:4], n[:4], np.minimum(upper[:4], 1 - 1e-9))[:3] == pytest.approx(-np.log(0.02), abs=1e-4)


def test_a_smaller_error_is_a_wider_bound():
    assert upper_bound(5, 20, error=0.001) > upper_bound(5, 20, error=0.05) > 0.25
