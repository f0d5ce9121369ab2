"""A day of a person is one row, whose parts are within their wholes."""

from __future__ import annotations

from datetime import date

import pytest

from annotator.models import Member, MemberDay
from tests.factories import MemberFactory
from tests.models.constraint_cases import Attempts, assert_refused

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 2)


def day(member: Member | None = None, **counts: int) -> MemberDay:
    member = member or MemberFactory()
    return MemberDay.objects.create(campaign=member.campaign, member=member, day=DAY, **counts)


def twice() -> None:
    member = MemberFactory()
    assert str(day(member, votes=3)).endswith("on 2026-11-02: 3 votes")
    day(member)


ATTEMPTS = Attempts({"member_day_once": twice, "member_day_parts_within_wholes": lambda: day(votes=1, votes_void=2)})


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


@pytest.mark.parametrize(
    "counts", [{"gold_count": 1, "gold_right": 2}, {"repeat_same": 1}, {"left_count": 1}, {"agreed_count": 1}]
)
def test_no_part_is_more_than_its_whole(counts: dict[str, int]) -> None:
    assert_refused("member_day_parts_within_wholes", lambda: day(**counts))
