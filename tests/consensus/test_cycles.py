"""Cycles of three, against all threes tried out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from annotator.consensus.bradley_terry import LEFT, TIE, count_comparisons
from annotator.consensus.cycles import find_cycles, find_cycles_of_counts
from tests.consensus.simulated import compared


def beats(left, right, winner, n: int):
    wins, _ = count_comparisons(left, right, winner, n_generators=n)
    return wins - wins.T


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("at_once", [3, 4_000_000])
def test_it_finds_every_cycle_once(seed, at_once, monkeypatch):
    monkeypatch.setattr("annotator.consensus.cycles.PATHS_AT_ONCE", at_once)
    left, right, winner = compared(seed, np.zeros(9), votes=60, nu=0.4)
    lead = beats(left, right, winner, 9)
    expected, triads = {}, 0
    for i, j, k in combinations(range(9), 3):
        for one in ((i, j, k), (i, k, j)):
            margins = [lead[one[at], one[(at + 1) % 3]] for at in range(3)]
            if min(margins) > 0:
                expected[one] = min(margins)
        triads += bool(lead[i, j] and lead[j, k] and lead[i, k])

    result = find_cycles(left, right, winner, n_generators=9)

    assert result.counts.tolist() == [len(expected)]
    assert result.triads.tolist() == [triads]
    assert dict(zip(map(tuple, result.generators.tolist()), result.margin.tolist(), strict=True)) == expected
    assert result.margin.tolist() == sorted(expected.values(), reverse=True)
    assert len(find_cycles(left, right, winner, n_generators=9, listed_max=1).margin) == min(1, len(expected))
    of_counts = find_cycles_of_counts(*count_comparisons(left, right, winner, n_generators=9))
    for name, column in result._asdict().items():
        np.testing.assert_array_equal(getattr(of_counts, name), column, err_msg=name)


def test_each_block_is_by_itself():
    left, right, winner = compared(1, np.zeros(6), votes=400)
    block = np.random.default_rng(0).integers(0, 10, 400)
    together = find_cycles(left, right, winner, n_generators=6, block=block, n_blocks=11)
    for one in range(11):
        mine = block == one
        alone = find_cycles(left[mine], right[mine], winner[mine], n_generators=6)
        assert together.counts[one] == alone.counts[0]
        assert together.triads[one] == alone.triads[0]
        assert (together.block == one).sum() == alone.counts[0]


@pytest.mark.parametrize(("winners", "consistence"), [((0, 0, 0), 1.0), ((0, 1, 0), 0.0), ((0, 0, TIE), None)])
def test_kendalls_coefficient_of_three(winners, consistence):
    result = find_cycles([0, 0, 1], [1, 2, 2], winners, n_generators=3)
    if consistence is None:
        assert np.isnan(result.consistence[0])
    else:
        assert result.consistence[0] == consistence


def test_a_scale_without_noise_has_no_cycles():
    left, right = np.triu_indices(8, 1)
    result = find_cycles(left, right, np.full(28, LEFT), n_generators=8)
    assert (result.counts[0], result.triads[0], result.consistence[0]) == (0, 56, 1.0)


@pytest.mark.parametrize(("votes", "n_generators"), [(([], [], []), 0), (([], [], []), 1), (([0], [1], [TIE]), 2)])
def test_little_to_go_by(votes, n_generators):
    result = find_cycles(*votes, n_generators=n_generators)
    assert result.counts.tolist() == [0]
    assert np.isnan(result.consistence).all()
    assert result.generators.shape == (0, 3)
