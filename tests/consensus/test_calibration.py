from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.calibration import reliability


def test_a_table_of_a_few_pairs():
    table = reliability([0.55, 0.59, 0.95, 1.0, np.nan], [1, 0, 1, 0.5, 1])

    assert table.n.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert table.confidence[[5, 9]] == pytest.approx([0.57, 0.975])
    assert table.right[[5, 9]] == pytest.approx([0.5, 0.75])
    assert table.excess[5] == pytest.approx(0.07)
    assert np.isnan(table.right[0])
    assert np.isnan(table.lower[0])
    assert (table.low[5], table.high[5]) == (0.5, pytest.approx(0.6))


def test_the_interval_covers_what_is_true_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(300):
        said = rng.uniform(0.5, 1, 400)
        table = reliability(said, rng.random(400) < said)
        filled = table.n > 0
        covered.append((table.lower <= table.confidence)[filled] & (table.confidence <= table.upper)[filled])
    assert 0.93 < np.concatenate(covered).mean() < 0.98


def test_somebody_who_always_says_nine_in_ten_and_is_right_half_the_time_is_found_out():
    table = reliability(np.full(500, 0.9), np.arange(500) % 2)

    assert table.excess[9] == pytest.approx(0.4)
    assert table.upper[9] < 0.9


@pytest.mark.parametrize(("said", "true"), [([0.5], [1, 0]), ([1.5], [1]), ([0.5], [-1])])
def test_it_refuses_what_is_no_probability(said, true):
    with pytest.raises(ValueError, match="confidence and right"):
        reliability(said, true)


def test_no_pairs_give_an_empty_table():
    assert reliability([], []).n.sum() == 0
