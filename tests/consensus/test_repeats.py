"""First answers to tasks that come again, against looking through all answers."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.repeats import NOT_THERE, first_answers


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_first_answer_of_the_same_annotator_to_the_same_task(seed):
    rng = np.random.default_rng(seed)
    annotator, task = (column.astype(np.int32) for column in np.divmod(rng.permutation(200), 20))  # each pair of codes once
    kind = rng.integers(0, 3, 200)
    again_of = rng.integers(0, 200, 50)
    annotator, task = np.append(annotator, annotator[again_of]), np.append(task, task[again_of])
    kind = np.append(kind, np.full(50, 3))
    firsts = {(annotator[row], task[row]): row for row in range(200) if kind[row] == 1}
    expected = [firsts.get((annotator[row], task[row]), NOT_THERE) for row in range(200, 250)]

    again, first = first_answers(annotator, task, is_first=kind == 1, is_again=kind == 3)

    assert again.tolist() == list(range(200, 250))
    assert first.tolist() == expected
    assert NOT_THERE in expected
    assert max(expected) > 0


@pytest.mark.parametrize("kinds", [[], [1, 1], [3]], ids=["no answers", "nothing again", "nothing before"])
def test_where_nothing_can_be_found(kinds):
    kind = np.array(kinds, dtype=np.int64)
    codes = np.arange(len(kinds))
    again, first = first_answers(codes, codes, is_first=kind == 1, is_again=kind == 3)
    assert len(again) == len(first) == (kind == 3).sum()
    assert (first == NOT_THERE).all()
