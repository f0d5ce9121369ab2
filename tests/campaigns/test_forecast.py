"""Who can annotate and who cannot, and the time that is left, of which those who cannot have no part."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.campaigns.forecast import annotators_of, forecast_of
from annotator.choices import MemberState, Role
from annotator.models import Campaign, CampaignProgress, Member, MemberDay
from annotator.quality.moderation import Reason, pause_member, suspend_member
from tests.factories import CampaignFactory, MemberFactory, PairFactory, ReviewRuleFactory, UserFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """Of which 300 votes are missing."""
    campaign = CampaignFactory(training_pairs=1, votes_wanted=1)
    PairFactory(campaign=campaign, gold_choice="a", gold_use="training")
    MemberFactory(campaign=campaign, role=Role.MANAGER)
    MemberFactory(campaign=campaign, kind="machine")
    CampaignProgress.objects.filter(campaign=campaign).update(votes_wanted=1300, votes_live=1000)
    campaign.progress.refresh_from_db()
    return campaign


def annotator(campaign: Campaign, **fields: object) -> Member:
    return MemberFactory(campaign=campaign, **({"training_passed_at": timezone.now()} | fields))


def gave(member: Member, votes: int, *, days_ago: int, void: int = 0) -> None:
    day = timezone.now().date() - timedelta(days=days_ago)
    MemberDay.objects.create(campaign=member.campaign, member=member, day=day, votes=votes, votes_void=void)


def test_the_headline_says_that_nobody_can_annotate_and_why(campaign: Campaign) -> None:
    forecast = forecast_of(campaign, campaign.progress)
    assert forecast.nobody == "Nobody can annotate: there are no annotators yet"
    pause_member(member=annotator(campaign), by=None, reason=Reason(rule=ReviewRuleFactory(campaign=campaign)))
    annotator(campaign, training_passed_at=None, training_failed_at=timezone.now())

    forecast = forecast_of(campaign, campaign.progress)

    assert forecast.nobody == "Nobody can annotate: 1 paused by a rule, 1 failed training"
    assert (forecast.left_by_days, forecast.left_by_hour) == (None, None)
    annotator(campaign)
    assert forecast_of(campaign, campaign.progress).nobody == ""


def test_each_person_is_counted_once_by_what_keeps_them_from_judging(campaign: Campaign) -> None:
    Campaign.objects.update(limit_total=50)
    campaign.refresh_from_db()
    able = annotator(campaign, answered_count=49)
    annotator(campaign, answered_count=50)
    annotator(campaign, training_passed_at=None)
    annotator(campaign, state=MemberState.WITHDRAWN)
    boss = UserFactory()
    pause_member(member=annotator(campaign), by=boss)
    suspend_member(member=annotator(campaign), by=boss)

    found, numbers = annotators_of(campaign)

    assert list(found) == [able]
    assert (numbers.able, numbers.total) == (1, 6)
    assert numbers.others == [
        *("1 paused by a manager", "1 suspended by a manager", "1 still in training"),
        *("1 at their limit of votes", "1 withdrew consent"),
    ]


def test_the_pace_is_that_of_people_who_can_annotate(campaign: Campaign) -> None:
    able, paused = annotator(campaign), annotator(campaign, state=MemberState.PAUSED)
    for member in (able, paused):
        gave(member, 110, days_ago=2, void=10)
        gave(member, 200, days_ago=0)
        gave(member, 999, days_ago=9)
        VoteFactory(assignment__member=member, assignment__state="answered", created_at=timezone.now())

    forecast = forecast_of(campaign, campaign.progress)

    assert forecast.missing == 300
    assert forecast.votes_per_day == 100  # of three days, one of them without votes
    assert forecast.left_by_days == timedelta(days=3)
    assert (forecast.votes_last_hour, forecast.left_by_hour) == (1, timedelta(hours=300))


def test_a_pair_needs_as_many_people_as_votes(campaign: Campaign) -> None:
    Campaign.objects.update(votes_wanted=3, votes_max=3)
    campaign.refresh_from_db()
    annotator(campaign)
    campaign.progress.pairs_untouched = 7

    assert forecast_of(campaign, campaign.progress).people_wanted == 2
    campaign.progress.pairs_untouched = 0  # others have begun them all
    assert forecast_of(campaign, campaign.progress).people_wanted == 0


def test_nothing_is_left_where_all_votes_are_in(campaign: Campaign) -> None:
    campaign.progress.votes_live = 1300
    forecast = forecast_of(campaign, campaign.progress)
    assert (forecast.nobody, forecast.left_by_days) == ("", timedelta(0))
