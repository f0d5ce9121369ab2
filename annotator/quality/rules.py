"""The rules of the review: what each looks at, whom it applies to, and when there are too many of them to act on.

Shares pass a threshold with the end of their interval that speaks for the annotator, so that a few answers are never enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from annotator.choices import Measure, Outcome
from annotator.consensus.binomial import wilson
from annotator.consensus.codes import Bools, Floats
from annotator.models import AnnotatorStats, Campaign, ReviewRule

# The side is chosen after the fact, and looked at after every few answers: a narrower chance of error than for the others.
SIDE_CONFIDENCE = 0.999
PEOPLE_TO_ASK = 3  # fewer than this are never too many


class Read(NamedTuple):
    """A measure of several standings: how many answers each has, its value, and what a threshold is held against."""

    counts: Floats
    values: Floats  # NaN without answers
    bounds: Floats


class Reading(NamedTuple):
    """How a measure is read. `is_bad_below`: whether a rule applies below its threshold, or else above it."""

    read: Callable[[Floats], Read]
    columns: tuple[str, ...]
    is_bad_below: bool
    is_share: bool


class Default(NamedTuple):
    measure: Measure
    outcome: Outcome
    threshold: float
    minimum: int


# docs/managers.md says why these.
DEFAULTS = (
    Default(Measure.GOLD_ACCURACY, Outcome.WARN, 0.7, 5),
    Default(Measure.GOLD_ACCURACY, Outcome.SUSPEND, 0.5, 6),
    Default(Measure.CONSISTENCY, Outcome.WARN, 0.6, 5),
    Default(Measure.SIDE_SHARE, Outcome.WARN, 0.6, 20),
    Default(Measure.SIDE_SHARE, Outcome.SUSPEND, 0.7, 20),
    Default(Measure.FAST_RATE, Outcome.WARN, 0.2, 20),
    Default(Measure.FAST_RATE, Outcome.PAUSE, 0.6, 30),
    Default(Measure.AGREEMENT, Outcome.WARN, 0.5, 30),
    Default(Measure.TRUST, Outcome.WARN, -3.0, 15),
    Default(Measure.TRUST, Outcome.SUSPEND, -5.0, 20),
    Default(Measure.RECENT_TRUST, Outcome.PAUSE, -7.0, 40),
)


def _share(*, upper: bool) -> Callable[[Floats], Read]:
    def read(columns: Floats) -> Read:
        counts, parts = columns[:, 0], columns[:, 1]
        return Read(counts, _ratio(parts, counts), wilson(parts, counts)[upper])

    return read


def _side(columns: Floats) -> Read:
    """The side that was chosen more often."""
    counts, parts = columns[:, 0], np.maximum(columns[:, 1], columns[:, 0] - columns[:, 1])
    return Read(counts, _ratio(parts, counts), wilson(parts, counts, confidence=SIDE_CONFIDENCE)[0])


def _log_odds(columns: Floats) -> Read:
    return Read(columns[:, 0], columns[:, 1], columns[:, 1])


def _ratio(parts: Floats, counts: Floats) -> Floats:
    return np.divide(parts, counts, out=np.full(len(counts), np.nan), where=counts > 0)


READINGS = {
    Measure.GOLD_ACCURACY: Reading(_share(upper=True), ("gold_count", "gold_right"), is_bad_below=True, is_share=True),
    Measure.CONSISTENCY: Reading(_share(upper=True), ("repeat_count", "repeat_same"), is_bad_below=True, is_share=True),
    Measure.SIDE_SHARE: Reading(_side, ("side_count", "left_count"), is_bad_below=False, is_share=True),
    Measure.FAST_RATE: Reading(_share(upper=False), ("timed_count", "fast_count"), is_bad_below=False, is_share=True),
    Measure.AGREEMENT: Reading(_share(upper=True), ("shared_count", "agreed_count"), is_bad_below=True, is_share=True),
    Measure.TRUST: Reading(_log_odds, ("evidence_count", "trust"), is_bad_below=True, is_share=False),
    Measure.RECENT_TRUST: Reading(_log_odds, ("evidence_count", "recent_trust"), is_bad_below=True, is_share=False),
}


def read(measure: str, standings: Sequence[AnnotatorStats]) -> Read:
    """The measure of each standing."""
    reading = READINGS[Measure(measure)]
    rows = [[getattr(standing, name) for name in reading.columns] for standing in standings]
    return reading.read(np.array(rows, dtype=np.float64).reshape(-1, len(reading.columns)))


def applies(rule: ReviewRule, standings: Sequence[AnnotatorStats]) -> Bools:
    """To which of them the rule applies, by their figures alone."""
    found = read(rule.measure, standings)
    is_bad = found.bounds < rule.threshold if READINGS[Measure(rule.measure)].is_bad_below else found.bounds > rule.threshold
    return np.asarray(is_bad & (found.counts >= rule.minimum), dtype=np.bool_)


def figures_of(rule: ReviewRule, standing: AnnotatorStats) -> dict[str, Any]:
    """What the rule goes by, for the record."""
    found = read(rule.measure, [standing])
    value = float(found.values[0])
    return {
        "measure": rule.measure,
        "count": int(found.counts[0]),
        "value": None if math.isnan(value) else round(value, 4),
        "bound": round(float(found.bounds[0]), 4),
        "threshold": rule.threshold,
        "minimum": rule.minimum,
    }


def is_too_many(people: int, *, of: int, share_max: float) -> bool:
    """Whether a rule that has acted, or is to act, on so many of so many annotators has to ask a manager first."""
    return people >= PEOPLE_TO_ASK and people > share_max * of


def ensure_rules(campaign: Campaign) -> list[ReviewRule]:
    """The campaign's rules; the defaults, where it has none yet. A rule is turned off and never deleted."""
    rules = list(campaign.review_rules.order_by("pk"))
    if rules:
        return rules
    ReviewRule.objects.bulk_create([ReviewRule(campaign=campaign, **row._asdict()) for row in DEFAULTS], ignore_conflicts=True)
    return list(campaign.review_rules.order_by("pk"))
