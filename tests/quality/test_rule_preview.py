"""The preview says what the next review then does, and does nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.choices import MemberState
from annotator.models import Member, ModerationAction, ReviewRule, Vote
from annotator.quality import review
from annotator.quality.rule_preview import RuleChange, needs_preview, preview
from annotator.quality.rules import ensure_rules
from tests.crowds import Crowd, adversarial, always_left, good
from tests.factories import CampaignFactory, ReviewRuleFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

GENERAL = {"review_share_max": 1.0, "too_fast_ms": 700}


def test_it_says_what_the_review_does_once_the_rules_are_on():
    habits = {**{f"good{number}": good for number in range(6)}, "left": always_left, "foe": adversarial}
    crowd = Crowd(habits, votes=40, rules={"review_share_max": 1.0})
    ReviewRule.objects.update(enabled=False, test_version=0)  # as an update leaves them
    rules = ensure_rules(crowd.campaign)
    changes = [RuleChange(rule.pk, rule.threshold, rule.minimum, enabled=True) for rule in rules]
    assert review.review_campaign(campaign=crowd.campaign) == []

    with CaptureQueriesContext(connection) as queries:
        found = preview(crowd.campaign, [change.applied_to(rule) for change, rule in zip(changes, rules, strict=True)])
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert (ModerationAction.objects.count(), Vote.objects.live().count()) == (0, 320)

    review.change_rules(campaign=crowd.campaign, by=UserFactory(), changes=changes, **GENERAL)
    actions = review.review_campaign(campaign=crowd.campaign)

    suspended = Member.objects.filter(state=MemberState.SUSPENDED)
    assert set(suspended) == {crowd.members["left"], crowd.members["foe"]}
    assert (found.suspended, found.votes) == (2, 320 - Vote.objects.live().count())
    assert found.votes > 60
    foreseen = {(its.rule.pk, member.pk) for its in found.rules for member in its.people}
    assert foreseen == {(action.rule_id, action.member_id) for action in actions}
    assert {(action.rule_version, action.test_version, action.figures["minimum"] > 0) for action in actions} == {(2, 1, True)}


def test_it_measures_with_the_limit_that_is_to_be():
    crowd = Crowd({"ada": good, "bea": good}, votes=40, elapsed_ms=600)
    rules = [rule for rule in ensure_rules(crowd.campaign) if rule.measure == "fast_rate"]

    assert (preview(crowd.campaign, rules).paused, preview(crowd.campaign, rules, too_fast_ms=500).paused) == (2, 0)


def test_a_change_raises_the_version_and_saving_the_same_does_not():
    rule = ReviewRuleFactory(version=3)
    same = RuleChange(rule.pk, rule.threshold, rule.minimum, enabled=True)
    other = RuleChange(rule.pk, 0.6, rule.minimum, enabled=True)

    assert (same.applied_to(rule).version, other.applied_to(rule).version, rule.version) == (3, 4, 3)


def test_only_what_makes_a_rule_act_otherwise_needs_a_preview():
    campaign = CampaignFactory(**GENERAL)
    on, off = ReviewRuleFactory(campaign=campaign), ReviewRuleFactory(campaign=campaign, outcome="pause", enabled=False)

    def needs(*, threshold: float = 0.7, on_is_on: bool = True, off_is_on: bool = False, too_fast_ms: int = 700) -> bool:
        changes = [RuleChange(on.pk, threshold, 5, enabled=on_is_on), RuleChange(off.pk, 0.7, 5, enabled=off_is_on)]
        return needs_preview(campaign, [on, off], changes, share_max=1.0, too_fast_ms=too_fast_ms)

    assert [needs(threshold=0.8), needs(off_is_on=True), needs(too_fast_ms=500)] == [True, True, True]
    assert [needs(), needs(on_is_on=False), needs(on_is_on=False, too_fast_ms=500)] == [False, False, False]
