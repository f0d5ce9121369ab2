from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.judging import assigning, pairs_left, voting
from annotator.models import Assignment, PairSeats
from tests.factories import MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    member = MemberFactory()
    PairFactory.create_batch(4, campaign=member.campaign, votes_wanted=1)
    return member


def left_for(member):
    return pairs_left.pairs_left([member.pk])[member.pk]


def test_pairs_and_open_assignments_are_counted_and_what_was_had_is_not(member):
    assert (left_for(member).at_least, left_for(member).is_all) == (4, True)
    first, second, *_ = assigning.next_assignments(member=member, count=4)
    voting.cast_vote(assignment_id=first.pk, by=member.user, choices={"overall": "a"})
    voting.skip_assignment(assignment_id=second.pk, by=member.user)

    assert left_for(member).at_least == 2


def test_what_ran_out_is_still_there_for_its_member(member):
    assigning.next_assignments(member=member)
    Assignment.objects.update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    assert left_for(member).at_least == 4
    assigning.return_expired_seats()

    assert left_for(member).at_least == 4


def test_what_others_have_is_not_left(member):
    other = MemberFactory(campaign=member.campaign)
    assigning.next_assignments(member=other)  # takes all seats into its queue

    found = pairs_left.pairs_left([member.pk, other.pk])

    assert (found[member.pk].at_least, found[other.pk].at_least) == (0, 4)


def test_who_has_had_what_was_looked_at_is_looked_after_once_more(member, monkeypatch):
    monkeypatch.setattr(pairs_left, "FIRST_LOOK", 2)
    PairSeats.objects.update(votes_wanted=2)
    first_two = list(PairSeats.objects.order_by("-ring").values_list("pk", flat=True)[:2])
    for seat in assigning.next_assignments(member=member, count=4):
        if seat.pair_id in first_two:
            voting.cast_vote(assignment_id=seat.pk, by=member.user, choices={"overall": "a"})
    Assignment.objects.open().update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    assigning.return_expired_seats()

    assert (left_for(member).at_least, left_for(member).is_all) == (2, True)
