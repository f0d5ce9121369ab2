"""Members by filters and orders, and all that one ever answered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from annotator.choices import MemberState, Role
from annotator.models import Campaign, MemberDay
from annotator.quality.member_list import ORDERS, MemberFilter, members_of, past_of, recent_days, votes_void_of
from tests.factories import AnnotatorStatsFactory, CampaignFactory, MemberFactory, ModerationActionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    """Of ada, who is right, of bea, who is wrong, and of cyd, who failed the training and was never measured."""
    campaign = CampaignFactory()
    for name, right in (("ada", 9), ("bea", 2)):
        member = MemberFactory(
            campaign=campaign, user__username=name, answered_count=10 * right, training_passed_at=timezone.now()
        )
        AnnotatorStatsFactory(member=member, gold_count=10, gold_right=right)
    MemberFactory(campaign=campaign, user__username="cyd", state=MemberState.SUSPENDED, training_failed_at=timezone.now())
    MemberFactory()
    return campaign


def names(campaign: Campaign, **wanted: str) -> list[str]:
    return [member.user.username for member in members_of(campaign, MemberFilter(**wanted))]


def test_they_are_found_by_each_filter(campaign: Campaign) -> None:
    MemberFactory(campaign=campaign, user__username="dora", role=Role.MANAGER)
    MemberFactory(campaign=campaign, user__username="echo", kind="machine")
    assert names(campaign, words="EA") == ["bea"]
    assert names(campaign, words=campaign.members.get(user__username="ada").public_id) == ["ada"]
    assert names(campaign, state="suspended") == ["cyd"]
    assert names(campaign, role="manager") == ["dora"]
    assert names(campaign, kind="machine") == ["echo"]
    assert names(campaign, training="failed") == ["cyd"]
    assert names(campaign, training="open") == ["echo"]
    assert names(campaign, training="passed", order="name") == ["ada", "bea"]


def test_each_order_goes_both_ways_and_who_has_no_number_is_last(campaign: Campaign) -> None:
    assert names(campaign, order="gold") == ["bea", "ada", "cyd"]
    assert names(campaign, order="-gold") == ["ada", "bea", "cyd"]
    assert names(campaign, order="-answered") == ["ada", "bea", "cyd"]
    for order in ORDERS:
        assert sorted(names(campaign, order=order)) == sorted(names(campaign, order=f"-{order}")) == ["ada", "bea", "cyd"]


def test_the_past_is_all_days_and_the_chart_the_last_ones(campaign: Campaign) -> None:
    ada, bea = (campaign.members.get(user__username=name) for name in ("ada", "bea"))
    for day, votes in ((date(2026, 10, 1), 5), (date(2026, 11, 7), 3), (date(2026, 11, 20), 2)):
        MemberDay.objects.create(campaign=campaign, member=ada, day=day, votes=votes, gold_count=2, gold_right=1)

    past = past_of(ada)

    assert (past.since, past.sums["votes"], past.sums["gold_count"], past.sums["gold_right"]) == (date(2026, 10, 1), 10, 6, 3)
    assert (past_of(bea).since, past_of(bea).sums["votes"]) == (None, 0)
    assert recent_days([ada, bea], NOW) == {ada.pk: [3, *[0] * 12, 2], bea.pk: [0] * 14}


def test_votes_are_void_only_while_somebody_is_suspended(campaign: Campaign) -> None:
    for name in ("ada", "cyd"):
        ModerationActionFactory(member=campaign.members.get(user__username=name), kind="suspend", votes=7)
    assert {member.user.username: votes_void_of(member) for member in members_of(campaign, MemberFilter())} == {
        "ada": 0,
        "bea": 0,
        "cyd": 7,
    }
