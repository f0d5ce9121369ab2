"""Krippendorff's alpha for choices without an order: how much people agree beyond chance.

With n_ic votes for choice c on task i, n_i = Σ_c n_ic, over the tasks with n_i ≥ 2 (the others say nothing about agreement),
N = Σ n_i and N_c = Σ_i n_ic:

    observed disagreement   D_o = (1 / N) Σ_i (n_i² - Σ_c n_ic²) / (n_i - 1)
    expected disagreement   D_e = (N² - Σ_c N_c²) / (N (N - 1))
    alpha                   1 - D_o / D_e

1 is full agreement, 0 is what chance would give, below 0 people contradict each other. Where all votes are alike alpha is not
defined. It assumes that annotators are interchangeable, and takes missing votes as they are. The two sides of a pair must mean
the same in every vote: a and b, never left and right. The interval is the percentile bootstrap over tasks: which pairs were
judged is what chance decided.

K. Krippendorff, Content Analysis, chapter "Reliability" (Sage, 2nd edition 2004); A. F. Hayes and K. Krippendorff, "Answering
the call for a standard reliability measure for coding data", Communication Methods and Measures 1 (2007).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints, check_cells
from annotator.consensus.majority import count_votes

RESAMPLES_AT_ONCE = 4_000_000  # numbers drawn at a time


class Alpha(NamedTuple):
    """NaN where something is not defined: no two votes on a task, all votes alike, or no bootstrap asked for."""

    alpha: float
    lower: float
    upper: float
    observed: float  # D_o
    expected: float  # D_e
    n_tasks: int  # with two votes or more
    n_votes: int  # on those
    resamples: int  # in which alpha is defined


def krippendorff_alpha(
    task: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_choices: int,
    resamples: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> Alpha:
    """Alpha of votes `choice[i]` on `task[i]`, codes of shape (votes,), one vote per annotator and task.

    With `resamples`, the interval too; the same seed gives the same interval.

    Raises:
        ValueError: codes out of range, columns of different lengths, or tables that do not fit into memory.
    """
    check_cells("counts", n_tasks, n_choices)
    counts = count_votes(np.asarray(task), np.asarray(choice), n_tasks=n_tasks, n_choices=n_choices)
    return krippendorff_alpha_of_counts(counts, resamples=resamples, confidence=confidence, seed=seed)


def krippendorff_alpha_of_counts(counts: Ints, *, resamples: int = 0, confidence: float = 0.95, seed: int = 0) -> Alpha:
    """The same from the votes per task and choice, (tasks, choices)."""
    counts = np.asarray(counts, dtype=np.int64)
    counts = counts[counts.sum(axis=1) >= 2]
    kinds, times = _kinds(counts)
    n_votes = int(counts.sum())
    observed, expected = (float(value[0]) for value in _disagreement(kinds, times[None, :]))
    alphas = _resampled(kinds, times, resamples, seed)
    lower, upper = np.quantile(alphas, [(1 - confidence) / 2, (1 + confidence) / 2]) if alphas.size else (np.nan, np.nan)
    return Alpha(
        alpha=1 - observed / expected if expected > 0 else np.nan,
        lower=float(lower),
        upper=float(upper),
        observed=observed,
        expected=expected,
        n_tasks=len(counts),
        n_votes=n_votes,
        resamples=alphas.size,
    )


def _kinds(counts: Ints) -> tuple[Ints, Ints]:
    """The different rows, and how often each is there: a million tasks have a few hundred."""
    if not counts.size:
        return counts[:0], np.zeros(0, dtype=np.int64)
    order = np.lexsort(counts.T)
    in_order = counts[order]
    is_new = np.concatenate([[True], (in_order[1:] != in_order[:-1]).any(axis=1)])
    starts = np.flatnonzero(is_new)
    return in_order[starts], np.diff(np.append(starts, len(counts)))


def _disagreement(kinds: Ints, times: Ints) -> tuple[Floats, Floats]:
    """D_o and D_e where each kind of row is there `times` (samples, kinds); shape (samples,)."""
    votes = kinds.sum(axis=1)
    within = (votes**2 - (kinds**2).sum(axis=1)) / np.maximum(votes - 1, 1)
    times = times.astype(np.float64)
    n_votes = times @ votes
    of_choice = times @ kinds
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (times @ within) / n_votes
        expected = (n_votes**2 - (of_choice**2).sum(axis=1)) / (n_votes * (n_votes - 1))
    return observed, expected


def _resampled(kinds: Ints, times: Ints, resamples: int, seed: int) -> Floats:
    """Alpha of samples of as many tasks, drawn with replacement; those in which it is not defined are left out."""
    if not len(kinds) or not resamples:
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    at_once = max(1, RESAMPLES_AT_ONCE // len(kinds))
    alphas = []
    for done in range(0, resamples, at_once):
        drawn = rng.multinomial(times.sum(), times / times.sum(), size=min(at_once, resamples - done))
        observed, expected = _disagreement(kinds, drawn)
        is_defined = expected > 0
        alphas.append(1 - observed[is_defined] / expected[is_defined])
    return np.concatenate(alphas)
