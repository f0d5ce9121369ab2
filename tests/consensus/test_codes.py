"""Codes, and which vote came first."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.codes import CELLS_MAX, check_cells, checked_codes, is_first_vote


@pytest.mark.parametrize("seed", range(5))
def test_the_first_vote_with_the_same_keys_is_the_one_that_came_first(seed):
    rng = np.random.default_rng(seed)
    task, annotator = rng.integers(0, 8, 100), rng.integers(0, 4, 100)
    seen, expected = set(), []
    for keys in zip(task.tolist(), annotator.tolist(), strict=True):
        expected.append(keys not in seen)
        seen.add(keys)
    assert is_first_vote(task, annotator).tolist() == expected


def test_no_votes_are_no_first_votes():
    assert is_first_vote(np.zeros(0, dtype=int), np.zeros(0, dtype=int)).shape == (0,)


@pytest.mark.parametrize(("task", "choice"), [([0, 2], [0, 0]), ([-1], [0]), ([0], [0, 1]), ([[0]], [[0]])])
def test_it_refuses_what_are_no_codes(task, choice):
    with pytest.raises(ValueError, match=r"codes must be|same length"):
        checked_codes({"task": 2, "choice": 2}, task=task, choice=choice)


def test_it_refuses_a_table_that_does_not_fit_into_memory():
    check_cells("cells", CELLS_MAX, 1)
    with pytest.raises(ValueError, match="more than fit into memory"):
        check_cells("cells", CELLS_MAX, 2)
