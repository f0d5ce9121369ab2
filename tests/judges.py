"""Annotators for tests: they take what is next, and judge, skip or leave it as they are told."""

from __future__ import annotations

from collections.abc import Callable

from annotator.judging import assigning, voting
from annotator.models import Assignment, Member, Pair


def judge_all(member: Member, choice: str | Callable[[Assignment], str] = "a") -> list[Assignment]:
    """Answer everything there is for the member. Returns the assignments, in order."""
    answered = []
    while queue := assigning.next_assignments(member=member):
        answered.append(judge(queue[0], choice if isinstance(choice, str) else choice(queue[0])))
    return answered


def judge(assignment: Assignment, choice: str = "a") -> Assignment:
    cast = voting.cast_vote(assignment_id=assignment.pk, by=assignment.member.user, choices={"overall": choice})
    return cast.assignment


def assert_seats_are_true(campaign) -> None:
    """Every counter of a pair equals what it counts."""
    for pair in Pair.objects.filter(campaign=campaign):
        live = pair.assignments.filter(kind="regular", state__in=["open", "answered"])
        assert (pair.seats_taken, pair.seats_a_on_left) == (live.count(), live.filter(a_on_left=True).count())
        assert pair.seats_taken <= pair.votes_wanted
