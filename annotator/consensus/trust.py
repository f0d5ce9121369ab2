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


class Model(NamedTuple):
    """What the good say, and chance: the parameters that EM finds, which change little once there are some thousand answers."""

    confusion: Floats  # (choices, choices): the G_kl
    shares: Floats  # (choices,): the q_l
    truth: Floats  # (choices,): how often each is the true choice
    hit: float  # how often the good are right on a known answer
    same: float  # how often they answer as before


class Trust(NamedTuple):
    """Per annotator. Without answers: 0, 0, and NaN."""

    log_odds: Floats
    recent: Floats  # 0 or less
    skill: Floats
    lower: Floats
    upper: Floats
    answers: Ints  # that say something, one way or the other
    model: Model
    good: Floats  # the probability that each is
    likely: Floats  # (choices, answers): the C_k of each vote; NaN for checks, and where nobody else voted

    @property
    def confusion(self) -> Floats:
        return self.model.confusion

    @property
    def shares(self) -> Floats:
        return self.model.shares


def trust(answers: Answers, *, n_annotators: int, n_tasks: int, n_choices: int) -> Trust:
    """Raises ValueError for codes out of range or columns of different lengths."""
    rows, counts = _checked(answers, n_annotators, n_tasks, n_choices)
    mixture = _Mixture(rows)
    mixture.fit()
    ratio = mixture.ratios()
    is_counted = (counts == 1) & (ratio != 1)
    by, ratio = rows.annotator[is_counted], ratio[is_counted]
    steps = np.log1p(ACCEPTABLE * (ratio - 1))
    skill, lower, upper = skill_of(totals_of_skills(by, ratio, n_annotators), np.bincount(by, minlength=n_annotators))
    return Trust(
        log_odds=totals(by, steps, n_annotators),
        recent=_below_highest(by, steps, n_annotators),
        skill=skill,
        lower=lower,
        upper=upper,
        answers=np.bincount(by, minlength=n_annotators),
        model=mixture.model,
        good=mixture.good,
        likely=mixture.likely(),
    )


def judge(answers: Answers, model: Model, good: Floats, *, n_annotators: int, n_tasks: int) -> tuple[Floats, Floats]:
    """By a model that is known, and the probability that each annotator is good: how much likelier each answer is of a good
    annotator than by chance, and what the others say of the true choice, as `Trust.likely`.

    Of an answer to depend on, all other votes on its task must be among the answers.
    """
    rows, _ = _checked(answers, n_annotators, n_tasks, len(model.shares))
    mixture = _Mixture(rows, model, good)
    return mixture.ratios(), mixture.likely()


class _Rows(NamedTuple):
    annotator: Ints
    task: Ints
    choice: Ints
    known: Ints
    first: Ints
    shape: tuple[int, int, int]  # annotators, tasks, choices


def _checked(answers: Answers, n_annotators: int, n_tasks: int, n_choices: int) -> tuple[_Rows, Ints]:
    limits = {"annotator": n_annotators, "task": n_tasks, "choice": n_choices, "known": n_choices + 1, "first": n_choices + 1}
    shifted = {"known": np.asarray(answers.known) + 1, "first": np.asarray(answers.first) + 1}
    columns = {name: shifted.get(name, getattr(answers, name)) for name in limits} | {"counts": answers.counts}
    annotator, task, choice, known, first, counts = checked_codes(limits | {"counts": 2}, **columns)
    return _Rows(annotator, task, choice, known - 1, first - 1, (n_annotators, n_tasks, n_choices)), counts


class _Mixture:
    """Good annotators and chance: who is who, what the true choices are, and what the good say."""

    def __init__(self, rows: _Rows, model: Model | None = None, good: Floats | None = None) -> None:
        self.n_annotators, self.n_tasks, self.n_choices = rows.shape
        self.annotator = rows.annotator
        self.is_check, self.is_again = rows.known >= 0, rows.first >= 0
        self.is_hit, self.is_same = rows.choice == rows.known, rows.choice == rows.first
        self.known = rows.known[self.is_check]
        self.is_vote: Bools = ~(self.is_check | self.is_again)
        self.voter, self.task, self.said = (column[self.is_vote] for column in (rows.annotator, rows.task, rows.choice))
        self.model = model or self._start()
        self.good = np.full(self.n_annotators, GOOD_SHARE) if good is None else good

    def _start(self) -> Model:
        said = np.bincount(self.said, minlength=self.n_choices)
        shares = (said + CHOICES_WEIGHT) / (said.sum() + self.n_choices * CHOICES_WEIGHT)
        return Model(self._prior() / CONFUSION_WEIGHT, shares, shares, KNOWN_PRIOR, AGAIN_PRIOR)

    def _prior(self) -> Floats:
        prior = np.full((self.n_choices, self.n_choices), (1 - CONFUSION_PRIOR) / max(self.n_choices - 1, 1))
        np.fill_diagonal(prior, CONFUSION_PRIOR)
        return prior * CONFUSION_WEIGHT

    def fit(self) -> None:
        prior_odds = np.log(GOOD_SHARE / (1 - GOOD_SHARE))
        for _ in range(ITERATIONS):
            likely = self._from_others()
            ratio = self._ratios(likely)
            self.good = sigmoid(prior_odds + totals(self.annotator, np.log(ratio), self.n_annotators))
            self._maximise(likely)

    def ratios(self) -> Floats:
        """How much likelier each answer is of a good annotator than by chance."""
        return self._ratios(self._from_others())

    def likely(self) -> Floats:
        """What the votes of the others say of the true choice, of shape (choices, answers)."""
        of_all = np.full((self.n_choices, len(self.annotator)), np.nan)
        has_others = np.bincount(self.task, minlength=self.n_tasks)[self.task] > 1
        of_all[:, np.flatnonzero(self.is_vote)[has_others]] = self._from_others()[:, has_others]
        return of_all

    def _from_others(self) -> Floats:
        """The probability of each true choice by the votes of the others on the task, of shape (choices, votes)."""
        weight = self.good[self.voter]
        own = np.log(self.model.confusion)[:, self.said] * weight
        joint = np.stack([totals(self.task, row, self.n_tasks) for row in own])
        likely = joint[:, self.task] - own + np.log(self.model.truth)[:, None]
        likely -= likely.max(axis=0)
        np.exp(likely, out=likely)
        likely /= likely.sum(axis=0)
        return np.asarray(likely)

    def _ratios(self, likely: Floats) -> Floats:
        confusion, shares, _, rate_of_hits, rate_of_same = self.model
        ratio = np.empty(len(self.annotator))
        said = (likely * confusion[:, self.said]).sum(axis=0) / shares[self.said]
        # Alone on a task one is compared with oneself, and that says nothing.
        votes = np.bincount(self.task, minlength=self.n_tasks)
        ratio[self.is_vote] = np.where(votes[self.task] > 1, said, 1.0)
        hit, by_chance = self.is_hit[self.is_check], shares[self.known]
        ratio[self.is_check] = np.where(hit, rate_of_hits / by_chance, (1 - rate_of_hits) / (1 - by_chance))
        same, again_by_chance = self.is_same[self.is_again], float((shares**2).sum())
        ratio[self.is_again] = np.where(same, rate_of_same / again_by_chance, (1 - rate_of_same) / (1 - again_by_chance))
        return ratio

    def _maximise(self, likely: Floats) -> None:
        weight = self.good[self.voter]
        together = likely * self.model.confusion[:, self.said]
        together /= together.sum(axis=0)
        mass = np.stack([totals(self.said, row * weight, self.n_choices) for row in together]) + self._prior()
        truth = together.sum(axis=1) + CHOICES_WEIGHT
        self.model = Model(
            confusion=mass / mass.sum(axis=1, keepdims=True),
            shares=self.model.shares,
            truth=truth / truth.sum(),
            hit=self._rate(self.is_hit, self.is_check, KNOWN_PRIOR, KNOWN_WEIGHT),
            same=self._rate(self.is_same, self.is_again, AGAIN_PRIOR, AGAIN_WEIGHT),
        )

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


def totals_of_skills(annotators: Ints, ratio: Floats, n_annotators: int) -> Floats:
    """The log-likelihood of each skill of SKILLS, of shape (annotators, skills)."""
    rows = [totals(annotators, np.log(np.maximum(1 + s * (ratio - 1), LIKELIHOOD_MIN)), n_annotators) for s in SKILLS]
    return np.stack(rows, axis=1)


def skill_of(likelihood: Floats, answers: Ints) -> tuple[Floats, Floats, Floats]:
    """The most likely skill of each annotator and its 95 % interval by the likelihood ratio, on a grid. NaN without answers."""
    is_within = likelihood >= likelihood.max(axis=1, keepdims=True) - WITHIN
    best, low = likelihood.argmax(axis=1), is_within.argmax(axis=1)
    high = len(SKILLS) - 1 - is_within[:, ::-1].argmax(axis=1)
    has_some = answers > 0
    skill, lower, upper = (np.where(has_some, SKILLS[at], np.nan) for at in (best, low, high))
    return skill, lower, upper
