"""The days of a campaign and of its people: what counts, what a suspension made void, and what stays visible of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from annotator.models import Campaign, MemberDay
from annotator.quality.moderation import lift_suspension, suspend_member
from tests.factories import VoteFactory
from tests.scoring.statistics.by_hand import NOON, pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)


def give(member, pair, choice: str, *, at: datetime = NOON, kind: str = "regular", a_on_left: bool = True) -> None:
    seat = {"member": member, "pair": pair, "kind": kind, "state": "answered", "a_on_left": a_on_left}
    VoteFactory(choice=choice, created_at=at, elapsed_ms=4000, **{f"assignment__{name}": value for name, value in seat.items()})


def test_days_and_hours_are_counted(campaign: Campaign) -> None:
    ann, bob, cat = people(campaign, 3)
    pair, gold = pair_of(campaign, seats_taken=3), pair_of(campaign, gold_choice="a")
    yesterday = NOON - timedelta(days=1)
    give(ann, pair, "a", at=yesterday)
    give(bob, pair, "a")
    give(cat, pair, "b", a_on_left=False)
    give(ann, gold, "a", kind="gold")
    give(ann, pair, "b", kind="repeat")

    history = statistics(campaign)["history"]

    first, last = history["days"]
    assert (first["day"], first["votes"], first["annotators"]) == ("2026-11-01", 1, 1)
    assert (last["day"], last["votes"], last["votes_void"], last["annotators"]) == ("2026-11-02", 2, 0, 2)
    assert (last["gold"]["k"], last["gold"]["n"]) == (1, 1)
    assert (last["left"]["k"], last["left"]["n"]) == (2, 2)
    # The others of ann and of bob are one for each image; those of cat agree on the other image.
    assert (first["agreement"]["n"], last["agreement"]["k"], last["agreement"]["n"]) == (0, 0, 1)
    assert [row["votes"] for row in history["hours"]][-1] == 2
    assert sum(row["votes"] for row in history["hours"]) == 3
    assert len(history["hours"]) == 48
    day = MemberDay.objects.get(member=ann, day=date(2026, 11, 2))
    assert (day.votes, day.gold_count, day.gold_right, day.repeat_count, day.repeat_same) == (0, 1, 1, 1, 0)
    assert MemberDay.objects.get(member=cat).elapsed_ms == 4000


def test_a_suspension_takes_votes_from_the_campaign_and_not_from_the_persons_past(campaign: Campaign) -> None:
    ann, bob = people(campaign, 2)
    pair = pair_of(campaign, seats_taken=2, seats_a_on_left=2)
    for member in (ann, bob):
        give(member, pair, "a")
    suspend_member(member=ann, by=None)

    [day] = statistics(campaign)["history"]["days"]

    assert (day["votes"], day["votes_void"], day["annotators"], day["left"]["n"]) == (1, 1, 1, 1)
    row = MemberDay.objects.get(member=ann)
    assert (row.votes, row.votes_void, row.side_count, row.shared_count, row.agreed_count) == (1, 1, 1, 1, 1)
    action = ann.actions.get()
    assert (action.votes, action.pairs_reopened) == (1, 0)
    lift_suspension(member=ann, by=None)
    statistics(campaign)
    assert MemberDay.objects.get(member=ann).votes_void == 0
    assert ann.actions.first().votes == 1


def test_only_rows_that_differ_are_written_and_what_is_gone_goes(campaign: Campaign) -> None:
    [ann] = people(campaign, 1)
    pair = pair_of(campaign, seats_taken=1)
    give(ann, pair, "a")
    statistics(campaign)
    MemberDay.objects.create(campaign=campaign, member=ann, day=date(2026, 1, 1), votes=5)

    statistics(campaign)

    assert [row.day for row in MemberDay.objects.all()] == [date(2026, 11, 2)]
