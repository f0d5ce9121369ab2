"""Dawid–Skene: the true choice of each task and the habits of each annotator, from one another.

Task i has a true choice k with probability ρ_k; annotator j, where k is true, says l with probability π_jkl (a confusion
matrix per annotator), independently of what the others say. The likelihood of the votes y_ij is

    L = Π_i Σ_k ρ_k Π_j π_jk,y_ij

It is maximised by EM, from the soft majority T_ik = n_ik / n_i:

    M   ρ_k ∝ Σ_i T_ik        π_jkl ∝ s + Σ_i T_ik [y_ij = l]
    E   T_ik ∝ ρ_k Π_j π_jk,y_ij

With smoothing s = 0 this is the maximum likelihood, and log L never falls. With s > 0 every cell of a confusion matrix has s
votes beforehand, and log L + s Σ log π never falls. Where EM moves little and would go on for a thousand steps, two of its
steps are extrapolated, and what comes out is kept if it is no less likely. L has several maxima; the soft majority leads to
the one where most annotators are better than chance. So it assumes that they are, that votes on a task are independent given
the truth, and that a task is as hard as any other. An annotator with few votes has a confusion matrix that means little:
smooth it, or ask for more votes. It need not be better than the majority.

A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Journal of the
Royal Statistical Society C 28 (1979). The extrapolation is SqS3 of R. Varadhan and C. Roland, "Simple and globally convergent
methods for accelerating the convergence of any EM algorithm", Scandinavian Journal of Statistics 35 (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, check_cells, checked_codes, totals
from annotator.consensus.majority import NO_LABEL

TOLERANCE = 1e-6
ITERATIONS_MAX = 5000
MEAN_PART = 10_000  # a step moves posteriors by a part of the tolerance on average: what is summed over tasks is more exact
NEAR = 1e-2  # EM goes by itself until its steps are this small, so that extrapolating cannot lead to another maximum
ROUNDING = 1e-9  # posteriors that differ by less share the lead
TINY = 1e-300


class DawidSkene(NamedTuple):
    """Where a task has no votes: NO_LABEL and NaN. Where an annotator tells nothing of a choice: NaN in that row."""

    posterior: Floats  # (tasks, choices): the T_ik; a row sums to 1
    label: Ints  # (tasks,): the most probable choice; the number of choices for a tie
    confidence: Floats  # (tasks,): its probability
    shares: Floats  # (choices,): the ρ_k
    confusion: Floats  # (annotators, choices, choices): the π_jkl, true choice before given one
    accuracy: Floats  # (annotators,): Σ_k ρ_k π_jkk over the choices that the annotator tells something of
    log_likelihood: float
    history: Floats  # (iterations,): what never falls
    converged: bool  # the last step moved no posterior by more than the tolerance

    @property
    def iterations(self) -> int:
        return len(self.history)


def dawid_skene(
    task: ArrayLike,
    annotator: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_annotators: int,
    n_choices: int,
    smoothing: float = 0.0,
    start: Floats | None = None,
    tolerance: float = TOLERANCE,
    iterations_max: int = ITERATIONS_MAX,
) -> DawidSkene:
    """The maximum of the likelihood; vote i is `choice[i]` of `annotator[i]` on `task[i]`.

    A repeated vote counts as a vote of its own: leave it out beforehand (`codes.is_first_vote`) where it is not one.

    Args:
        task, annotator, choice: codes, shape (votes,), in any order.
        smoothing: votes that every cell of every confusion matrix has beforehand, at least 0.
        start: posteriors to start from in place of the soft majority, shape (tasks, choices): those of an earlier result,
            for example. Rows of tasks without votes, or with NaN, are not used.
        tolerance: it has converged when a step moves no posterior by more, and all on average by far less.

    Raises:
        ValueError: codes out of range, columns of different lengths, a smoothing below 0, or tables that do not fit into memory.
    """
    limits = {"task": n_tasks, "annotator": n_annotators, "choice": n_choices}
    tasks, annotators, choices = checked_codes(limits, task=task, annotator=annotator, choice=choice)
    if smoothing < 0 or iterations_max < 1:
        raise ValueError("smoothing must be at least 0, and iterations_max at least 1")
    check_cells("cells of confusion matrices", n_annotators, n_choices, n_choices)
    check_cells("posteriors", n_tasks, n_choices)
    votes = np.bincount(tasks, minlength=n_tasks)
    voted = votes > 0
    order = np.argsort(tasks, kind="stable")  # so that memory is read from front to back
    row = (np.cumsum(voted) - 1)[tasks[order]]  # among the tasks with votes
    said = (annotators * n_choices + choices)[order]

    posterior = _soft_majority(row, choices[order], votes[voted], n_choices)
    if start is not None:
        given = np.asarray(start, dtype=np.float64)[voted]
        usable = np.isfinite(given).all(axis=1) & (given.sum(axis=1) > 0)
        posterior[:, usable] = (given[usable] / given[usable].sum(axis=1, keepdims=True)).T

    em = _EM(row, said, n_annotators, n_choices, smoothing)
    posterior, converged = em.climb(posterior, tolerance, iterations_max) if len(row) else (posterior, True)
    shares, confusion = em.shares, em.confusion
    mass = em.mass(posterior) if len(row) else np.zeros(em.shape)
    known = np.asarray((mass > ROUNDING).any(axis=2), dtype=np.bool_)
    confusion = np.where(known[:, :, None], confusion, np.nan)
    full = np.full((n_tasks, n_choices), np.nan)
    full[voted] = posterior.T
    label, confidence = most_probable(full)
    return DawidSkene(
        posterior=full,
        label=label,
        confidence=confidence,
        shares=shares,
        confusion=np.ascontiguousarray(confusion.transpose(1, 0, 2)),
        accuracy=_accuracy(shares, confusion, known),
        log_likelihood=em.log_likelihood,
        history=np.array(em.history, dtype=np.float64),
        converged=converged,
    )


def most_probable(posterior: Floats) -> tuple[Ints, Floats]:
    """Label and confidence per task, from probabilities (tasks, choices); as in `majority`, a shared lead is a tie."""
    n_tasks, n_choices = posterior.shape
    if not n_choices:
        return np.full(n_tasks, NO_LABEL), np.full(n_tasks, np.nan)
    voted = np.asarray(~np.isnan(posterior).any(axis=1), dtype=np.bool_)
    confidence = np.max(posterior, axis=1, initial=-np.inf, where=~np.isnan(posterior))
    label = np.argmax(np.where(voted[:, None], posterior, 0.0), axis=1)
    label[(posterior >= confidence[:, None] - ROUNDING).sum(axis=1) > 1] = n_choices
    label[~voted] = NO_LABEL
    return label, np.where(voted, confidence, np.nan)


# Inside, a table has the true choice as its first axis: each step is then a few passes over whole columns.


def _soft_majority(row: Ints, choice: Ints, votes: Ints, n_choices: int) -> Floats:
    counts = np.bincount(choice * len(votes) + row, minlength=n_choices * len(votes)).reshape(n_choices, len(votes))
    return counts / votes


class _EM:
    """Steps of EM over the votes, sorted by task, and what they have come to."""

    def __init__(self, row: Ints, said: Ints, n_annotators: int, n_choices: int, smoothing: float) -> None:
        self.row, self.said, self.smoothing = row, said, smoothing
        self.shape = (n_choices, n_annotators, n_choices)  # of the confusion: true choice, annotator, given choice
        self.shares, self.confusion = np.full(n_choices, np.nan), np.full(self.shape, np.nan)
        self.log_likelihood = 0.0
        self.history: list[float] = []

    def climb(self, posterior: Floats, tolerance: float, iterations_max: int) -> tuple[Floats, bool]:
        """The posterior (choices, tasks with votes) that steps lead to, and whether they had stopped moving it."""
        while len(self.history) < iterations_max:
            once, reached = self.step(posterior)
            self.history.append(reached)
            change = once - posterior
            largest = np.abs(change).max()
            if largest <= tolerance and np.abs(change).mean() <= tolerance / MEAN_PART:
                return once, True
            posterior = once if largest > NEAR else self._extrapolate(once, change)
        return posterior, False

    def _extrapolate(self, once: Floats, change: Floats) -> Floats:
        """From one step and its change: the second step, and a third from a guess at where the steps lead."""
        twice, reached = self.step(once)
        self.history.append(reached)
        bend = twice - once - change
        length = max(1.0, float(np.sqrt((change**2).sum() / max((bend**2).sum(), TINY))))
        guess = np.clip(once + (2 * length - 1) * change + length**2 * bend, 0, None)
        guess /= guess.sum(axis=0)
        further, guessed = self.step(guess)
        if guessed < reached:
            return twice
        self.history.append(guessed)
        return further

    def step(self, posterior: Floats) -> tuple[Floats, float]:
        """One M and one E: the next posterior, and what must not fall."""
        self.maximise(posterior)
        moved = self.expect()
        prior = self.smoothing * float(np.log(self.confusion).sum()) if self.smoothing else 0.0
        return moved, self.log_likelihood + prior

    def maximise(self, posterior: Floats) -> None:
        self.shares = posterior.sum(axis=1) / posterior.shape[1]
        mass = self.smoothing + self.mass(posterior)
        total = mass.sum(axis=2, keepdims=True)
        # Where nothing is known any row is a maximum: the even one.
        self.confusion = np.divide(mass, total, out=np.full(self.shape, 1 / self.shape[0]), where=total > 0)

    def mass(self, posterior: Floats) -> Floats:
        """How often each annotator gave each choice where each was true."""
        size = self.shape[1] * self.shape[2]
        return np.stack([totals(self.said, row[self.row], size) for row in posterior]).reshape(self.shape)

    def expect(self) -> Floats:
        n_tasks = int(self.row[-1]) + 1
        with np.errstate(divide="ignore"):
            log_shares, log_confusion = np.log(self.shares), np.log(self.confusion).reshape(len(self.shares), -1)
        joint = np.stack([totals(self.row, table[self.said], n_tasks) for table in log_confusion])
        joint += log_shares[:, None]
        top = joint.max(axis=0)
        joint -= top
        np.exp(joint, out=joint)
        total = joint.sum(axis=0)
        joint /= total
        self.log_likelihood = float((np.log(total) + top).sum())
        return joint


def _accuracy(shares: Floats, confusion: Floats, known: Bools) -> Floats:
    right = np.where(known, np.einsum("kjk->kj", confusion), 0.0)
    weight = np.where(known, shares[:, None], 0.0)
    total = weight.sum(axis=0)
    return np.divide((weight * right).sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)
