"""Rules on figures: a table of cases, and the defaults."""

from __future__ import annotations

import pytest

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import Measure, Outcome
from annotator.models import AnnotatorStats, ReviewRule
from annotator.quality import rules as quality_rules

CASES = [
    # measure, threshold, minimum, figures, whether the rule applies
    ("gold_accuracy", 0.5, 6, {"gold_count": 6, "gold_right": 0}, True),  # up to 39 %
    ("gold_accuracy", 0.5, 6, {"gold_count": 5, "gold_right": 0}, False),  # too few
    ("gold_accuracy", 0.5, 6, {"gold_count": 8, "gold_right": 3}, False),  # up to 69 %
    ("gold_accuracy", 0.5, 6, {"gold_count": 80, "gold_right": 30}, True),  # up to 48 %
    ("consistency", 0.6, 5, {"repeat_count": 5, "repeat_same": 0}, True),
    ("consistency", 0.6, 5, {"repeat_count": 5, "repeat_same": 2}, False),
    ("side_share", 0.7, 20, {"side_count": 30, "left_count": 30}, True),
    ("side_share", 0.7, 20, {"side_count": 30, "left_count": 0}, True),  # always right
    ("side_share", 0.7, 20, {"side_count": 20, "left_count": 20}, False),  # not sure enough yet
    ("side_share", 0.7, 20, {"side_count": 300, "left_count": 210}, False),  # biased, and yet not surely 70 %
    ("side_share", 0.6, 20, {"side_count": 300, "left_count": 210}, True),
    ("fast_rate", 0.6, 30, {"timed_count": 30, "fast_count": 30}, True),
    ("fast_rate", 0.6, 30, {"timed_count": 30, "fast_count": 20}, False),
    ("fast_rate", 0.6, 30, {"timed_count": 0, "fast_count": 0}, False),
    ("agreement", 0.5, 30, {"shared_count": 40, "agreed_count": 10}, True),
    ("agreement", 0.5, 30, {"shared_count": 40, "agreed_count": 18}, False),
    ("trust", -5, 10, {"evidence_count": 10, "trust": -5.1}, True),
    ("trust", -5, 10, {"evidence_count": 10, "trust": -4.9}, False),
    ("trust", -5, 10, {"evidence_count": 9, "trust": -50.0}, False),
    ("recent_trust", -7, 40, {"evidence_count": 60, "trust": 20.0, "recent_trust": -7.5}, True),
]


@pytest.mark.parametrize(("measure", "threshold", "minimum", "figures", "expected"), CASES)
def test_a_rule_applies(measure, threshold, minimum, figures, expected):
    rule = ReviewRule(measure=measure, outcome="warn", threshold=threshold, minimum=minimum)

    assert quality_rules.applies(rule, [AnnotatorStats(**figures)]).tolist() == [expected]


def test_every_measure_can_be_read_and_has_a_default():
    assert set(quality_rules.READINGS) == set(Measure) == {row.measure for row in quality_rules.DEFAULTS}


def test_a_warning_comes_before_anything_worse():
    for measure in Measure:
        by_outcome = {row.outcome: row.threshold for row in quality_rules.DEFAULTS if row.measure == measure}
        worse = [threshold for outcome, threshold in by_outcome.items() if outcome != Outcome.WARN]
        if Outcome.WARN in by_outcome:
            is_below = quality_rules.READINGS[measure].is_bad_below
            assert all((by_outcome[Outcome.WARN] > one) == is_below for one in worse)


def test_figures_say_what_the_rule_went_by():
    rule = ReviewRule(measure="gold_accuracy", outcome="suspend", threshold=0.5, minimum=6)

    assert quality_rules.figures_of(rule, AnnotatorStats(gold_count=8, gold_right=1)) == {
        "measure": "gold_accuracy",
        "count": 8,
        "value": 0.125,
        "bound": 0.4709,
        "threshold": 0.5,
        "minimum": 6,
    }


@pytest.mark.parametrize(
    ("people", "of", "share_max", "expected"),
    [(2, 2, 0.2, False), (3, 10, 0.2, True), (3, 15, 0.2, False), (4, 15, 0.2, True), (50, 50, 1.0, False), (3, 100, 0.0, True)],
)
def test_too_many_is_more_than_the_share_and_three_at_least(people, of, share_max, expected):
    assert quality_rules.is_too_many(people, of=of, share_max=share_max) == expected


@pytest.mark.django_db
def test_a_campaign_is_made_with_the_default_rules():
    campaign = create_campaign(slug="scenes", name="Scenes", by=None)

    rules = {(rule.measure, rule.outcome, rule.threshold, rule.minimum) for rule in campaign.review_rules.all()}
    assert rules == {tuple(row) for row in quality_rules.DEFAULTS}
    assert len(quality_rules.ensure_rules(campaign)) == len(quality_rules.DEFAULTS) == campaign.review_rules.count()
