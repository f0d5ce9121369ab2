"""Pairs that a member has answered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from annotator.models import Assignment, Member
from tests.factories import AssignmentFactory, VoteFactory


def answered(
    member: Member, choice: str = "a", *, ago: timedelta = timedelta(0), at: datetime | None = None, **more: object
) -> Assignment:
    seat = AssignmentFactory(member=member, state="answered", closed_at=(at or timezone.now()) - ago, **more)
    VoteFactory(assignment=seat, choice=choice)
    Member.objects.filter(pk=member.pk).update(answered_count=member.assignments.filter(state="answered").count())
    return seat
