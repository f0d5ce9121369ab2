"""Rules on figures: a table of cases, and the defaults."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import Measure, Outcome
from annotator.models import AnnotatorStats, ReviewRule
from annotator.quality import rules as quality_rules
from annotator.quality.annotator_metrics import stats_of
from tests.careers import found_by_then
from tests.factories import CampaignFactory, ProposalFactory, ReviewRuleFactory
from tests.quality.made_up_answers import Kind, answers_of, first_answers_of

CASES = [
    # measure, threshold, minimum, figures, whether the rule applies
    ("gold_accuracy", 0.5, 6, {"gold_count": 8, "gold_right": 0}, True),
    ("gold_accuracy", 0.5, 6, {"gold_count": 7, "gold_right": 0}, False),  # one of 128 who toss a coin does that
    ("gold_accuracy", 0.5, 9, {"gold_count": 8, "gold_right": 0}, False),  # too few
    ("gold_accuracy", 0.5, 6, {"gold_count": 80, "gold_right": 30}, False),
    ("gold_accuracy", 0.5, 6, {"gold_count": 80, "gold_right": 20}, True),
    ("consistency", 0.6, 5, {"repeat_count": 6, "repeat_same": 0}, True),
    ("consistency", 0.6, 5, {"repeat_count": 5, "repeat_same": 2}, False),
    ("side_share", 0.7, 20, {"side_count": 20, "left_count": 20}, True),
    ("side_share", 0.7, 10, {"side_count": 20, "left_count": 0}, True),  # always right
    ("side_share", 0.7, 10, {"side_count": 16, "left_count": 16}, False),  # not sure enough yet
    ("side_share", 0.7, 20, {"side_count": 300, "left_count": 210}, False),  # biased, and yet not surely 70 %
    ("side_share", 0.6, 20, {"side_count": 300, "left_count": 225}, True),
    ("fast_rate", 0.6, 30, {"timed_count": 30, "fast_count": 30}, True),
    ("fast_rate", 0.6, 30, {"timed_count": 30, "fast_count": 20}, False),
    ("fast_rate", 0.6, 30, {"timed_count": 0, "fast_count": 0}, False),
    ("fast_rate", 1.0, 1, {"timed_count": 30, "fast_count": 30}, False),  # nothing is above all
    ("agreement", 0.5, 30, {"shared_count": 400, "agreed_count": 10}, False),  # to differ is no fault
    ("trust", -5, 10, {"evidence_count": 10, "trust": -5.1}, True),
    ("trust", -5, 10, {"evidence_count": 10, "trust": -4.9}, False),
    ("trust", -5, 10, {"evidence_count": 9, "trust": -50.0}, False),
    ("recent_trust", -8, 40, {"evidence_count": 60, "trust": 20.0, "recent_trust": -8.5}, True),
]


@pytest.mark.parametrize(("measure", "threshold", "minimum", "figures", "expected"), CASES)
def test_a_rule_applies(measure, threshold, minimum, figures, expected):
    rule = ReviewRule(measure=measure, outcome="warn", threshold=threshold, minimum=minimum)

    assert quality_rules.applies(rule, [AnnotatorStats(**figures)]).tolist() == [expected]


def test_every_measure_can_be_read_and_has_a_default_unless_it_is_retired():
    assert set(quality_rules.READINGS) == set(Measure)
    assert set(Measure) - {row.measure for row in quality_rules.DEFAULTS} == quality_rules.RETIRED == {Measure.AGREEMENT}


SHARES = {
    "gold_accuracy": ("gold_count", "gold_right"),
    "consistency": ("repeat_count", "repeat_same"),
    "side_share": ("side_count", "left_count"),
    "fast_rate": ("timed_count", "fast_count"),
}


@pytest.mark.parametrize("default", [row for row in quality_rules.DEFAULTS if row.measure in SHARES], ids=str)
def test_a_rule_that_looks_after_each_of_500_answers_wrongs_somebody_at_its_mark_as_rarely_as_it_says(default):
    """Exactly, over all careers of somebody whose true share is the threshold."""
    rule = ReviewRule(**default._asdict())
    count, part = SHARES[default.measure]
    reading = quality_rules.READINGS[default.measure]

    def applies(k, n):
        """By the k that go the good way: hits where too few are bad, and else the answers that are no hits."""
        parts = k if reading.is_bad_below else n - k
        all_stats = [AnnotatorStats(**{count: of, part: some}) for of, some in zip(n.tolist(), parts.tolist(), strict=True)]
        return quality_rules.applies(rule, all_stats) & ((parts > n / 2) | (default.measure != "side_share"))

    true_share = default.threshold if reading.is_bad_below else 1 - default.threshold
    wronged = found_by_then(true_share, applies)[-1]

    assert wronged <= quality_rules.error_of(rule) == 0.01
    assert wronged > 0.0005  # it can err, and so it can find


def test_the_error_of_trust_is_what_its_threshold_says():
    errors = {(row.measure, row.outcome): quality_rules.error_of(ReviewRule(**row._asdict())) for row in quality_rules.DEFAULTS}

    assert errors["trust", "suspend"] == pytest.approx(0.0067, abs=1e-4)
    assert max(errors.values()) < 0.02


def who_is_ruled_on(kinds: list[Kind], *, seed: int, answers: int = 100, look_every: int = 10) -> np.ndarray:
    """Whether the default rules ever act on each member, whose kind is the other column; looked at every few answers."""
    given, kind_of = answers_of(kinds, answers=answers, seed=seed)
    is_found = np.zeros(len(kind_of), dtype=bool)
    for number in range(look_every, answers + 1, look_every):
        all_stats = stats_of(first_answers_of(given, number, len(kind_of)), timezone.now())
        members = np.array([stats.member_id for stats in all_stats])
        for default in quality_rules.DEFAULTS:
            is_found[members[quality_rules.applies(ReviewRule(**default._asdict()), all_stats)]] = True
    return np.column_stack([kind_of, is_found])


@pytest.mark.parametrize("opposite", [0.3, 0.5])
def test_a_minority_with_another_taste_is_left_alone(opposite):
    """Three of thirty prefer the opposite on many pairs, are right on gold and say the same again on repeats."""
    found = [who_is_ruled_on([Kind(27), Kind(3, opposite=opposite)], seed=seed) for seed in range(3)]

    assert np.concatenate(found)[:, 1].sum() == 0


def test_those_who_guess_are_found_beside_a_minority():
    kinds = [Kind(20), Kind(3, opposite=0.5), Kind(2, guess_among=4)]
    found = np.concatenate([who_is_ruled_on(kinds, seed=seed) for seed in range(3)])

    assert found[found[:, 0] == 2, 1].all()
    assert not found[found[:, 0] < 2, 1].any()


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
        "bound": 0.6815,
        "threshold": 0.5,
        "minimum": 6,
        "rule_version": 1,
        "test_version": 1,
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
    assert all(rule.enabled for rule in campaign.review_rules.all())
    assert len(quality_rules.ensure_rules(campaign)) == len(quality_rules.DEFAULTS) == campaign.review_rules.count()


@pytest.mark.django_db
def test_a_campaign_without_rules_gets_the_defaults_off():
    rules = quality_rules.ensure_rules(CampaignFactory())

    assert len(rules) == len(quality_rules.DEFAULTS)
    assert not any(rule.enabled for rule in rules)
    assert all(quality_rules.is_undecided(rule) for rule in rules)


@pytest.mark.django_db
def test_defaults_that_an_update_brings_are_off_and_the_others_stay_as_they_are():
    own = ReviewRuleFactory(threshold=0.6)

    rules = quality_rules.ensure_rules(own.campaign)

    assert len(rules) == len(quality_rules.DEFAULTS)
    assert [(rule.pk, rule.threshold) for rule in rules if rule.enabled] == [(own.pk, 0.6)]


@pytest.mark.django_db
def test_a_rule_whose_test_an_update_changed_is_off_until_a_manager_decides():
    rule = ReviewRuleFactory(test_version=99, version=4, asks_since=timezone.now())
    ProposalFactory(rule=rule)

    [found] = [its for its in quality_rules.ensure_rules(rule.campaign) if its.pk == rule.pk]

    assert (found.enabled, found.asks_since, found.version) == (False, None, 5)
    assert quality_rules.is_undecided(found)
    assert not found.proposals.exists()
