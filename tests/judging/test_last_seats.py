from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotator.judging import assigning, voting
from annotator.judging.last_seats import hand_over
from annotator.judging.vote_writer import Answer, write_votes
from annotator.models import Assignment, Campaign, Member, Pair
from tests.factories import CampaignFactory, MemberFactory, PairFactory

pytestmark = pytest.mark.django_db

T = TypeVar("T")


@pytest.fixture
def campaign():
    campaign = CampaignFactory(votes_wanted=1)
    PairFactory.create_batch(6, campaign=campaign)
    return campaign


@pytest.fixture
def absent(campaign) -> Member:
    """Has all seats, and has looked at two of them."""
    member = MemberFactory(campaign=campaign)
    assigning.next_assignments(member=member, count=2)
    assert assigning.open_count(member) == 6
    return member


def in_a_thread(call: Callable[[], T]) -> T:
    """What it returns with a database connection of its own."""

    def with_a_connection() -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(with_a_connection).result()


def judge_all(member: Member) -> int:
    judged = 0
    while queue := assigning.next_assignments(member=member, count=3):
        voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})
        judged += 1
    return judged


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize(("model", "state"), [(Member, "suspended"), (Campaign, "closed")])
def test_who_was_stopped_a_moment_ago_gets_nothing(campaign, model, state):
    waiting = MemberFactory(campaign=campaign)
    model.objects.update(state=state)

    assert hand_over(waiting, count=3, now=timezone.now()) == 0
    assert assigning.open_count(waiting) == 0


def test_who_waits_gets_what_was_prepared_for_another_and_not_shown(campaign, absent):
    waiting = MemberFactory(campaign=campaign)

    assert judge_all(waiting) == 4
    assert assigning.open_count(absent) == 2
    assert {(pair.seats_taken, pair.seats_a_on_left) for pair in Pair.objects.all()} <= {(1, 0), (1, 1)}
    sides = dict(Assignment.objects.exclude(state="expired").values_list("pair_id", "a_on_left"))
    assert {pair.pk: bool(pair.seats_a_on_left) for pair in Pair.objects.all()} == sides


def test_it_takes_as_many_as_are_asked_for(campaign, absent):
    assert len(assigning.next_assignments(member=MemberFactory(campaign=campaign), count=3)) == 3
    assert assigning.open_count(absent) == 3


def test_who_lost_a_seat_so_can_have_it_again(campaign, absent):
    [taken] = assigning.next_assignments(member=(waiting := MemberFactory(campaign=campaign)))
    voting.skip_assignment(assignment_id=taken.pk, by=waiting.user)

    assigning.refill_queue(member_id=absent.pk)

    assert assigning.open_count(absent) == 6
    assert absent.assignments.get(pair=taken.pair_id).state == "open"


def test_what_is_on_a_screen_and_what_the_member_had_before_stays(campaign, absent):
    later = timezone.now() + timedelta(minutes=1)
    Assignment.objects.filter(member=absent).update(shown_at=later)

    assert assigning.next_assignments(member=MemberFactory(campaign=campaign)) == []

    Assignment.objects.filter(member=absent).update(shown_at=None)
    known = MemberFactory(campaign=campaign)
    for pair in campaign.pairs.all():
        Assignment.objects.create(
            campaign=campaign, member=known, pair=pair, state="skipped", a_on_left=True, lease_expires_at=later, closed_at=later
        )
    assert assigning.next_assignments(member=known) == []


def test_held_pairs_and_other_campaigns_are_left_alone(campaign, absent):
    Pair.objects.update(state="held")

    assert assigning.next_assignments(member=MemberFactory(campaign=campaign)) == []
    assert assigning.next_assignments(member=MemberFactory()) == []


def test_a_machine_takes_no_seat_of_others(campaign, absent):
    machine = MemberFactory(campaign=campaign, kind="machine")

    assigning.next_assignments(member=machine)

    assert assigning.open_count(absent) == 6


@pytest.mark.django_db(transaction=True)
def test_a_seat_that_goes_to_another_at_this_moment_is_not_shown(campaign, absent):
    waiting = MemberFactory(campaign=campaign)

    with transaction.atomic():
        given = {seat.pair_id for seat in assigning.next_assignments(member=waiting, count=2)}
        shown = in_a_thread(lambda: {seat.pair_id for seat in assigning.next_assignments(member=absent, count=6)})

    assert len(given) == 2
    assert shown == {pair.pk for pair in campaign.pairs.all()} - given


@pytest.mark.django_db(transaction=True)
def test_a_seat_that_expires_at_this_moment_does_not_come_with_the_answer_to_a_vote(campaign, absent):
    first, second, third, fourth, *_ = absent.assignments.order_by("pk")
    Assignment.objects.filter(pk=third.pk).update(lease_expires_at=timezone.now() + timedelta(minutes=2))
    answers = {first.pk: Answer({"overall": "a"}, None, "")}

    with transaction.atomic():
        assert assigning.return_expired_seats(now=timezone.now() + timedelta(minutes=3)) == 1
        _, shown = in_a_thread(lambda: write_votes(answers, user_id=absent.user_id, count=3, now=timezone.now()))

    assert [seat.seat_id for seat in shown] == [second.pk, fourth.pk]
