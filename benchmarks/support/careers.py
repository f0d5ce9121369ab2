"""Whom the review rules act on in a simulated campaign, looked at again and again while people answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from annotator.choices import Outcome
from annotator.models import ReviewRule
from annotator.quality.annotator_metrics import stats_of
from annotator.quality.answers import Given
from annotator.quality.rules import DEFAULTS, applies
from benchmarks.support.answers import Answers, given_of
from benchmarks.support.crowds import Bools, People

REVIEW_EVERY = 10  # answers of each person, on average, between two reviews
KINDS = ("look", "look, with another taste", "guess")
NOW = datetime(2024, 6, 1, tzinfo=UTC)


class Ruled(NamedTuple):
    """People of one kind: how many there are, how many were ever warned or worse, and how many paused or suspended."""

    people: int
    acted: int
    stopped: int

    def plus(self, other: Ruled) -> Ruled:
        return Ruled(*(mine + its for mine, its in zip(self, other, strict=True)))


def ruled(answers: Answers, people: People) -> dict[str, Ruled]:
    """By kind of people. No action is carried out: everybody goes on, so that each is looked at for a whole campaign."""
    given = given_of(answers)
    number = len(people.skill)
    acted, stopped = np.zeros(number, dtype=np.bool_), np.zeros(number, dtype=np.bool_)
    rules = [ReviewRule(**default._asdict()) for default in DEFAULTS]
    ends = [*range(number * REVIEW_EVERY, len(given.member), number * REVIEW_EVERY), len(given.member)]
    all_stats = [each for end in ends for each in stats_of(Given(*(column[:end] for column in given)), NOW)]
    member = np.array([stats.member_id for stats in all_stats])
    for rule in rules:  # a rule sees the figures alone, so that it may look at all moments at once
        those = member[applies(rule, all_stats)]
        acted[those] = True
        stopped[those] |= rule.outcome != Outcome.WARN
    of_kind = (~(people.guesses | people.is_other), people.is_other, people.guesses)
    return {name: _ruled(acted, stopped, kind) for name, kind in zip(KINDS, of_kind, strict=True) if kind.any()}


def _ruled(acted: Bools, stopped: Bools, kind: Bools) -> Ruled:
    return Ruled(int(kind.sum()), int(acted[kind].sum()), int(stopped[kind].sum()))
