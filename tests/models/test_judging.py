"""Assignments, votes and flags: what the database refuses, and which are open, overdue or live."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotator.models import (
    Assignment,
    ServerEpoch,
    Vote,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, check_at_once, delete

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "assignment_kind_known": lambda: make.AssignmentFactory(kind="bonus"),
        "assignment_state_known": lambda: make.AssignmentFactory(state="lost"),
        "assignment_closed_at_says_when": lambda: make.AssignmentFactory(state="answered", closed_at=None),
        "assignment_never_deleted": lambda: delete(make.AssignmentFactory()),
        "assignment_seat_is_fixed": lambda: change(make.AssignmentFactory(), member=make.MemberFactory()),
        "vote_choice_known": lambda: make.VoteFactory(choice="left"),
        "vote_void_reason_known": lambda: change(make.VoteFactory(), void_reason="bored", voided_at=timezone.now()),
        "vote_conditions_are_a_small_object": lambda: make.VoteFactory(conditions=["folded"]),
        "vote_void_has_reason_and_time": lambda: change(make.VoteFactory(), void_reason="undone"),
        "vote_never_deleted": lambda: delete(make.VoteFactory()),
        "vote_answer_is_fixed": lambda: change(make.VoteFactory(choice="a"), choice="b"),
        "flag_reason_known": lambda: make.FlagFactory(reason="ugly"),
        "flag_resolution_has_time": lambda: change(make.FlagFactory(), resolved_by=make.UserFactory()),
        "flag_never_deleted": lambda: delete(make.FlagFactory()),
        "lineage_is_one": lambda: ServerEpoch.objects.create(pk=2, server="another"),
        "assignment_member_in_campaign": lambda: check_at_once(
            lambda: make.AssignmentFactory(pair=(pair := make.PairFactory()), campaign=pair.campaign)
        ),
        "assignment_pair_in_campaign": lambda: check_at_once(lambda: make.AssignmentFactory(pair=make.PairFactory())),
        "assignment_guideline_in_campaign": lambda: check_at_once(
            lambda: make.AssignmentFactory(guideline=make.GuidelineFactory())
        ),
        "vote_assignment_of_member": lambda: check_at_once(
            lambda: make.VoteFactory(member=make.MemberFactory(campaign=(campaign := make.CampaignFactory())), campaign=campaign)
        ),
        "vote_question_in_campaign": lambda: check_at_once(lambda: make.VoteFactory(question=make.QuestionFactory())),
        "flag_assignment_in_campaign": lambda: check_at_once(lambda: make.FlagFactory(campaign=make.CampaignFactory())),
    }
)


@ATTEMPTS.refused_by("assignment_once_per_member_and_pair")
def _() -> None:
    seat = make.AssignmentFactory(state="skipped")
    make.AssignmentFactory(member=seat.member, pair=seat.pair)


@ATTEMPTS.refused_by("vote_one_live_per_assignment_and_question")
def _() -> None:
    vote = make.VoteFactory(choice="a")
    make.VoteFactory(assignment=vote.assignment, choice="a")


@ATTEMPTS.refused_by("assignment_machine_once_per_member_and_pair")
def _() -> None:
    seat = make.AssignmentFactory(kind="machine")
    make.AssignmentFactory(kind="machine", member=seat.member, pair=seat.pair)


@pytest.mark.parametrize("kind", ["regular", "gold", "repeat", "machine"])
def test_of_each_kind_a_member_has_one_on_a_pair(kind: str) -> None:
    seat = make.AssignmentFactory(kind=kind)
    with pytest.raises(DatabaseError, match="once_per_member_and_pair"), transaction.atomic():
        make.AssignmentFactory(kind=kind, member=seat.member, pair=seat.pair)


def test_training_and_another_kind_may_come_on_the_same_pair() -> None:
    seat = make.AssignmentFactory(kind="training")
    make.AssignmentFactory(kind="training", member=seat.member, pair=seat.pair)
    make.AssignmentFactory(kind="gold", member=seat.member, pair=seat.pair)
    assert seat.pair.assignments.count() == 3


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_an_assignment_cannot_bring_two_campaigns_together():
    """Neither of them can be the one it says it is of."""
    member, pair = make.MemberFactory(), make.PairFactory()
    for campaign, refused_by in ((pair.campaign, "assignment_member"), (member.campaign, "assignment_pair")):
        with pytest.raises(DatabaseError, match=f"{refused_by}_in_campaign"), transaction.atomic():
            check_at_once(lambda campaign=campaign: make.AssignmentFactory(campaign=campaign, member=member, pair=pair))


def test_a_vote_cannot_be_on_the_question_of_another_campaign():
    seat, question = make.AssignmentFactory(state="answered"), make.QuestionFactory()
    for campaign, refused_by in (
        (seat.campaign, "vote_question_in_campaign"),
        (question.campaign, "vote_assignment_of_member"),
    ):
        with pytest.raises(DatabaseError, match=refused_by), transaction.atomic():
            check_at_once(lambda campaign=campaign: make.VoteFactory(campaign=campaign, assignment=seat, question=question))


def test_a_vote_can_be_voided_and_cast_again() -> None:
    vote = make.VoteFactory()
    change(vote, void_reason="undone", voided_at=timezone.now())
    again = make.VoteFactory(assignment=vote.assignment)
    assert list(Vote.objects.live()) == [again]


def test_a_flag_can_be_resolved_and_an_assignment_can_run_out() -> None:
    change(make.FlagFactory(), resolved_at=timezone.now())
    seat = make.AssignmentFactory()
    change(seat, state="expired", closed_at=timezone.now() + timedelta(seconds=1))
    assert not Assignment.objects.open().exists()


def test_an_open_assignment_is_leased_until_its_lease_ends_and_then_overdue() -> None:
    seat = make.AssignmentFactory()
    make.AssignmentFactory(state="answered", lease_expires_at=seat.lease_expires_at)
    before = seat.lease_expires_at - timedelta(seconds=1)
    assert list(Assignment.objects.open()) == [seat]
    assert (list(Assignment.objects.leased(before)), list(Assignment.objects.overdue(before))) == ([seat], [])
    at_the_end = seat.lease_expires_at
    assert (list(Assignment.objects.leased(at_the_end)), list(Assignment.objects.overdue(at_the_end))) == ([], [seat])


def test_a_changed_vote_has_the_number_of_the_transaction_whatever_is_written_there() -> None:
    vote = make.VoteFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE annotator_vote SET changed_in = '1' WHERE id = %s RETURNING changed_in = pg_current_xact_id()", [vote.pk]
        )
        assert cursor.fetchone() == (True,)
