from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.calibration import held_out_check, reliability
from annotator.consensus.posterior import fit_prior
from tests.consensus.populations import counted, splits, votes_in_order


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


@pytest.mark.parametrize("kind", ["uniform", "bimodal", "even"])
@pytest.mark.parametrize("n_choices", [2, 4])
def test_other_votes_are_foretold_with_all_that_they_miss(kind, n_choices):
    split, _ = splits(1, kind, n_pairs=6000, n_choices=n_choices)
    votes = votes_in_order(2, split, 8)
    known, others = counted(votes[:, :5], n_choices), counted(votes[:, 5:], n_choices)

    chance, right = held_out_check(fit_prior(known), known, others)

    assert chance.mean() == pytest.approx(right.mean(), abs=0.03)
    table = reliability(chance, right)
    large = table.n > 600
    assert np.abs(table.excess[large]).max() < 0.07


def test_where_there_are_no_other_votes_nothing_is_checked():
    prior = fit_prior([[3, 0], [0, 3]] * 25)

    chance, right = held_out_check(prior, [[3, 0], [2, 1], [1, 1]], [[0, 0], [2, 0], [1, 1]])

    assert np.isnan([chance[0], right[0]]).all()
    assert right[1:].tolist() == [1, 0.5]
    assert chance[2] == pytest.approx(0.5)
