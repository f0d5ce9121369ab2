"""A day of a person is one row, whose parts are within their wholes."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError

from annotator.models import MemberDay
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 2)


def test_a_person_has_one_row_for_a_day() -> None:
    member = MemberFactory()
    row = MemberDay.objects.create(campaign=member.campaign, member=member, day=DAY, votes=3)
    assert str(row).endswith("on 2026-11-02: 3 votes")
    with pytest.raises(IntegrityError, match="member_day_once"):
        MemberDay.objects.create(campaign=member.campaign, member=member, day=DAY)


@pytest.mark.parametrize(
    "counts",
    [
        {"votes": 1, "votes_void": 2},
        {"gold_count": 1, "gold_right": 2},
        {"repeat_same": 1},
        {"left_count": 1},
        {"agreed_count": 1},
    ],
)
def test_no_part_is_more_than_its_whole(counts: dict[str, int]) -> None:
    member = MemberFactory()
    with pytest.raises(IntegrityError, match="member_day_parts_within_wholes"):
        MemberDay.objects.create(campaign=member.campaign, member=member, day=DAY, **counts)
