from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.campaigns import lifecycle
from annotator.errors import NotAllowed
from annotator.judging import assigning, voting
from annotator.scoring import progress
from tests.factories import CampaignFactory, MemberFactory, PairFactory
from tests.judges import judge

pytestmark = pytest.mark.django_db

NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def judge_until_refused(member, now=NOON) -> tuple[int, str]:
    """How many votes the member can give, and the code of what stopped them."""
    given = 0
    while True:
        try:
            queue = assigning.next_assignments(member=member, now=now)
        except NotAllowed as error:
            return given, error.code
        if not queue:
            return given, "nothing left"
        voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"}, now=now)
        given += 1
        member.refresh_from_db()


def campaign_with(**limits):
    campaign = CampaignFactory(votes_wanted=2, **limits)
    PairFactory.create_batch(30, campaign=campaign)
    progress.roll_up(campaign=campaign)
    return campaign


@pytest.mark.parametrize(
    ("limits", "given", "code"),
    [
        ({}, 30, "nothing left"),
        ({"limit_per_day": 7}, 7, "limit_per_day"),
        ({"limit_total": 12}, 12, "limit_total"),
        ({"limit_share": 0.25}, 15, "limit_share"),  # of 60 votes wanted
        ({"limit_share": 0.001}, 1, "limit_share"),  # never less than one
        ({"limit_per_day": 9, "limit_total": 5}, 5, "limit_total"),
    ],
)
def test_a_member_may_give_so_many_votes(limits, given, code):
    assert judge_until_refused(MemberFactory(campaign=campaign_with(**limits))) == (given, code)


def test_another_day_has_room_again():
    member = MemberFactory(campaign=campaign_with(limit_per_day=4))

    assert judge_until_refused(member) == (4, "limit_per_day")
    assert judge_until_refused(member, now=NOON + timedelta(hours=11)) == (0, "limit_per_day")
    assert judge_until_refused(member, now=NOON + timedelta(hours=13)) == (4, "limit_per_day")


def test_no_seat_is_kept_that_may_not_be_answered():
    member = MemberFactory(campaign=campaign_with(limit_total=3))

    assigning.refill_queue(member_id=member.pk)

    assert assigning.open_count(member) == 3


def test_the_limit_is_each_members_own():
    campaign = campaign_with(limit_total=3)

    assert [judge_until_refused(member)[0] for member in MemberFactory.create_batch(2, campaign=campaign)] == [3, 3]


def test_a_limit_that_is_lowered_holds_for_what_was_prepared_before():
    campaign = campaign_with()
    member = MemberFactory(campaign=campaign)
    judge(assigning.next_assignments(member=member)[0])
    member.refresh_from_db()

    lifecycle.change_campaign(campaign=campaign, by=None, rules={"limit_total": 1})
    member.campaign.refresh_from_db()

    with pytest.raises(NotAllowed) as error:
        assigning.next_assignments(member=member)
    assert error.value.code == "limit_total"
