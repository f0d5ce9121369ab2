"""What the review has found and done, as the managers' pages list it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.choices import ActionKind, AppealState
from annotator.models import Campaign
from annotator.quality.review_queries import ORDERS, Summary, actions_of, asking_rules, measured_members, summary
from tests.factories import (
    AnnotatorStatsFactory,
    AppealFactory,
    CampaignFactory,
    MemberFactory,
    ModerationActionFactory,
    ProposalFactory,
    ReviewRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory()


def test_the_summary_counts_actions_of_rules_and_people_and_what_waits(campaign, django_assert_num_queries):
    rule = ReviewRuleFactory(campaign=campaign, asks_since=NOW)
    ReviewRuleFactory(campaign=campaign, outcome="pause")
    ReviewRuleFactory(campaign=campaign, outcome="suspend", enabled=False, test_version=0)  # as an update leaves it
    ReviewRuleFactory(campaign=campaign, measure="trust", enabled=False)  # a manager turned it off
    for kind, number in (
        (ActionKind.WARN, 3),
        (ActionKind.PAUSE, 2),
        (ActionKind.SUSPEND, 1),
        (ActionKind.LIFT, 1),
        (ActionKind.WITHDRAW, 1),
    ):
        ModerationActionFactory.create_batch(number, member__campaign=campaign, kind=kind, rule=rule)
    ModerationActionFactory(member__campaign=campaign, kind=ActionKind.WARN, actor=UserFactory())
    AppealFactory(member__campaign=campaign)
    AppealFactory(member__campaign=campaign, member__state="withdrawn")
    AppealFactory(member__campaign=campaign, state=AppealState.DECLINED, answered_at=NOW)
    ModerationActionFactory()
    AppealFactory()
    ReviewRuleFactory(asks_since=NOW)

    with django_assert_num_queries(3):
        found = summary(campaign)

    assert found == Summary(warned=4, paused=2, suspended=1, by_rules=6, appeals_open=1, rules_asking=1, rules_undecided=1)
    assert found.waiting == 3


def test_a_campaign_without_a_review_has_noughts(campaign):
    assert summary(campaign) == (0, 0, 0, 0, 0, 0, 0)


FIGURES: dict[str, dict[str, object]] = {
    "ann": {
        "trust": -2,
        "gold_count": 10,
        "gold_right": 9,
        "repeat_count": 4,
        "repeat_same": 1,
        "left_p_value": 0.5,
        "skill": 0.3,
    },
    "ben": {"trust": 3, "gold_count": 2, "gold_right": 1, "timed_count": 10, "fast_count": 9, "left_p_value": 0.01},
    "cem": {
        "trust": 0,
        "shared_count": 9,
        "agreed_count": 3,
        "timed_count": 10,
        "fast_count": 1,
        "left_p_value": 0.9,
        "skill": 0.1,
    },
}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("trust", ["ann", "cem", "ben"]),
        ("name", ["ann", "ben", "cem"]),
        ("answered", ["cem", "ben", "ann"]),
        ("gold", ["ben", "ann", "cem"]),  # a share of nothing comes last
        ("repeats", ["ann", "ben", "cem"]),
        ("left", ["ben", "ann", "cem"]),
        ("fast", ["ben", "cem", "ann"]),
        ("agreement", ["cem", "ann", "ben"]),
        ("skill", ["cem", "ann", "ben"]),
        ("no such order", ["ann", "cem", "ben"]),
    ],
)
def test_people_are_listed_from_the_worst(campaign, order, names):
    for answered, (name, figures) in enumerate(FIGURES.items()):
        member = MemberFactory(campaign=campaign, user__username=name, answered_count=answered)
        AnnotatorStatsFactory(member=member, **figures)
    MemberFactory(campaign=campaign)  # has judged nothing
    AnnotatorStatsFactory(member=MemberFactory(campaign=campaign, kind="machine"))
    AnnotatorStatsFactory()

    assert [member.user.username for member in measured_members(campaign, order=order)] == names


def test_every_order_is_tested():
    assert len(ORDERS) == 9


def test_acts_are_listed_the_newest_first_with_one_query(campaign, django_assert_num_queries):
    rule = ReviewRuleFactory(campaign=campaign)
    actions = [
        ModerationActionFactory(member__campaign=campaign, rule=rule),
        ModerationActionFactory(member__campaign=campaign, actor=UserFactory()),
    ]
    ModerationActionFactory()

    with django_assert_num_queries(1):
        found = [(action, action.member.user.username, action.rule, action.actor) for action in actions_of(campaign)]

    assert [action for action, *_ in found] == actions[::-1]


def test_rules_that_ask_come_with_the_members_they_are_about(campaign, django_assert_num_queries):
    rule = ReviewRuleFactory(campaign=campaign, asks_since=NOW)
    proposals = ProposalFactory.create_batch(2, rule=rule)
    ReviewRuleFactory(campaign=campaign, outcome="pause")
    ReviewRuleFactory(asks_since=NOW)

    with django_assert_num_queries(4):
        found = {asking: {row.member.user.username for row in asking.proposals.all()} for asking in asking_rules(campaign)}

    assert found == {rule: {proposal.member.user.username for proposal in proposals}}
