"""The majority on tables of cases, and against a loop that is too simple to be wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from annotator.consensus.majority import NO_LABEL, count_votes, majority, majority_of_counts

A, B, GOOD, BAD, TIE = range(5)


@pytest.mark.parametrize(
    ("counts", "label", "confidence", "agreement"),
    [
        pytest.param([1, 0, 0, 0], A, 1.0, None, id="one vote"),
        pytest.param([0, 3, 0, 0], B, 1.0, 1.0, id="unanimous"),
        pytest.param([2, 1, 0, 0], A, 2 / 3, 1 / 3, id="two of three"),
        pytest.param([1, 2, 0, 0], B, 2 / 3, 1 / 3, id="the same, mirrored"),
        pytest.param([1, 1, 0, 0], TIE, 1 / 2, 0.0, id="one against one"),
        pytest.param([1, 1, 1, 1], TIE, 1 / 4, 0.0, id="all different"),
        pytest.param([2, 2, 1, 0], TIE, 2 / 5, 2 / 10, id="a shared lead is a tie though others are behind"),
        pytest.param([2, 1, 1, 1], A, 2 / 5, 1 / 10, id="a plurality is enough"),
        pytest.param([0, 0, 2, 1], GOOD, 2 / 3, 1 / 3, id="both good is a label, not a tie"),
        pytest.param([0, 0, 0, 2], BAD, 1.0, 1.0, id="both bad"),
        pytest.param([0, 0, 1, 1], TIE, 1 / 2, 0.0, id="a tie of both good and both bad"),
        pytest.param([60_000, 59_999, 0, 0], A, 60_000 / 119_999, 0.5, id="many votes do not overflow"),
    ],
)
def test_it_labels_a_task_by_its_counts(counts, label, confidence, agreement):
    result = majority_of_counts(np.array([counts]))
    assert result.label.tolist() == [label]
    assert result.confidence[0] == pytest.approx(confidence)
    if agreement is None:
        assert np.isnan(result.agreement[0])
    else:
        assert result.agreement[0] == pytest.approx(agreement, abs=1e-4)
    assert result.shares[0] == pytest.approx(np.array(counts) / sum(counts))


def test_a_task_without_votes_has_no_label_and_no_numbers():
    result = majority_of_counts(np.array([[0, 0, 0, 0], [1, 0, 0, 0]]))
    assert result.label.tolist() == [NO_LABEL, A]
    assert np.isnan(result.shares[0]).all()
    assert np.isnan([result.confidence[0], result.agreement[0]]).all()


def test_no_tasks_are_no_rows():
    result = majority(np.array([], dtype=int), np.array([], dtype=int), n_tasks=0, n_choices=4)
    assert [len(column) for column in result] == [0] * 5


@pytest.mark.parametrize(("task", "choice"), [([2], [0]), ([-1], [0]), ([0], [4]), ([0], [-1]), ([0, 1], [0])])
def test_it_refuses_codes_that_are_none(task, choice):
    with pytest.raises(ValueError, match=r"code|length"):
        count_votes(np.array(task), np.array(choice), n_tasks=2, n_choices=4)


@pytest.mark.parametrize("seed", range(20))
def test_it_agrees_with_a_loop_over_the_votes(seed):
    rng = np.random.default_rng(seed)
    n_tasks, n_choices = int(rng.integers(1, 60)), int(rng.integers(2, 6))
    n_votes = int(rng.integers(0, 200))
    task, choice = rng.integers(n_tasks, size=n_votes), rng.integers(n_choices, size=n_votes)
    result = majority(task, choice, n_tasks=n_tasks, n_choices=n_choices)
    for index in range(n_tasks):
        mine = [int(vote) for on, vote in zip(task, choice, strict=True) if on == index]
        counts = [mine.count(code) for code in range(n_choices)]
        leaders = [code for code in range(n_choices) if mine and counts[code] == max(counts)]
        assert result.counts[index].tolist() == counts
        assert result.label[index] == (NO_LABEL if not mine else leaders[0] if len(leaders) == 1 else n_choices)
        if mine:
            assert result.shares[index].tolist() == [count / len(mine) for count in counts]
            assert result.confidence[index] == max(counts) / len(mine)
        pairs = list(combinations(mine, 2))
        if pairs:
            assert result.agreement[index] == pytest.approx(sum(one == other for one, other in pairs) / len(pairs))
        else:
            assert np.isnan(result.agreement[index])


def test_the_order_of_the_votes_does_not_matter():
    rng = np.random.default_rng(5)
    task, choice = rng.integers(30, size=100), rng.integers(4, size=100)
    order = rng.permutation(100)
    one, other = (majority(task[how], choice[how], n_tasks=30, n_choices=4) for how in (slice(None), order))
    for column, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(column, same)
