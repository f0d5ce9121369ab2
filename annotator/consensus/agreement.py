"""Krippendorff's alpha: how much people agree beyond chance, for choices with an order or without one.

With n_ic votes for choice c on task i, n_i = Σ_c n_ic, over the tasks with n_i ≥ 2 (the others say nothing about agreement),
N = Σ n_i, N_c = Σ_i n_ic, and a distance δ_ck between two choices:

    observed disagreement   D_o = (1 / N) Σ_i Σ_{c≠k} n_ic n_ik δ_ck / (n_i - 1)
    expected disagreement   D_e = Σ_{c≠k} N_c N_k δ_ck / (N (N - 1))
    alpha                   1 - D_o / D_e

    nominal    δ_ck = 1                                            any other choice is as different as the next
    ordinal    δ_ck = (N_c / 2 + N_{c+1} + … + N_{k-1} + N_k / 2)²  choices that many votes lie between are far apart
    interval   δ_ck = (c - k)²                                     neighbouring choices are equally far apart

1 is full agreement, 0 is what chance would give, below 0 people contradict each other. Where all votes are alike alpha is not
defined. It assumes that annotators are interchangeable, and that the number of votes on a task does not depend on what they say.
Votes that stop when they agree break the second: coin flips under adaptive overlap look like agreement. Of such votes use the
first ones of each task (`first_votes`), which are as many whatever they say.

The two sides of a pair must mean the same in every vote: a and b, never left and right. The interval is a bootstrap over
clusters of tasks (see `bootstrap`): pairs with the same prompt are judged alike.

K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (University of Pennsylvania, 2011), with the metrics and an
example; A. F. Hayes and K. Krippendorff, "Answering the call for a standard reliability measure for coding data", Communication
Methods and Measures 1 (2007).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.bootstrap import bootstrap
from annotator.consensus.codes import Bools, Floats, Ints, check_cells
from annotator.consensus.majority import count_votes


class Level(StrEnum):
    """What is known of the choices: only that they differ, their order, or their distances."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Alpha(NamedTuple):
    """NaN where something is not defined: no two votes on a task, all votes alike, or no bootstrap asked for."""

    alpha: float
    lower: float
    upper: float
    observed: float  # D_o
    expected: float  # D_e
    n_tasks: int  # with two votes or more
    n_votes: int  # on those
    n_clusters: int  # of those
    resamples: int  # in which alpha is defined


def krippendorff_alpha(
    task: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_choices: int,
    level: Level = Level.NOMINAL,
    cluster: ArrayLike | None = None,
    resamples: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> Alpha:
    """Alpha of votes `choice[i]` on `task[i]`, codes of shape (votes,), one vote per annotator and task.

    `cluster` is what each task belongs to, such as its prompt, shape (tasks,); left out, each task stands for itself. For an
    ordinal or interval level the codes of choices are in their order. With `resamples`, the interval too; the same seed gives the
    same interval.

    Raises:
        ValueError: codes out of range, columns of different lengths, or tables that do not fit into memory.
    """
    check_cells("counts", n_tasks, n_choices)
    counts = count_votes(np.asarray(task), np.asarray(choice), n_tasks=n_tasks, n_choices=n_choices)
    return krippendorff_alpha_of_counts(
        counts, level=level, cluster=cluster, resamples=resamples, confidence=confidence, seed=seed
    )


def krippendorff_alpha_of_counts(
    counts: ArrayLike,
    *,
    level: Level = Level.NOMINAL,
    cluster: ArrayLike | None = None,
    resamples: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> Alpha:
    """The same from the votes per task and choice, (tasks, choices)."""
    rows = np.asarray(counts, dtype=np.int64)
    of_row = np.arange(len(rows)) if cluster is None else np.asarray(cluster)
    if of_row.shape != rows.shape[:1]:
        raise ValueError("cluster must have an entry per task")
    is_used = rows.sum(axis=1) >= 2
    rows, of_row = rows[is_used], of_row[is_used]
    n_choices = rows.shape[1]
    sums = alpha_sums(rows, level)
    observed, expected = (float(value[0]) for value in disagreement(sums.sum(axis=0)[None, :], n_choices, level))
    found = bootstrap(
        sums,
        lambda totals: alpha_of_sums(totals, n_choices, level)[:, None],
        cluster=of_row,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )
    return Alpha(
        alpha=float(found.value[0]),
        lower=float(found.lower[0]),
        upper=float(found.upper[0]),
        observed=observed,
        expected=expected,
        n_tasks=len(rows),
        n_votes=int(rows.sum()),
        n_clusters=len(np.unique(of_row)),
        resamples=int(found.resamples[0]),
    )


def first_votes(task: ArrayLike, *, first: int) -> Bools:
    """Which votes are among the `first` ones of their task, by their order in the column. Shape (votes,).

    What a person said never decides whether a vote is among them, unless votes were taken away.
    """
    return rank_in_task(task) < first


def rank_in_task(task: ArrayLike) -> Ints:
    """The place of each vote among those of its task, from 0, by their order in the column. Shape (votes,)."""
    codes = np.asarray(task)
    order = np.argsort(codes, kind="stable")
    in_order = codes[order]
    is_start = np.ones(len(codes), dtype=np.bool_)
    is_start[1:] = in_order[1:] != in_order[:-1]
    place = np.arange(len(codes))
    start = np.maximum.accumulate(np.where(is_start, place, 0))
    rank = np.empty(len(codes), dtype=np.int64)
    rank[order] = place - start
    return rank


# --- alpha from sums over tasks, so that samples of tasks are weighted sums


def alpha_sums(counts: Ints, level: Level) -> Floats:
    """What each task adds to the totals of `disagreement`, shape (tasks, sums); a task with fewer than two votes adds nothing.

    First the votes per choice; then how often two votes disagree: in one column, or by which two choices they are for, where
    that matters.

    Raises:
        ValueError: tables that do not fit into memory.
    """
    counts = np.asarray(counts, dtype=np.int64)
    votes = counts.sum(axis=1)
    others = np.maximum(votes - 1, 1)[:, None]
    if level == Level.NOMINAL:
        apart = (votes**2 - (counts**2).sum(axis=1))[:, None] / others
    else:
        low, high = np.triu_indices(counts.shape[1], 1)
        check_cells("disagreements", len(counts), len(low))
        apart = 2 * counts[:, low] * counts[:, high] / others
    return np.where((votes >= 2)[:, None], np.concatenate([counts, apart], axis=1), 0.0)


def disagreement(totals: Floats, n_choices: int, level: Level) -> tuple[Floats, Floats]:
    """D_o and D_e of totals of `alpha_sums`, (samples, sums); each of shape (samples,), NaN without votes."""
    of_choice, apart = totals[:, :n_choices], totals[:, n_choices:]
    n_votes = of_choice.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if level == Level.NOMINAL:
            return apart[:, 0] / n_votes, (n_votes**2 - (of_choice**2).sum(axis=1)) / (n_votes * (n_votes - 1))
        low, high = np.triu_indices(n_choices, 1)
        distance = _distances(of_choice, low, high, level)
        expected = 2 * (of_choice[:, low] * of_choice[:, high] * distance).sum(axis=1)
        return (apart * distance).sum(axis=1) / n_votes, expected / (n_votes * (n_votes - 1))


def alpha_of_sums(totals: Floats, n_choices: int, level: Level) -> Floats:
    """Alpha of totals of `alpha_sums`, shape (samples,); NaN where it is not defined."""
    observed, expected = disagreement(totals, n_choices, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _distances(of_choice: Floats, low: Ints, high: Ints, level: Level) -> Floats:
    """δ of each two choices, low < high: (samples, pairs of choices)."""
    if level == Level.INTERVAL:
        return np.broadcast_to((high - low).astype(np.float64) ** 2, (len(of_choice), len(low)))
    up_to = np.cumsum(of_choice, axis=1)
    return np.asarray((up_to[:, high] - up_to[:, low] + (of_choice[:, low] - of_choice[:, high]) / 2) ** 2)
