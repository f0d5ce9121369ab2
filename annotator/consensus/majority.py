"""Majority vote with explicit ties and soft labels.

For the counts n_c of one task, with n = Σ n_c:

    share of choice c   p_c = n_c / n                            (the soft label)
    label               the c with the largest n_c, or `tie` when two or more share it
    confidence          max p_c
    agreement           Σ n_c (n_c - 1) / (n (n - 1))            (the share of pairs of votes that agree)

It assumes that all annotators are equally good, and nothing else. The agreement of one task is the observed agreement of
J. L. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971), equation 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotator.consensus.codes import Floats, Ints

NO_LABEL = -1  # of a task without votes


class Majority(NamedTuple):
    """One row per task. Where a task has no votes: NO_LABEL, and NaN for every number that would need one."""

    counts: Ints  # (tasks, choices)
    shares: Floats  # (tasks, choices); a row sums to 1
    label: Ints  # code of the leading choice; the number of choices for a tie
    confidence: Floats  # share of the leading choice
    agreement: Floats  # NaN below two votes


def count_votes(task: Ints, choice: Ints, *, n_tasks: int, n_choices: int) -> Ints:
    """Votes per task and choice, (n_tasks, n_choices). Raises ValueError on a code out of range."""
    task, choice = np.asarray(task), np.asarray(choice)
    if task.shape != choice.shape:
        raise ValueError("task and choice must be of the same length")
    for name, codes, limit in (("task", task, n_tasks), ("choice", choice, n_choices)):
        if codes.size and not (codes.min() >= 0 and codes.max() < limit):
            raise ValueError(f"{name} codes must be from 0 to {limit - 1}")
    cell = task.astype(np.int64)
    cell *= n_choices  # in place: there may be millions
    np.add(cell, choice, out=cell, casting="unsafe")
    counts = np.bincount(cell, minlength=n_tasks * n_choices)
    return counts.reshape(n_tasks, n_choices)


def majority(task: Ints, choice: Ints, *, n_tasks: int, n_choices: int) -> Majority:
    """The majority on each task of 0 … n_tasks - 1; vote i is `choice[i]` on `task[i]`."""
    return majority_of_counts(count_votes(task, choice, n_tasks=n_tasks, n_choices=n_choices))


def majority_of_counts(counts: Ints) -> Majority:
    """The majority on each task, from its votes per choice: (tasks, choices)."""
    counts = np.asarray(counts, dtype=np.int64)
    n_choices = counts.shape[1]
    votes = counts.sum(axis=1)
    voted = votes > 0
    shares = np.divide(counts, votes[:, None], out=np.full(counts.shape, np.nan), where=voted[:, None])
    top = counts.max(axis=1, initial=0)
    label = counts.argmax(axis=1) if n_choices else np.full(len(counts), NO_LABEL)
    label[(counts == top[:, None]).sum(axis=1) > 1] = n_choices
    label[~voted] = NO_LABEL
    pairs = votes * (votes - 1)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    return Majority(
        counts=counts,
        shares=shares,
        label=label,
        confidence=np.divide(top, votes, out=np.full(len(votes), np.nan), where=voted),
        agreement=np.divide(agreeing, pairs, out=np.full(len(votes), np.nan), where=pairs > 0),
    )
