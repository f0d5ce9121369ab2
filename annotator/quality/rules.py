"""The rules of the review: what each tests, whom it applies to, how often it errs, and when there are too many to act on.

The review looks after every few answers, so that each rule is a test that may be looked at at any time. A share passes a
threshold with its bound of consensus/anytime.py: somebody whose true share is the threshold is ruled on in `SHARE_ERROR` of
careers at most. Trust is the log odds of consensus/care.py, whose error its threshold says.

No rule goes by agreement with others, which says nothing of care: `Measure.AGREEMENT` is of older rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db.models import F

from annotator.choices import Measure, Outcome
from annotator.consensus.anytime import log_evidence_below, lower_bound, upper_bound
from annotator.consensus.care import BLOCKS
from annotator.consensus.codes import Bools, Floats
from annotator.models import AnnotatorStats, Campaign, Proposal, ReviewRule

SHARE_ERROR = 0.01  # of a rule on a share, over a whole career
RETIRED = frozenset({Measure.AGREEMENT})  # whose rules are for the record alone, and act on nobody
PEOPLE_TO_ASK = 3  # fewer than this are never too many


class Read(NamedTuple):
    """A measure of several annotators: how many answers each has, and its value, NaN without answers."""

    counts: Floats
    values: Floats


class Reading(NamedTuple):
    """How a measure is read. `is_bad_below`: whether a rule applies below its threshold, or else above it.

    `passes` says whose measure passes a threshold, with the error that is stated; `bounds` which thresholds it would not pass.
    `error` is how often a rule with a threshold applies, in a career of 500 answers, to somebody whom it should spare: at most.
    `tests` and `spares` say in words what it looks for, and whom it should spare.
    """

    read: Callable[[Floats], Read]
    passes: Callable[[Read, float], Bools]
    bounds: Callable[[Read], Floats]
    columns: tuple[str, ...]
    is_bad_below: bool
    is_share: bool
    error: Callable[[float], float]
    tests: str
    spares: str
    # To be raised with each change of what the rule would do to the same answers. Rules of older versions are then off until a
    # manager has seen what they would do.
    version: int = 1


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
    Default(Measure.TRUST, Outcome.WARN, -4.0, 15),
    Default(Measure.TRUST, Outcome.SUSPEND, -5.0, 20),
    Default(Measure.RECENT_TRUST, Outcome.PAUSE, -8.0, 40),
)


def _share(columns: Floats) -> Read:
    return Read(columns[:, 0], _ratio(columns[:, 1], columns[:, 0]))


def _side(columns: Floats) -> Read:
    """The side that was chosen more often."""
    return Read(columns[:, 0], _ratio(np.maximum(columns[:, 1], columns[:, 0] - columns[:, 1]), columns[:, 0]))


def _odds(columns: Floats) -> Read:
    return Read(columns[:, 0], columns[:, 1])


def _parts(found: Read) -> Floats:
    return np.round(np.nan_to_num(found.values) * found.counts)


def _is_below(found: Read, threshold: float) -> Bools:
    return np.asarray(log_evidence_below(_parts(found), found.counts, threshold) >= -math.log(SHARE_ERROR))


def _is_above(error: float) -> Callable[[Read, float], Bools]:
    def is_above(found: Read, threshold: float) -> Bools:
        evidence = log_evidence_below(found.counts - _parts(found), found.counts, 1 - threshold)
        return np.asarray(evidence >= -math.log(error))

    return is_above


def _upper(found: Read) -> Floats:
    return upper_bound(_parts(found), found.counts, error=SHARE_ERROR)


def _lower(error: float) -> Callable[[Read], Floats]:
    return lambda found: lower_bound(_parts(found), found.counts, error=error)


def _ratio(parts: Floats, counts: Floats) -> Floats:
    return np.divide(parts, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _share_error(threshold: float) -> float:
    return SHARE_ERROR


def _odds_error(threshold: float) -> float:
    """Somebody careful ever falls below -x with probability e^-x at most."""
    return min(1.0, math.exp(threshold))


def _change_error(threshold: float) -> float:
    """The same, for a change after any of the blocks of a career."""
    return min(1.0, BLOCKS * math.exp(threshold))


READINGS = {
    Measure.GOLD_ACCURACY: Reading(
        _share,
        _is_below,
        _upper,
        ("gold_count", "gold_right"),
        is_bad_below=True,
        is_share=True,
        error=_share_error,
        tests="Tests whether the person's true accuracy on gold pairs is below the threshold.",
        spares="people who are exactly at the threshold",
    ),
    Measure.CONSISTENCY: Reading(
        _share,
        _is_below,
        _upper,
        ("repeat_count", "repeat_same"),
        is_bad_below=True,
        is_share=True,
        error=_share_error,
        tests="Tests whether the person gives the same answer again on fewer repeats than the threshold.",
        spares="people who are exactly at the threshold",
    ),
    Measure.SIDE_SHARE: Reading(
        _side,
        _is_above(SHARE_ERROR / 2),  # which side, is seen afterwards: each has half
        _lower(SHARE_ERROR / 2),
        ("side_count", "left_count"),
        is_bad_below=False,
        is_share=True,
        error=_share_error,
        tests="Tests whether the person chooses one side, left or right, more often than the threshold.",
        spares="people who are exactly at the threshold",
    ),
    Measure.FAST_RATE: Reading(
        _share,
        _is_above(SHARE_ERROR),
        _lower(SHARE_ERROR),
        ("timed_count", "fast_count"),
        is_bad_below=False,
        is_share=True,
        error=_share_error,
        tests="Tests whether more of the person's answers are too fast than the threshold.",
        spares="people who are exactly at the threshold",
    ),
    Measure.AGREEMENT: Reading(
        _share,
        _is_below,
        _upper,
        ("shared_count", "agreed_count"),
        is_bad_below=True,
        is_share=True,
        error=_share_error,
        tests="Of an older version. It acts on nobody: to differ from most people is no fault.",
        spares="everybody",
    ),
    Measure.TRUST: Reading(
        _odds,
        lambda found, threshold: found.values < threshold,
        lambda found: found.values,
        ("evidence_count", "trust"),
        is_bad_below=True,
        is_share=False,
        error=_odds_error,
        tests="Tests whether the person's answers have nothing to do with the images. A different taste is not guessing.",
        spares="people who pass gold and are consistent on repeats, whatever their taste",
    ),
    Measure.RECENT_TRUST: Reading(
        _odds,
        lambda found, threshold: found.values < threshold,
        lambda found: found.values,
        ("evidence_count", "recent_trust"),
        is_bad_below=True,
        is_share=False,
        error=_change_error,
        tests="Tests whether the person looked at the images at first, and guesses since some moment.",
        spares="people who stay careful, whatever their taste",
    ),
}


def read(measure: str, all_stats: Sequence[AnnotatorStats]) -> Read:
    """The measure of each annotator."""
    reading = READINGS[Measure(measure)]
    rows = [[getattr(stats, name) for name in reading.columns] for stats in all_stats]
    return reading.read(np.array(rows, dtype=np.float64).reshape(-1, len(reading.columns)))


def applies(rule: ReviewRule, all_stats: Sequence[AnnotatorStats]) -> Bools:
    """To which of them the rule applies, by their figures alone."""
    if rule.measure in RETIRED:
        return np.zeros(len(all_stats), dtype=np.bool_)
    found = read(rule.measure, all_stats)
    passes = READINGS[Measure(rule.measure)].passes(found, rule.threshold)
    return np.asarray(passes & (found.counts >= rule.minimum), dtype=np.bool_)


def figures_of(rule: ReviewRule, stats: AnnotatorStats) -> dict[str, Any]:
    """What the rule goes by, for the record."""
    found = read(rule.measure, [stats])
    value = float(found.values[0])
    return {
        "measure": rule.measure,
        "count": int(found.counts[0]),
        "value": None if math.isnan(value) else round(value, 4),
        "bound": round(float(READINGS[Measure(rule.measure)].bounds(found)[0]), 4),
        "threshold": rule.threshold,
        "minimum": rule.minimum,
        "rule_version": rule.version,
        "test_version": rule.test_version,
    }


def error_of(rule: ReviewRule) -> float:
    """In how many careers of 500 answers, at most, the rule acts on somebody whom it should spare: a probability."""
    return READINGS[Measure(rule.measure)].error(rule.threshold)


def thresholds_of(measure: Measure) -> tuple[float, float]:
    """From where to where a threshold can be: a share, or log odds, which are below 0 where trust is lost."""
    return (0.0, 1.0) if READINGS[measure].is_share else (-1000.0, 0.0)


def is_too_many(people: int, *, of: int, share_max: float) -> bool:
    """Whether a rule that has acted, or is to act, on so many of so many annotators has to ask a manager first."""
    return people >= PEOPLE_TO_ASK and people > share_max * of


def test_version_of(rule: ReviewRule) -> int:
    """The version of the rule's test in this version of the code."""
    return READINGS[Measure(rule.measure)].version


def is_undecided(rule: ReviewRule) -> bool:
    """Whether an update brought the rule, or changed what it tests, and no manager has decided about it since."""
    return rule.test_version != test_version_of(rule)


def create_rules(campaign: Campaign) -> None:
    """The defaults, on, for a new campaign: whoever makes it sees them from its first day."""
    _create(campaign, DEFAULTS, is_on=True)


def ensure_rules(campaign: Campaign) -> list[ReviewRule]:
    """The campaign's rules. A rule is turned off and never deleted; those that went by agreement with others are not among them.

    What an update brings does nothing by itself: defaults that the campaign does not have yet are made, but off, and rules whose
    test has changed are turned off. A manager turns them on, and sees before what they would do.
    """
    found = campaign.review_rules.exclude(measure__in=RETIRED).order_by("pk")
    rules = list(found.all())
    known = {(rule.measure, rule.outcome) for rule in rules}
    missing = [row for row in DEFAULTS if (row.measure, row.outcome) not in known]
    changed = [rule.pk for rule in rules if rule.enabled and is_undecided(rule)]
    if not missing and not changed:
        return rules
    _create(campaign, missing, is_on=False)
    Proposal.objects.filter(rule__in=changed).delete()
    campaign.review_rules.filter(pk__in=changed).update(enabled=False, asks_since=None, version=F("version") + 1)
    return list(found.all())


def _create(campaign: Campaign, rows: Iterable[Default], *, is_on: bool) -> None:
    rules = [ReviewRule(campaign=campaign, enabled=is_on, **row._asdict()) for row in rows]
    for rule in rules:
        rule.test_version = test_version_of(rule) if is_on else 0
    ReviewRule.objects.bulk_create(rules, ignore_conflicts=True)
