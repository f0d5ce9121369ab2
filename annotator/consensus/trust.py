"""Trust in annotators: a sequential test of chance against good work, over all that is known of each answer.

An annotator is good, or at chance. On a task whose true choice is k

    P(says l | good) = G_kl        P(says l | chance) = q_l

with one confusion matrix G for all good annotators of a campaign and q the shares of all its answers. True choices, G and who
is good are found together by EM, so that a vote weighs as much as its annotator is trusted: whoever shares tasks with somebody
at chance is not held against. What annotator j says on a task is judged by what the *others* say there, C_k = P(true choice is k
| votes of the others):

    u = Σ_k C_k G_kl / q_l

is how much likelier it is of a good annotator than by chance; 1 where there are no other votes. Checks add to that: a known
answer is hit by the good with probability h and by chance with q of that answer; a task seen again is answered as
before with probability c, and by chance with Σ q². An annotator of skill s is one who is good in a share s of their answers,
P(answer | s) / P(answer | chance) = 1 + s (u - 1): 0 is chance, 1 is as the good ones of this campaign, below 0 is the opposite.
In a campaign of taste, where good annotators differ, u is near 1 and nobody is judged by what nobody agrees on.

`log_odds` is Σ log(1 + s (u - 1)) at s = `ACCEPTABLE`, the statistic of Wald's sequential probability ratio test: one whose
skill is acceptable ever falls below -x with probability e^-x at most, however long they go on and however often one
looks. That holds where G, q and C are known; estimated from some thousand votes, they let it come near. `recent` is how far
it lies below its highest, Page's statistic for a change, which finds those who begin well and tire. It has no such bound: over
many answers anybody has a bad stretch, so x is to be larger there.

It assumes that answers are independent given the true choice, and that most annotators are better than chance: where more
than half act together against the rest, checks alone tell who is who.

A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", JRSS C 28 (1979),
whose matrix per annotator has too many cells for the sixty answers that are to be enough here. A. Wald, "Sequential tests of
statistical hypotheses", Annals of Mathematical Statistics 16 (1945). E. S. Page, "Continuous inspection schemes", Biometrika 41
(1954).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes, sigmoid, totals

ACCEPTABLE = 0.8
GOOD_SHARE = 0.8  # of annotators, before anything is known of them
# What the good do before a campaign has shown it, and how many answers that is worth.
CONFUSION_PRIOR, CONFUSION_WEIGHT = 0.8, 40.0
KNOWN_PRIOR, KNOWN_WEIGHT = 0.88, 30.0
AGAIN_PRIOR, AGAIN_WEIGHT = 0.83, 30.0
CHOICES_WEIGHT = 4.0  # of an answer of each kind beforehand
PROBABLE = (0.02, 0.96)
ITERATIONS = 12
SKILLS = np.linspace(-0.8, 1.0, 37)
LIKELIHOOD_MIN = 0.02
WITHIN = 1.92  # of the log-likelihood: 95 % for one parameter
NONE = -1


class Answers(NamedTuple):
    """One per row, in the order in which they were given. Codes from 0."""

    annotator: ArrayLike
    task: ArrayLike
    choice: ArrayLike
    known: ArrayLike  # the right choice, where the task is a check; else NONE
    first: ArrayLike  # what the annotator said before, where they see the task again; else NONE
    counts: ArrayLike  # 1 where the answer is held for or against its annotator; 0 where it only tells of others


class Trust(NamedTuple):
    """Per annotator. Without answers: 0, 0, and NaN."""

    log_odds: Floats
    recent: Floats  # 0 or less
    skill: Floats
    lower: Floats
    upper: Floats
    answers: Ints  # that say something, one way or the other
    confusion: Floats  # (choices, choices): the G_kl
    shares: Floats  # (choices,): the q_l
    likely: Floats  # (choices, answers): the C_k of each vote; NaN for checks, and where nobody else voted


def trust(answers: Answers, *, n_annotators: int, n_tasks: int, n_choices: int) -> Trust:
    """Raises ValueError for codes out of range or columns of different lengths."""
    limits = {"annotator": n_annotators, "task": n_tasks, "choice": n_choices, "known": n_choices + 1, "first": n_choices + 1}
    shifted = {"known": np.asarray(answers.known) + 1, "first": np.asarray(answers.first) + 1}
    columns = {name: shifted.get(name, getattr(answers, name)) for name in limits} | {"counts": answers.counts}
    annotator, task, choice, known, first, counts = checked_codes(limits | {"counts": 2}, **columns)
    model = _Mixture(annotator, task, choice, known - 1, first - 1, (n_annotators, n_tasks, n_choices))
    ratio = model.ratios()
    is_counted = (counts == 1) & (ratio != 1)
    by, ratio = annotator[is_counted], ratio[is_counted]
    steps = np.log1p(ACCEPTABLE * (ratio - 1))
    skill, lower, upper = _skill(by, ratio, n_annotators)
    return Trust(
        log_odds=totals(by, steps, n_annotators),
        recent=_below_highest(by, steps, n_annotators),
        skill=skill,
        lower=lower,
        upper=upper,
        answers=np.bincount(by, minlength=n_annotators),
        confusion=model.confusion,
        shares=model.shares,
        likely=model.likely(),
    )


class _Mixture:
    """Good annotators and chance: who is who, what the true choices are, and what the good say."""

    def __init__(self, annotator: Ints, task: Ints, choice: Ints, known: Ints, first: Ints, shape: tuple[int, int, int]) -> None:
        self.n_annotators, self.n_tasks, n_choices = shape
        self.annotator, self.choice = annotator, choice
        self.is_check, self.is_again = known >= 0, first >= 0
        self.is_hit, self.is_same = choice == known, choice == first
        self.is_vote: Bools = ~(self.is_check | self.is_again)
        self.voter, self.task, self.said = annotator[self.is_vote], task[self.is_vote], choice[self.is_vote]
        said = np.bincount(self.said, minlength=n_choices)
        self.shares = (said + CHOICES_WEIGHT) / (said.sum() + n_choices * CHOICES_WEIGHT)
        self.known_share = self.shares[known[self.is_check]]
        self.prior = np.full((n_choices, n_choices), (1 - CONFUSION_PRIOR) / max(n_choices - 1, 1))
        np.fill_diagonal(self.prior, CONFUSION_PRIOR)
        self.prior *= CONFUSION_WEIGHT
        self.confusion = self.prior / CONFUSION_WEIGHT
        self.truth = self.shares  # of each choice
        self.hit, self.same = KNOWN_PRIOR, AGAIN_PRIOR
        self.good = np.full(self.n_annotators, GOOD_SHARE)  # the probability that each is

    def ratios(self) -> Floats:
        """How much likelier each answer is of a good annotator than by chance."""
        prior_odds = np.log(GOOD_SHARE / (1 - GOOD_SHARE))
        for _ in range(ITERATIONS):
            likely = self._from_others()
            ratio = self._ratios(likely)
            self.good = sigmoid(prior_odds + totals(self.annotator, np.log(ratio), self.n_annotators))
            self._maximise(likely)
        return self._ratios(self._from_others())

    def likely(self) -> Floats:
        """What the votes of the others say of the true choice, of shape (choices, answers)."""
        of_all = np.full((len(self.shares), len(self.annotator)), np.nan)
        has_others = np.bincount(self.task, minlength=self.n_tasks)[self.task] > 1
        of_all[:, np.flatnonzero(self.is_vote)[has_others]] = self._from_others()[:, has_others]
        return of_all

    def _from_others(self) -> Floats:
        """The probability of each true choice by the votes of the others on the task, of shape (choices, votes)."""
        weight = self.good[self.voter]
        own = np.log(self.confusion)[:, self.said] * weight
        joint = np.stack([totals(self.task, row, self.n_tasks) for row in own])
        likely = joint[:, self.task] - own + np.log(self.truth)[:, None]
        likely -= likely.max(axis=0)
        np.exp(likely, out=likely)
        likely /= likely.sum(axis=0)
        return np.asarray(likely)

    def _ratios(self, likely: Floats) -> Floats:
        ratio = np.empty(len(self.annotator))
        said = (likely * self.confusion[:, self.said]).sum(axis=0) / self.shares[self.said]
        # Alone on a task one is compared with oneself, and that says nothing.
        votes = np.bincount(self.task, minlength=self.n_tasks)
        ratio[self.is_vote] = np.where(votes[self.task] > 1, said, 1.0)
        hit = self.is_hit[self.is_check]
        ratio[self.is_check] = np.where(hit, self.hit / self.known_share, (1 - self.hit) / (1 - self.known_share))
        by_chance = float((self.shares**2).sum())
        same = self.is_same[self.is_again]
        ratio[self.is_again] = np.where(same, self.same / by_chance, (1 - self.same) / (1 - by_chance))
        return ratio

    def _maximise(self, likely: Floats) -> None:
        weight = self.good[self.voter]
        together = likely * self.confusion[:, self.said]
        together /= together.sum(axis=0)
        n_choices = len(self.shares)
        mass = np.stack([totals(self.said, row * weight, n_choices) for row in together]) + self.prior
        self.confusion = mass / mass.sum(axis=1, keepdims=True)
        truth = together.sum(axis=1) + CHOICES_WEIGHT
        self.truth = truth / truth.sum()
        self.hit = self._rate(self.is_hit, self.is_check, KNOWN_PRIOR, KNOWN_WEIGHT)
        self.same = self._rate(self.is_same, self.is_again, AGAIN_PRIOR, AGAIN_WEIGHT)

    def _rate(self, is_hit: Bools, is_one: Bools, prior: float, prior_weight: float) -> float:
        """How often the good hit."""
        weight = self.good[self.annotator[is_one]]
        rate = (prior * prior_weight + weight[is_hit[is_one]].sum()) / (prior_weight + weight.sum())
        return float(np.clip(rate, *PROBABLE))


def _below_highest(annotators: Ints, steps: Floats, n_annotators: int) -> Floats:
    """How far the sum of each annotator's steps lies below the highest it has been, its start included."""
    order = np.argsort(annotators, kind="stable")
    reached = np.cumsum(steps[order])
    sizes = np.bincount(annotators, minlength=n_annotators)
    ends = np.cumsum(sizes)
    result = np.zeros(n_annotators)
    present = np.flatnonzero(sizes)
    if len(present):
        first = (ends - sizes)[present]
        start = reached[first] - steps[order][first]
        result[present] = reached[ends[present] - 1] - np.maximum(np.maximum.reduceat(reached, first), start)
    return np.minimum(result, 0.0)


def _skill(annotators: Ints, ratio: Floats, n_annotators: int) -> tuple[Floats, Floats, Floats]:
    """The most likely skill of each annotator and its 95 % interval by the likelihood ratio, on a grid."""
    rows = [totals(annotators, np.log(np.maximum(1 + s * (ratio - 1), LIKELIHOOD_MIN)), n_annotators) for s in SKILLS]
    likelihood = np.stack(rows, axis=1)
    is_within = likelihood >= likelihood.max(axis=1, keepdims=True) - WITHIN
    best, low = likelihood.argmax(axis=1), is_within.argmax(axis=1)
    high = len(SKILLS) - 1 - is_within[:, ::-1].argmax(axis=1)
    has_some = np.bincount(annotators, minlength=n_annotators) > 0
    skill, lower, upper = (np.where(has_some, SKILLS[at], np.nan) for at in (best, low, high))
    return skill, lower, upper
