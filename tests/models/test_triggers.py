"""What has to be scored again is noted by the database, whoever writes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.models import (
    UnscoredAssignment,
    Vote,
)
from tests import factories as make
from tests.models.constraint_cases import change

pytestmark = pytest.mark.django_db


def noted() -> set[int]:
    """The assignments that were noted since the last call."""
    assignments = set(UnscoredAssignment.objects.values_list("assignment_id", flat=True))
    UnscoredAssignment.objects.all().delete()
    return assignments


def test_a_vote_that_is_cast_voided_or_restored_is_noted() -> None:
    vote = make.VoteFactory()
    assert noted() == {vote.assignment_id}
    change(vote, void_reason="undone", voided_at=timezone.now())
    assert noted() == {vote.assignment_id}
    change(vote, void_reason=None, voided_at=None)
    assert noted() == {vote.assignment_id}


def test_a_statement_notes_an_assignment_once_however_many_of_its_votes_it_changes() -> None:
    first = make.VoteFactory()
    question = make.QuestionFactory(campaign=first.campaign, slug="taste", position=1)
    make.VoteFactory(assignment=first.assignment, question=question)
    noted()
    Vote.objects.update(void_reason="undone", voided_at=timezone.now())
    assert list(UnscoredAssignment.objects.values_list("assignment_id", flat=True)) == [first.assignment_id]


def test_all_that_a_member_judged_is_noted_when_they_withdraw_and_when_they_come_back() -> None:
    vote = make.VoteFactory()
    member = vote.assignment.member
    make.AssignmentFactory(member=member)  # still open: there is nothing to score
    noted()
    for state in ("withdrawn", "active"):
        change(member, state=state)
        assert noted() == {vote.assignment_id}


def test_other_changes_to_a_member_note_nothing() -> None:
    member = make.VoteFactory().assignment.member
    noted()
    change(member, state="paused")
    change(member, role="reviewer")
    assert noted() == set()


def test_all_that_a_member_judged_is_noted_when_they_turn_out_to_be_a_machine() -> None:
    vote = make.VoteFactory()
    noted()
    change(vote.assignment.member, kind="machine")
    assert noted() == {vote.assignment_id}
