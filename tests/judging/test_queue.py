"""The head of a member's queue, and its leases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.judging.queue import RENEW_BELOW, head_of_queue
from annotator.models import Assignment, Member
from tests.factories import AssignmentFactory, MemberFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LEASE = timedelta(seconds=1000)


@pytest.fixture
def member() -> Member:
    return MemberFactory(campaign__lease_seconds=1000)


def seat(member: Member, *, left: timedelta = LEASE, shown: bool = True, **changes) -> Assignment:
    """An assignment whose lease has this time left."""
    shown_at = NOW - timedelta(seconds=1) if shown else None
    return AssignmentFactory(member=member, lease_expires_at=NOW + left, shown_at=shown_at, **changes)


def test_it_holds_the_oldest_that_can_still_be_answered_and_says_how_many_are_open(member):
    seat(member, left=timedelta(0))
    for state in ("answered", "skipped", "flagged", "expired", "returned"):
        seat(member, state=state)
    seat(MemberFactory(campaign=member.campaign))
    wanted = [seat(member) for _ in range(3)]

    queue = head_of_queue(member, count=2, now=NOW)

    assert queue == wanted[:2]
    assert {found.queue_length for found in queue} == {4}  # with the overdue one, until that is taken back


def test_one_query_brings_all_that_a_card_shows(member, django_assert_num_queries):
    expected = seat(member, a_on_left=False)

    with django_assert_num_queries(1):
        (found,) = head_of_queue(member, count=4, now=NOW)
        shown = (found.a_on_left, found.member, found.pair.prompt.text, found.pair.image_a.public_id, found.pair.image_b.width)

    pair = expected.pair
    assert shown == (False, member, pair.prompt.text, pair.image_a.public_id, pair.image_b.width)


@pytest.mark.parametrize(
    ("left", "shown", "is_renewed"),
    [
        (LEASE * RENEW_BELOW + timedelta(seconds=1), True, False),
        (LEASE * RENEW_BELOW - timedelta(seconds=1), True, True),
        (timedelta(seconds=1), True, True),
        (LEASE, False, True),  # from now on it is looked at
    ],
)
def test_a_lease_is_renewed_when_it_is_first_shown_or_runs_low(member, left, shown, is_renewed):
    before = seat(member, left=left, shown=shown)

    (found,) = head_of_queue(member, count=1, now=NOW)

    stored = Assignment.objects.get(pk=before.pk)
    assert stored.lease_expires_at == (NOW + LEASE if is_renewed else before.lease_expires_at)
    assert stored.shown_at == (before.shown_at or NOW)
    assert (found.lease_expires_at, found.shown_at) == (stored.lease_expires_at, stored.shown_at)


def test_what_waits_behind_the_head_is_left_alone(member):
    seat(member)
    behind = seat(member, left=timedelta(seconds=1), shown=False)

    head_of_queue(member, count=1, now=NOW)

    behind.refresh_from_db()
    assert (behind.lease_expires_at, behind.shown_at) == (NOW + timedelta(seconds=1), None)


def test_an_empty_queue_is_empty(member):
    assert head_of_queue(member, count=4, now=NOW) == []
