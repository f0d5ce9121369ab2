"""What is mixed in among the regular pairs of a queue: gold pairs, and the annotator's own earlier pairs once more.

Which place of a queue gets one is drawn for each place by itself, so that nobody can count on the next. What was drawn and
cannot be had, because no such pair is left for the annotator, is a regular pair instead.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotator.choices import AssignmentKind
from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import Member
from annotator.models.pair_seats import RING_SIZE

# Gold pairs after a place on their ring that the member has not met in any way but by a lease that ran out. The side that
# `a` had last with anybody says which it has now, so that the sides of a gold pair are balanced too.
_GOLD_SQL = statement("""
SELECT pair.id AS pair_id, seat.id AS expired_id,
       (SELECT last.a_on_left FROM annotator_assignment last WHERE last.pair_id = pair.id AND last.kind = 'gold'
        ORDER BY last.id DESC LIMIT 1) AS last_a_on_left
FROM annotator_pair_seats pair
JOIN annotator_pair shown ON shown.id = pair.id
LEFT JOIN LATERAL (
    SELECT seat.id, seat.kind, seat.state FROM annotator_assignment seat
    WHERE seat.member_id = %(member)s::bigint AND seat.pair_id = pair.id ORDER BY seat.kind = 'gold' LIMIT 1
) seat ON true
WHERE pair.campaign_id = %(campaign)s::bigint AND pair.line = 'gold' AND pair.rank = 0 AND pair.state = 'open'
  AND shown.gold_use = 'check' AND shown.gold_in_review_since IS NULL
  AND pair.ring > %(after)s::int AND pair.ring <= %(up_to)s::int
  AND (seat.id IS NULL OR (seat.kind = 'gold' AND seat.state = 'expired'))
ORDER BY pair.ring LIMIT %(count)s::int
""")

# How far back the member's answers must lie to come again, and where they begin: two looks at the ends of an index.
_EARLIER_SQL = statement("""
WITH question AS (SELECT id FROM annotator_question WHERE campaign_id = %(campaign)s::bigint AND position = 0)
SELECT (SELECT vote.created_at FROM annotator_vote vote
        WHERE vote.member_id = %(member)s::bigint AND vote.void_reason IS NULL AND vote.question_id = (SELECT id FROM question)
        ORDER BY vote.created_at LIMIT 1) AS first,
       (SELECT vote.created_at FROM annotator_vote vote
        WHERE vote.member_id = %(member)s::bigint AND vote.void_reason IS NULL AND vote.question_id = (SELECT id FROM question)
        ORDER BY vote.created_at DESC OFFSET %(votes_between)s::int LIMIT 1) AS last
""")
# The first of the member's regular answers from a moment that did not come again yet.
_REPEAT_SQL = statement("""
SELECT seat.pair_id, seat.a_on_left
FROM annotator_vote vote JOIN annotator_assignment seat ON seat.id = vote.assignment_id
JOIN annotator_pair_seats pair ON pair.id = seat.pair_id
WHERE vote.member_id = %(member)s::bigint AND vote.void_reason IS NULL AND seat.state = 'answered' AND seat.kind = 'regular'
  AND vote.created_at >= %(since)s::timestamptz AND vote.created_at <= %(until)s::timestamptz AND pair.state <> 'held'
  AND NOT EXISTS (SELECT FROM annotator_assignment again
                  WHERE again.member_id = seat.member_id AND again.pair_id = seat.pair_id AND again.kind = 'repeat')
ORDER BY vote.created_at LIMIT 1
""")


@dataclass(frozen=True)
class GoldPair:
    """A gold pair that the member may get, their expired assignment on it, and the side that `a` had last with anybody."""

    pair_id: int
    expired_id: int | None
    last_a_on_left: bool | None


@dataclass(frozen=True)
class Span:
    """When the answers were given that may come again. None where there are none."""

    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class EarlierAnswer:
    pair_id: int
    a_on_left: bool


@dataclass(frozen=True)
class Seat:
    """A place on a pair that the member is to get. `expired_id` is an expired assignment of theirs, to be reopened."""

    pair_id: int
    kind: AssignmentKind
    a_on_left: bool
    expired_id: int | None = None


def draw_gold_and_repeats(member: Member, places: int) -> list[Seat]:
    """The gold pairs and repeats among the next so many places of the member's queue."""
    campaign = member.campaign
    drawn = [random.random() for _ in range(places)]  # noqa: S311 - nothing secret hangs on it
    gold = sum(place < campaign.gold_rate for place in drawn)
    repeats = sum(campaign.gold_rate <= place < campaign.gold_rate + campaign.repeat_rate for place in drawn)
    return [
        *(gold_for(member, gold) if gold else []),
        *(repeats_for(member, repeats, votes_between=campaign.repeat_after) if repeats else []),
    ]


def gold_for(member: Member, count: int) -> list[Seat]:
    """Up to `count` gold pairs that the member has not met, from a random place on the ring."""
    start = random.randrange(RING_SIZE)  # noqa: S311
    found: list[Seat] = []
    for after, up_to in ((start, RING_SIZE), (-1, start)):
        if len(found) == count:
            break
        place = {"member": member.pk, "campaign": member.campaign_id, "after": after, "up_to": up_to}
        for pair in fetch_prepared(_GOLD_SQL, place | {"count": count - len(found)}).as_rows(GoldPair):
            a_on_left = _coin() if pair.last_a_on_left is None else not pair.last_a_on_left
            found.append(Seat(pair.pair_id, AssignmentKind.GOLD, a_on_left, pair.expired_id))
    return found


def repeats_for(member: Member, count: int, *, votes_between: int) -> list[Seat]:
    """Up to `count` pairs that the member judged before at least `votes_between` other votes, with their sides swapped."""
    whose = {"member": member.pk, "campaign": member.campaign_id}
    [span] = fetch_prepared(_EARLIER_SQL, whose | {"votes_between": votes_between}).as_rows(Span)
    if span.first is None or span.last is None:
        return []
    found: dict[int, Seat] = {}
    for _ in range(count):
        since = _moment_between(span.first, span.last)
        rows = fetch_prepared(_REPEAT_SQL, {"member": member.pk, "since": since, "until": span.last}).as_rows(EarlierAnswer)
        found |= {row.pair_id: Seat(row.pair_id, AssignmentKind.REPEAT, not row.a_on_left) for row in rows}
    return list(found.values())


def _moment_between(first: datetime, last: datetime) -> datetime:
    return first + timedelta(seconds=random.random() * (last - first).total_seconds())  # noqa: S311


def _coin() -> bool:
    return random.random() < 0.5  # noqa: S311
