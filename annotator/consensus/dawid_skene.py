"""Dawid–Skene: the true choice of each task and the habits of each annotator, from one another.

Task i has a true choice k with probability ρ_k; annotator j, where k is true, says l with probability π_jkl (a confusion
matrix per annotator), independently of what the others say. The likelihood of the votes y_ij is

    L = Π_i Σ_k ρ_k Π_j π_jk,y_ij

It is maximised by EM, from the soft majority T_ik = n_ik / n_i:

    M   ρ_k ∝ Σ_i T_ik        π_jkl ∝ s + Σ_i T_ik [y_ij = l]
    E   T_ik ∝ ρ_k Π_j π_jk,y_ij

With smoothing s = 0 this is the maximum likelihood, and log L never falls. With s > 0 every cell of a confusion matrix has s
votes beforehand, and log L + s Σ log π never falls. The steps are accelerated (see `em`). L has several maxima; the soft
majority leads to the one where most annotators are better than chance. So it assumes that they are, that votes on a task are
independent given the truth, and that a task is as hard as any other. An annotator with few votes has a confusion matrix that
means little: smooth it, take `one_coin`, or ask for more votes. It need not be better than the majority.

It has converged when a step moves no posterior by more than the tolerance, and the posteriors on average by no more than a
ten-thousandth of it: shares and confusion matrices are sums over many tasks, and are then as exact. Converged or not, the
posteriors and the log-likelihood are those of the shares and confusion matrices that are returned.

A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Journal of the
Royal Statistical Society C 28 (1979).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, check_cells, checked_codes, totals
from annotator.consensus.em import ITERATIONS_MAX, TOLERANCE, Step, climb
from annotator.consensus.majority import NO_LABEL

ROUNDING = 1e-9  # posteriors that differ by less share the lead


class DawidSkene(NamedTuple):
    """Where a task has no votes: NO_LABEL and NaN. Where an annotator tells nothing of a choice: NaN in that row."""

    posterior: Floats  # (tasks, choices): the T_ik; a row sums to 1
    label: Ints  # (tasks,): the most probable choice; the number of choices for a tie
    confidence: Floats  # (tasks,): its probability
    shares: Floats  # (choices,): the ρ_k
    confusion: Floats  # (annotators, choices, choices): the π_jkl, true choice before given one
    accuracy: Floats  # (annotators,): Σ_k ρ_k π_jkk over the choices that the annotator tells something of
    log_likelihood: float  # log L, of these shares and this confusion
    history: Floats  # (iterations,): what never falls
    converged: bool  # whether the last step moved the posteriors by less than the tolerances

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
        tolerance: it has converged when a step moves no posterior by more, and all on average by a ten-thousandth of it at most.
        iterations_max: steps that count; what is returned after fewer steps is a stage on the way.

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

    model = _Model(row, said, n_annotators, n_choices, smoothing)
    if len(row):
        climbed = climb(model.step, posterior, normalise=normalise_columns, tolerance=tolerance, iterations_max=iterations_max)
        posterior, fit, history, converged = climbed.last.state, climbed.last.fit, climbed.history, climbed.converged
        known = np.asarray((model.mass(posterior) > ROUNDING).any(axis=2), dtype=np.bool_)
    else:
        fit, history, converged = model.nothing(), [], True
        known = np.zeros(model.shape[:2], dtype=np.bool_)
    confusion = np.where(known[:, :, None], fit.confusion, np.nan)
    full = np.full((n_tasks, n_choices), np.nan)
    full[voted] = posterior.T
    label, confidence = most_probable(full)
    return DawidSkene(
        posterior=full,
        label=label,
        confidence=confidence,
        shares=fit.shares,
        confusion=np.ascontiguousarray(confusion.transpose(1, 0, 2)),
        accuracy=_accuracy(fit.shares, confusion, known),
        log_likelihood=fit.log_likelihood,
        history=np.array(history, dtype=np.float64),
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


def normalise_columns(guess: Floats) -> Floats:
    """As posteriors (choices, tasks): nothing below 0, and each task sums to 1."""
    guess = np.clip(guess, 0, None)
    guess /= guess.sum(axis=0)
    return guess


def _soft_majority(row: Ints, choice: Ints, votes: Ints, n_choices: int) -> Floats:
    counts = np.bincount(choice * len(votes) + row, minlength=n_choices * len(votes)).reshape(n_choices, len(votes))
    return counts / votes


class _Fit(NamedTuple):
    shares: Floats
    confusion: Floats  # true choice, annotator, given choice
    log_likelihood: float


class _Model:
    """Steps of EM over the votes, sorted by task."""

    def __init__(self, row: Ints, said: Ints, n_annotators: int, n_choices: int, smoothing: float) -> None:
        self.row, self.said, self.smoothing = row, said, smoothing
        self.shape = (n_choices, n_annotators, n_choices)  # of the confusion

    def nothing(self) -> _Fit:
        return _Fit(np.full(self.shape[0], np.nan), np.full(self.shape, np.nan), 0.0)

    def step(self, posterior: Floats) -> Step[_Fit]:
        """One M and one E."""
        shares, confusion = self.maximise(posterior)
        moved, log_likelihood = self.expect(shares, confusion)
        prior = self.smoothing * float(np.log(confusion).sum()) if self.smoothing else 0.0
        return Step(_Fit(shares, confusion, log_likelihood), log_likelihood + prior, moved)

    def maximise(self, posterior: Floats) -> tuple[Floats, Floats]:
        mass = self.smoothing + self.mass(posterior)
        total = mass.sum(axis=2, keepdims=True)
        # Where nothing is known any row is a maximum: the even one.
        confusion = np.divide(mass, total, out=np.full(self.shape, 1 / self.shape[0]), where=total > 0)
        return posterior.sum(axis=1) / posterior.shape[1], confusion

    def mass(self, posterior: Floats) -> Floats:
        """How often each annotator gave each choice where each was true."""
        size = self.shape[1] * self.shape[2]
        return np.stack([totals(self.said, row[self.row], size) for row in posterior]).reshape(self.shape)

    def expect(self, shares: Floats, confusion: Floats) -> tuple[Floats, float]:
        """The posteriors, and the log-likelihood."""
        n_tasks = int(self.row[-1]) + 1
        with np.errstate(divide="ignore"):
            log_shares, log_confusion = np.log(shares), np.log(confusion).reshape(len(shares), -1)
        joint = np.stack([totals(self.row, table[self.said], n_tasks) for table in log_confusion])
        joint += log_shares[:, None]
        return posterior_of(joint)


def posterior_of(joint: Floats) -> tuple[Floats, float]:
    """Posteriors, and the log-likelihood, from log P(choice, votes) of shape (choices, tasks), which is overwritten."""
    top = joint.max(axis=0)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=0)
    joint /= total
    return joint, float((np.log(total) + top).sum())


def _accuracy(shares: Floats, confusion: Floats, known: Bools) -> Floats:
    right = np.where(known, np.einsum("kjk->kj", confusion), 0.0)
    weight = np.where(known, shares[:, None], 0.0)
    total = weight.sum(axis=0)
    return np.divide((weight * right).sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)
