"""MACE: the true choice of each task, and of each annotator whether they know it and what they say when they do not.

Task i has a true choice, each of the K being as likely as any other. On each task, annotator j knows it and says so with
probability θ_j (the competence), and otherwise says l with probability ξ_jl (the strategy), whatever is true. So

    P(y_ij = l | k is true) = θ_j [l = k] + (1 - θ_j) ξ_jl

What is known of each vote (κ_jl, the share of j's votes for l that were known) and the truth T_ik are hidden. Two ways to fit:

* EM maximises the likelihood, with δ = 0.1 / K added to each expected count.
* Variational Bayes (the default) has priors θ_j ~ Beta(1/2, 1/2), which takes people to know nearly always or hardly ever, and
  ξ_j ~ Dirichlet(10, …, 10), and maximises the lower bound of the evidence. In the E step the parameters stand as
  exp E[log θ_j] and exp E[log ξ_jl], which are digammas of the expected counts.

Both have many maxima. They start at the soft majority and at random from `restarts` - 1 places, each for `START_ITERATIONS`
steps, and the best goes on until it has converged (the steps are accelerated, see `em`): no κ moves by more than the tolerance,
and all on average by no more than a ten-thousandth of it. The same seed gives the same result.

It finds people who answer without looking, whatever they favour, and counts them for little. It assumes that people who know
never say anything else, that tasks are equally hard, and that no choice is more frequent than another. Somebody who answers
the opposite of what is true has competence 0, and nothing is learnt from them.

D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, "Learning whom to trust with MACE", NAACL-HLT (2013).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints, check_cells, checked_codes, totals
from annotator.consensus.dawid_skene import most_probable, posterior_of
from annotator.consensus.em import ITERATIONS_MAX, TOLERANCE, Step, climb

RESTARTS = 10
START_ITERATIONS = 50
SMOOTHING = 0.1  # of EM, shared among the choices
COMPETENCE_PRIOR = (0.5, 0.5)  # votes known and not known beforehand
STRATEGY_PRIOR = 10.0  # of each choice
TINY = 1e-300


class Mace(NamedTuple):
    """Where a task has no votes: NO_LABEL and NaN. Where an annotator has none: NaN."""

    posterior: Floats  # (tasks, choices): the T_ik; a row sums to 1
    label: Ints  # (tasks,): the most probable choice; the number of choices for a tie
    confidence: Floats  # (tasks,): its probability
    shares: Floats  # (choices,): the mean of T_ik; the model itself takes all choices as equally frequent
    competence: Floats  # (annotators,): the θ_j; by variational Bayes their posterior means
    strategy: Floats  # (annotators, choices): the ξ_jl; a row sums to 1
    accuracy: Floats  # (annotators,): how often they name the true choice: θ_j + (1 - θ_j) Σ_k share_k ξ_jk
    log_likelihood: float  # of these competences and strategies
    history: Floats  # (iterations,): what never falls: the log-likelihood with its prior, or the bound, up to a constant
    converged: bool

    @property
    def iterations(self) -> int:
        return len(self.history)

    @property
    def confusion(self) -> Floats:
        """(annotators, choices, choices), true choice before given one: as `dawid_skene` would put it."""
        known, n_choices = self.competence[:, None, None], self.strategy.shape[1]
        return np.asarray(known * np.eye(n_choices) + (1 - known) * self.strategy[:, None, :])


def mace(
    task: ArrayLike,
    annotator: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_annotators: int,
    n_choices: int,
    variational: bool = True,
    restarts: int = RESTARTS,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    iterations_max: int = ITERATIONS_MAX,
) -> Mace:
    """The best maximum found; vote i is `choice[i]` of `annotator[i]` on `task[i]`.

    A repeated vote counts as a vote of its own, as in `dawid_skene`.

    Args:
        task, annotator, choice: codes, shape (votes,), in any order.
        variational: variational Bayes; else EM.
        restarts: how many places it starts from, at least 1.
        iterations_max: of the start that is taken; the others have `START_ITERATIONS` at most.

    Raises:
        ValueError: codes out of range, columns of different lengths, no restart or iteration, or tables that do not fit into
            memory.
    """
    limits = {"task": n_tasks, "annotator": n_annotators, "choice": n_choices}
    tasks, annotators, choices = checked_codes(limits, task=task, annotator=annotator, choice=choice)
    if restarts < 1 or iterations_max < 1:
        raise ValueError("restarts and iterations_max must be at least 1")
    check_cells("strategies", n_annotators, n_choices)
    check_cells("posteriors", n_tasks, n_choices)
    voted = np.bincount(tasks, minlength=n_tasks) > 0
    order = np.lexsort([choices, annotators, tasks])  # sums that do not hang on the order of the votes
    row = (np.cumsum(voted) - 1)[tasks[order]]  # among the tasks with votes
    model = _Model(row, annotators[order], choices[order], int(voted.sum()), n_annotators, n_choices, variational)
    full = np.full((n_tasks, n_choices), np.nan)
    known, strategy = np.full(n_annotators, np.nan), np.full((n_annotators, n_choices), np.nan)
    history, converged, log_likelihood = list[float](), True, 0.0
    if len(row):
        fit, history, converged = _climb_from_all(model, restarts, seed, tolerance, iterations_max)
        full[voted] = fit.posterior.T
        has_votes = model.votes.sum(axis=1) > 0
        known, strategy = np.where(has_votes, fit.known, np.nan), np.where(has_votes[:, None], fit.strategy, np.nan)
        log_likelihood = model.expect(fit.known, 1 - fit.known, fit.strategy)[1]
    label, confidence = most_probable(full)
    shares = full[voted].mean(axis=0) if len(row) else np.full(n_choices, np.nan)
    return Mace(
        posterior=full,
        label=label,
        confidence=confidence,
        shares=shares,
        competence=known,
        strategy=strategy,
        accuracy=known + (1 - known) * (strategy @ shares),
        log_likelihood=log_likelihood,
        history=np.array(history, dtype=np.float64),
        converged=converged,
    )


class _Fit(NamedTuple):
    known: Floats  # (annotators,)
    strategy: Floats  # (annotators, choices)
    posterior: Floats  # (choices, tasks)


def _climb_from_all(
    model: _Model, restarts: int, seed: int, tolerance: float, iterations_max: int
) -> tuple[_Fit, list[float], bool]:
    rng = np.random.default_rng(seed)
    first = min(START_ITERATIONS, iterations_max)
    best = None
    for number in range(restarts):
        state = model.random(rng) if number else model.soft_majority()
        climbed = climb(model.step, state, normalise=_as_shares, tolerance=tolerance, iterations_max=first)
        if best is None or climbed.history[-1] > best.history[-1]:
            best = climbed
    assert best is not None
    left = iterations_max - len(best.history)
    if best.converged or not left:
        return best.last.fit, best.history, best.converged
    further = climb(model.step, best.last.state, normalise=_as_shares, tolerance=tolerance, iterations_max=left)
    return further.last.fit, best.history + further.history, further.converged


def _as_shares(guess: Floats) -> Floats:
    return np.clip(guess, 0.0, 1.0)


class _Model:
    """Steps over the votes, sorted by task. The state is κ, of shape (annotators, choices)."""

    def __init__(
        self, row: Ints, annotator: Ints, choice: Ints, n_tasks: int, n_annotators: int, n_choices: int, variational: bool
    ) -> None:
        self.variational = variational
        self.shape = (n_choices, n_tasks)
        self.cell = choice * n_tasks + row  # of the posterior of what the vote says
        self.said = annotator * n_choices + choice
        self.votes = np.bincount(self.said, minlength=n_annotators * n_choices).reshape(n_annotators, n_choices)

    def soft_majority(self) -> Floats:
        """As if a vote were known as often as the others on its task say the same."""
        counts = np.bincount(self.cell, minlength=self.shape[0] * self.shape[1]).reshape(self.shape)
        return self._share_of_votes(counts / counts.sum(axis=0))

    def random(self, rng: np.random.Generator) -> Floats:
        """Each annotator knows some share of their votes, whatever they said."""
        return np.repeat(rng.random((len(self.votes), 1)), self.votes.shape[1], axis=1)

    def step(self, state: Floats) -> Step[_Fit]:
        """From the shares that are known to competences and strategies, and back."""
        known, unknown = (state * self.votes).sum(axis=1), (1 - state) * self.votes
        if self.variational:
            digamma = scipy.special.digamma
            right, wrong = COMPETENCE_PRIOR[0] + known, COMPETENCE_PRIOR[1] + unknown.sum(axis=1)
            spread = STRATEGY_PRIOR + unknown
            theta, not_theta = (np.exp(digamma(part) - digamma(right + wrong)) for part in (right, wrong))
            xi = np.exp(digamma(spread) - digamma(spread.sum(axis=1, keepdims=True)))
            below = _beta_divergence(right, wrong).sum() + _dirichlet_divergence(spread).sum()
        else:
            delta = SMOOTHING / self.shape[0]
            right, wrong, spread = delta + known, delta + unknown.sum(axis=1), delta + unknown
            theta, not_theta = right / (right + wrong), wrong / (right + wrong)
            xi = spread / spread.sum(axis=1, keepdims=True)
            below = -delta * (np.log(theta) + np.log(not_theta) + np.log(xi).sum(axis=1)).sum()
        posterior, value = self.expect(theta, not_theta, xi)
        told = theta[:, None] / np.maximum(theta[:, None] + not_theta[:, None] * xi, TINY)  # known, if it is what is true
        fit = _Fit(right / (right + wrong), spread / spread.sum(axis=1, keepdims=True), posterior)
        return Step(fit, value - float(below), self._share_of_votes(posterior) * told)

    def expect(self, theta: Floats, not_theta: Floats, xi: Floats) -> tuple[Floats, float]:
        """The posteriors (choices, tasks), and the log-likelihood."""
        n_choices, n_tasks = self.shape
        log_unknown = np.log(np.maximum(not_theta[:, None] * xi, TINY))
        odds = np.log(np.maximum(theta[:, None] + not_theta[:, None] * xi, TINY)) - log_unknown
        joint = totals(self.cell, odds.ravel()[self.said], n_choices * n_tasks).reshape(self.shape)
        posterior, log_likelihood = posterior_of(joint - np.log(n_choices))
        return posterior, log_likelihood + float((self.votes * log_unknown).sum())

    def _share_of_votes(self, posterior: Floats) -> Floats:
        """The mean of the posterior of what was said, per annotator and choice."""
        sums = totals(self.said, posterior.ravel()[self.cell], self.votes.size).reshape(self.votes.shape)
        return np.divide(sums, self.votes, out=np.zeros(self.votes.shape), where=self.votes > 0)


def _beta_divergence(right: Floats, wrong: Floats) -> Floats:
    """How far Beta(right, wrong) is from the prior, by Kullback and Leibler."""
    a, b = COMPETENCE_PRIOR
    betaln, digamma = scipy.special.betaln, scipy.special.digamma
    return np.asarray(
        betaln(a, b)
        - betaln(right, wrong)
        + (right - a) * digamma(right)
        + (wrong - b) * digamma(wrong)
        + (a - right + b - wrong) * digamma(right + wrong)
    )


def _dirichlet_divergence(spread: Floats) -> Floats:
    """The same of Dirichlet(spread), row by row."""
    n_choices, total = spread.shape[1], spread.sum(axis=1)
    gammaln, digamma = scipy.special.gammaln, scipy.special.digamma
    norm = gammaln(total) - gammaln(spread).sum(axis=1) - gammaln(n_choices * STRATEGY_PRIOR)
    norm += n_choices * gammaln(STRATEGY_PRIOR)
    return np.asarray(norm + ((spread - STRATEGY_PRIOR) * (digamma(spread) - digamma(total)[:, None])).sum(axis=1))
