"""Which votes count, as the views `live_vote` and `counted_vote` say it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import VoteFactory

pytestmark = pytest.mark.django_db


def ids_in(view: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {view} ORDER BY id")
        return [id_ for (id_,) in cursor.fetchall()]


@pytest.mark.parametrize(
    ("vote", "is_live", "is_counted"),
    [
        ({}, True, True),
        ({"assignment__member__state": "paused"}, True, True),
        ({"assignment__member__state": "suspended"}, True, True),  # what is void of theirs was voided
        ({"assignment__member__state": "withdrawn"}, False, False),
        ({"assignment__member__kind": "machine", "assignment__kind": "machine"}, True, False),
        ({"assignment__member__kind": "machine"}, True, False),  # was taken for a person once
        ({"assignment__kind": "gold"}, True, False),
        ({"assignment__kind": "repeat"}, True, False),
        ({"assignment__kind": "training"}, True, False),
        ({"void_reason": "undone", "voided_at": timezone.now()}, False, False),
        ({"void_reason": "suspended", "voided_at": timezone.now()}, False, False),
    ],
)
def test_which_votes_count(vote: dict[str, Any], is_live: bool, is_counted: bool) -> None:
    cast = VoteFactory(**vote)
    assert ids_in("live_vote") == [cast.pk] * is_live
    assert ids_in("counted_vote") == [cast.pk] * is_counted


def test_a_vote_is_shown_with_its_seat_and_its_member() -> None:
    cast = VoteFactory(choice="b", elapsed_ms=1200, assignment__a_on_left=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM counted_vote")
        names = [column.name for column in cursor.description]
        shown = dict(zip(names, cursor.fetchone(), strict=True))
    seat = cast.assignment
    assert shown == {
        "id": cast.pk,
        "campaign_id": cast.campaign_id,
        "question_id": cast.question_id,
        "assignment_id": seat.pk,
        "pair_id": seat.pair_id,
        "member_id": seat.member_id,
        "kind": "regular",
        "member_kind": "human",
        "member_state": "active",
        "choice": "b",
        "a_on_left": False,
        "elapsed_ms": 1200,
        "created_at": cast.created_at,
    }
