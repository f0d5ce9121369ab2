"""One-coin Dawid–Skene: the true choice of each task and one accuracy per annotator, from one another.

Task i has a true choice k with probability ρ_k; annotator j names it with probability a_j, and each of the K - 1 other choices
with probability (1 - a_j) / (K - 1), independently of what the others say. The likelihood of the votes y_ij is

    L = Π_i Σ_k ρ_k Π_j a_j^[y_ij = k] ((1 - a_j) / (K - 1))^[y_ij ≠ k]

It is maximised by EM, from the soft majority T_ik = n_ik / n_i:

    M   ρ_k ∝ Σ_i T_ik        a_j = (s + Σ_i T_i,y_ij) / (K s + n_j)
    E   T_ik ∝ ρ_k Π_{j: y_ij = k} a_j (K - 1) / (1 - a_j)

With smoothing s = 0 this is the maximum likelihood. With s > 0 each annotator has been right s times and wrong (K - 1) s times
beforehand, as in `dawid_skene`. The steps are accelerated (see `em`). It is the full model with one number per annotator in
place of K (K - 1), so ten or twenty votes of a person tell it something. It knows nothing of a person who takes one choice for
another, or of choices that are harder to see; where people differ in that and have many votes, the full model knows more. As
there, most annotators have to be better than chance.

It is the "one-coin" case of A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM
algorithm", Journal of the Royal Statistical Society C 28 (1979); the name is of Y. Zhang, X. Chen, D. Zhou and M. I. Jordan,
"Spectral methods meet EM: a provably optimal algorithm for crowdsourcing", Journal of Machine Learning Research 17 (2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints, check_cells, checked_codes, totals
from annotator.consensus.dawid_skene import most_probable, normalise_columns, posterior_of
from annotator.consensus.em import ITERATIONS_MAX, TOLERANCE, Step, climb

CERTAIN = 1e-12  # nobody is surer to be right, or to be wrong: what is never wrong has no odds


class OneCoin(NamedTuple):
    """Where a task has no votes: NO_LABEL and NaN. Where an annotator has none: NaN."""

    posterior: Floats  # (tasks, choices): the T_ik; a row sums to 1
    label: Ints  # (tasks,): the most probable choice; the number of choices for a tie
    confidence: Floats  # (tasks,): its probability
    shares: Floats  # (choices,): the ρ_k
    accuracy: Floats  # (annotators,): the a_j
    log_likelihood: float  # log L, of these shares and accuracies
    history: Floats  # (iterations,): what never falls
    converged: bool  # whether the last step moved the posteriors by less than the tolerances (see `em`)

    @property
    def iterations(self) -> int:
        return len(self.history)

    @property
    def confusion(self) -> Floats:
        """(annotators, choices, choices), true choice before given one: the a_j as `dawid_skene` would put it."""
        n_choices = len(self.shares)
        wrong = np.repeat((1 - self.accuracy) / max(n_choices - 1, 1), n_choices**2).reshape(-1, n_choices, n_choices)
        wrong[:, np.arange(n_choices), np.arange(n_choices)] = self.accuracy[:, None]
        return wrong


def one_coin(
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
) -> OneCoin:
    """The maximum of the likelihood; vote i is `choice[i]` of `annotator[i]` on `task[i]`.

    Arguments and errors as for `dawid_skene`; `smoothing` is of the M step above.
    """
    limits = {"task": n_tasks, "annotator": n_annotators, "choice": n_choices}
    tasks, annotators, choices = checked_codes(limits, task=task, annotator=annotator, choice=choice)
    if smoothing < 0 or iterations_max < 1:
        raise ValueError("smoothing must be at least 0, and iterations_max at least 1")
    check_cells("posteriors", n_tasks, n_choices)
    votes = np.bincount(tasks, minlength=n_tasks)
    voted = votes > 0
    order = np.argsort(tasks, kind="stable")  # so that memory is read from front to back
    row = (np.cumsum(voted) - 1)[tasks[order]]  # among the tasks with votes
    model = _Model(row, annotators[order], choices[order], int(voted.sum()), n_annotators, n_choices, smoothing)
    posterior = model.soft_majority(votes[voted])
    if start is not None:
        given = np.asarray(start, dtype=np.float64)[voted]
        usable = np.isfinite(given).all(axis=1) & (given.sum(axis=1) > 0)
        posterior[:, usable] = (given[usable] / given[usable].sum(axis=1, keepdims=True)).T

    shares, accuracy = np.full(n_choices, np.nan), np.full(n_annotators, np.nan)
    log_likelihood, history, converged = 0.0, list[float](), True
    if len(row):
        climbed = climb(model.step, posterior, normalise=normalise_columns, tolerance=tolerance, iterations_max=iterations_max)
        posterior, history, converged = climbed.last.state, climbed.history, climbed.converged
        shares, accuracy, log_likelihood = climbed.last.fit
        accuracy = np.where(model.votes > 0, accuracy, np.nan)
    full = np.full((n_tasks, n_choices), np.nan)
    full[voted] = posterior.T
    label, confidence = most_probable(full)
    return OneCoin(
        posterior=full,
        label=label,
        confidence=confidence,
        shares=shares,
        accuracy=accuracy,
        log_likelihood=log_likelihood,
        history=np.array(history, dtype=np.float64),
        converged=converged,
    )


class _Fit(NamedTuple):
    shares: Floats
    accuracy: Floats
    log_likelihood: float


class _Model:
    """Steps of EM over the votes, sorted by task. Posteriors are of shape (choices, tasks with votes)."""

    def __init__(
        self, row: Ints, annotator: Ints, choice: Ints, n_tasks: int, n_annotators: int, n_choices: int, smoothing: float
    ) -> None:
        self.annotator, self.smoothing = annotator, smoothing
        self.shape = (n_choices, n_tasks)
        self.cell = choice * n_tasks + row  # of the posterior of what the vote says
        self.votes = np.bincount(annotator, minlength=n_annotators)

    def soft_majority(self, votes: Ints) -> Floats:
        counts = np.bincount(self.cell, minlength=self.shape[0] * self.shape[1]).reshape(self.shape)
        return counts / votes

    def step(self, posterior: Floats) -> Step[_Fit]:
        """One M and one E."""
        n_choices, n_tasks = self.shape
        right = totals(self.annotator, posterior.ravel()[self.cell], len(self.votes))
        seen = self.votes + n_choices * self.smoothing
        accuracy = np.divide(right + self.smoothing, seen, out=np.full(len(seen), 1 / n_choices), where=seen > 0)
        if n_choices > 1:  # else everybody is right, always
            accuracy = np.clip(accuracy, CERTAIN, 1 - CERTAIN)
        shares = posterior.sum(axis=1) / n_tasks
        log_right = np.log(accuracy)
        log_wrong = np.log1p(-accuracy) - np.log(n_choices - 1) if n_choices > 1 else np.zeros(len(accuracy))
        joint = totals(self.cell, (log_right - log_wrong)[self.annotator], n_choices * n_tasks).reshape(self.shape)
        with np.errstate(divide="ignore"):
            joint += np.log(shares)[:, None]
        moved, log_likelihood = posterior_of(joint)
        log_likelihood += float((self.votes * log_wrong).sum())
        prior = self.smoothing * float((log_right + (n_choices - 1) * log_wrong).sum())
        return Step(_Fit(shares, accuracy, log_likelihood), log_likelihood + prior, moved)
