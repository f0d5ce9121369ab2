"""Whom rules find: the severest first, and nobody twice."""

from __future__ import annotations

import pytest

from annotator.quality.rulings import rulings_on
from tests.factories import AnnotatorStatsFactory, CampaignFactory, ModerationActionFactory, ReviewRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def found(campaign, rules, *all_stats, **options):
    by_member = {row.member_id: row for row in all_stats}
    rulings = rulings_on(campaign, rules, by_member, **options)
    return [(ruling.rule, [row.member for row in ruling.people], ruling.asks) for ruling in rulings]


def wrong(campaign):
    return AnnotatorStatsFactory(member__campaign=campaign, gold_count=12, gold_right=0)


def test_whom_a_severe_rule_stops_the_milder_one_leaves_alone(campaign):
    warns, suspends = (ReviewRuleFactory(campaign=campaign, outcome=outcome) for outcome in ("warn", "suspend"))
    row = wrong(campaign)

    assert found(campaign, [warns, suspends], row) == [(suspends, [row.member], False), (warns, [], False)]


def test_a_rule_that_is_off_finds_nobody_and_one_that_acted_does_not_again(campaign):
    off, on = ReviewRuleFactory(campaign=campaign, enabled=False), ReviewRuleFactory(campaign=campaign, outcome="pause")
    row = wrong(campaign)
    ModerationActionFactory(member=row.member, rule=on, rule_version=1, test_version=1)

    assert found(campaign, [off, on], row) == [(on, [], False)]


def test_one_that_finds_too_many_asks(campaign):
    rule = ReviewRuleFactory(campaign=campaign)
    rows = [wrong(campaign) for _ in range(3)]

    assert found(campaign, [rule], *rows) == [(rule, [row.member for row in rows], True)]
    assert [asks for *_, asks in found(campaign, [rule], *rows, share_max=1.0)] == [False]
