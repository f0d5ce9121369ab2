"""A member's own answers and counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import VoidReason
from annotator.errors import Invalid
from annotator.judging.own_history import Counts, counts_of, judged_by
from annotator.models import Member
from tests.factories import AssignmentFactory, MemberFactory, VoteFactory
from tests.judging.answered import answered

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return MemberFactory()


def test_it_counts_today_the_week_and_all(member):
    for ago in (timedelta(0), timedelta(days=2), timedelta(days=20)):
        answered(member, ago=ago)
    member.refresh_from_db()

    assert counts_of(member) == Counts(in_all=3, today=1, this_week=2)


def test_pages_follow_each_other_without_a_gap_or_a_repeat(member):
    at = timezone.now()
    seats = [answered(member, at=at) for _ in range(7)]  # all at once, so that the time alone orders nothing

    seen, cursors = [], [""]
    for cursor in cursors:
        found, older = judged_by(member, before=cursor, count=3)
        seen.append([judged.assignment.pk for judged in found])
        if older:
            cursors.append(older)

    assert [len(page) for page in seen] == [3, 3, 1]
    assert [pk for page in seen for pk in page] == [seat.pk for seat in reversed(seats)]


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "-1", "1-x", "9" * 18 + "-1", "1-" + "9" * 19, "١-١", "\0"])
def test_a_cursor_of_nobodys_making_is_refused(member, cursor):
    with pytest.raises(Invalid) as error:
        judged_by(member, before=cursor, count=3)

    assert set(error.value.errors) == {"before"}


def test_it_has_neither_answers_of_others_nor_what_is_open_or_undone(member):
    answered(MemberFactory(campaign=member.campaign))
    answered(MemberFactory(user=member.user))  # in another campaign
    AssignmentFactory(member=member)
    AssignmentFactory(member=member, state="skipped")
    seat = answered(member, "a", a_on_left=True)
    VoteFactory(assignment=seat, choice="b", void_reason=VoidReason.UNDONE, voided_at=timezone.now())

    ((judged,), cursor) = judged_by(member, count=3)

    assert (judged.assignment.pk, cursor) == (seat.pk, "")
    assert [words for _, words in judged.answers] == ["Left is better"]
    assert [(name, is_chosen) for name, _, is_chosen in judged.sides] == [
        ("Left image, your choice", True),
        ("Right image", False),
    ]
