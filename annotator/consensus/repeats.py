"""What somebody answered the first time, where the same task came to them again."""

from __future__ import annotations

import numpy as np

from annotator.consensus.codes import Bools, Ints

NOT_THERE = -1


def first_answers(annotator: Ints, task: Ints, *, is_first: Bools, is_again: Bools) -> tuple[Ints, Ints]:
    """The rows that are answered again, and for each the row of the same annotator's first answer to the task, or NOT_THERE.

    All columns have a row per answer; `annotator` and `task` are codes from 0.
    """
    again = np.flatnonzero(is_again)
    is_repeated = np.zeros(int(task.max(initial=-1)) + 1, dtype=np.bool_)
    is_repeated[task[again]] = True
    first = np.flatnonzero(is_first & is_repeated[task])  # the few that can be asked for
    key, wanted = (annotator[rows].astype(np.int64) * len(is_repeated) + task[rows] for rows in (first, again))
    order = np.argsort(key, kind="stable")
    at = np.searchsorted(key, wanted, sorter=order)
    is_there = at < len(order)
    is_there[is_there] = key[order[at[is_there]]] == wanted[is_there]
    found = np.full(len(again), NOT_THERE)
    found[is_there] = first[order[at[is_there]]]
    return again, found
