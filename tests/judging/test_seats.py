"""Seats go back to their pairs, and a pair wants more or fewer of them."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from annotator.choices import AssignmentState
from annotator.judging import assigning
from annotator.judging.seats import release_assignments, set_votes_wanted
from annotator.models import Assignment, Campaign, Pair
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory
from tests.judges import assert_seats_are_true, judge

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def campaign() -> Campaign:
    campaign = CampaignFactory(votes_wanted=3)
    PairFactory.create_batch(2, campaign=campaign)
    return campaign


def seated(campaign: Campaign, people: int) -> list[Assignment]:
    """The first assignment of each of so many members, whose queues are full."""
    return [assigning.next_assignments(member=MemberFactory(campaign=campaign))[0] for _ in range(people)]


def test_seats_that_go_back_are_taken_off_both_counters(campaign):
    member = MemberFactory(campaign=campaign)
    assigning.refill_queue(member_id=member.pk)
    seated(campaign, 1)

    closed = release_assignments(Assignment.objects.open().filter(member=member), state=AssignmentState.EXPIRED, now=NOW)

    assert closed == 2
    assert set(member.assignments.values_list("state", "closed_at")) == {(AssignmentState.EXPIRED, NOW)}
    assert list(Pair.objects.values_list("seats_taken", flat=True)) == [1, 1]
    assert_seats_are_true(campaign)


def test_gold_repeats_and_machines_have_no_seat_to_give_back(campaign):
    seated(campaign, 1)
    pair = Pair.objects.first()
    for kind in ("gold", "repeat", "training", "machine"):
        AssignmentFactory(member__campaign=campaign, pair=pair, kind=kind)

    closed = release_assignments(Assignment.objects.open().exclude(kind="regular"), state=AssignmentState.RETURNED, now=NOW)

    assert closed == 4
    assert list(Pair.objects.values_list("seats_taken", flat=True)) == [1, 1]
    assert_seats_are_true(campaign)


def test_nothing_to_give_back_is_nothing_done(campaign):
    assert release_assignments(Assignment.objects.none(), state=AssignmentState.EXPIRED, now=NOW) == 0


def test_more_votes_open_more_seats(campaign):
    seated(campaign, 3)
    assert not Pair.objects.filter(seats_taken__lt=3).exists()

    set_votes_wanted(campaign=campaign, votes_wanted=5, now=NOW)

    assert set(Pair.objects.values_list("votes_wanted", "seats_taken")) == {(5, 3)}
    assert len(seated(campaign, 2)) == 2
    assert_seats_are_true(campaign)


def test_fewer_votes_take_back_only_what_nobody_has_looked_at(campaign):
    first = seated(campaign, 3)[0]
    judge(first)

    set_votes_wanted(campaign=campaign, votes_wanted=1, now=NOW)

    # Each member looks at the head of their queue; what waits behind it goes back.
    looked_at = Counter(Assignment.objects.filter(shown_at__isnull=False).values_list("pair", flat=True))
    assert {pair.pk: (pair.seats_taken, pair.votes_wanted) for pair in Pair.objects.all()} == {
        pair.pk: (looked_at[pair.pk], max(looked_at[pair.pk], 1)) for pair in Pair.objects.all()
    }
    assert set(Assignment.objects.filter(shown_at__isnull=True).values_list("state", flat=True)) == {AssignmentState.EXPIRED}
    assert_seats_are_true(campaign)


def test_another_campaign_keeps_its_seats(campaign):
    other = PairFactory(campaign=CampaignFactory(votes_wanted=3))
    seated(other.campaign, 3)

    set_votes_wanted(campaign=campaign, votes_wanted=1, now=NOW)

    other.refresh_from_db()
    assert (other.votes_wanted, other.seats_taken) == (3, 3)
