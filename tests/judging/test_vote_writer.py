"""What one statement writes of several answers, and what it leaves to others. The refusals are in test_voting.py, the cases of
the page in tests/views/test_fast_path.py."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.judging.vote_writer import ID_LIMIT, Answer, Proof, write_votes
from annotator.models import Vote
from tests.factories import AssignmentFactory, MemberFactory

pytestmark = pytest.mark.django_db

A = Answer({"overall": "a"}, 900, "")


@pytest.fixture
def member():
    return MemberFactory()


def seats_of(member, count):
    return [AssignmentFactory(member=member, pair__campaign=member.campaign) for _ in range(count)]


def write(member, answers, count=0, **more):
    return write_votes(answers, user_id=member.user_id, count=count, now=timezone.now(), **more)


def test_answers_are_written_together_and_what_is_not_right_is_left_out(member):
    seats = seats_of(member, 4)
    wrong = {seats[1].pk: Answer({"overall": "c"}, None, ""), seats[2].pk: Answer({}, None, "")}

    written, _ = write(member, {seats[0].pk: A, **wrong, seats[3].pk: A})

    assert written.answered == [seats[0].pk, seats[3].pk]
    assert written.answered_count == 2
    assert sorted(Vote.objects.values_list("assignment", flat=True)) == written.answered


def test_the_last_one_given_is_the_last_one_answered(member):
    first, second, third = seats_of(member, 3)

    write(member, {second.pk: A, third.pk: A, first.pk: A})

    answered = member.assignments.order_by("closed_at").values_list("pk", flat=True)
    assert list(answered) == [second.pk, third.pk, first.pk]


def test_an_answer_for_another_membership_is_left_out(member):
    mine, theirs = seats_of(member, 1)[0], seats_of(MemberFactory(user=member.user), 1)[0]

    written, _ = write(member, {mine.pk: A, theirs.pk: A})

    assert written.answered == [mine.pk]


@pytest.mark.parametrize(
    "answers", [{}, {ID_LIMIT + 1: A}, {1: Answer({"overall": "a"}, -1, "")}, {1: Answer({}, None, "x" * 2001)}]
)
def test_what_no_row_can_hold_is_not_asked_for(member, answers, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert write(member, answers) is None


def test_the_next_assignments_come_along_with_their_lease_renewed(member):
    seats = seats_of(member, 4)
    member.assignments.update(lease_expires_at=timezone.now() + timedelta(seconds=60))

    written, queue = write(member, {seats[0].pk: A}, count=2)

    assert [seat.seat_id for seat in queue] == [seats[1].pk, seats[2].pk]
    assert {seat.queue_length for seat in queue} == {3}
    left = [(seat.lease_expires_at - timezone.now()).total_seconds() for seat in member.assignments.order_by("pk")]
    assert left[1:] == pytest.approx([written.lease_seconds, written.lease_seconds, 60], abs=30)


def test_a_proof_that_does_not_stand_any_more_writes_nothing(member):
    (seat,) = seats_of(member, 1)
    proof = Proof("no such session", "", member.user.password)

    assert write(member, {seat.pk: A}, proof=proof) is None
    assert not Vote.objects.exists()
