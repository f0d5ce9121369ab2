"""The head of a member's queue: their oldest open assignments, with all that is shown of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Assignment, Image, Member, Pair, Prompt

RENEW_BELOW = 0.75  # of the lease

_HEAD_SQL = read_statement(__file__, "queue_head")


@dataclass(frozen=True)
class QueuedSeat:
    """A row of queue_head.sql."""

    seat: Assignment
    pair: Pair
    prompt: Prompt
    image_a: Image
    image_b: Image
    queue_length: int


def head_of_queue(member: Member, *, count: int, now: datetime) -> list[Assignment]:
    """The member's `count` oldest open assignments, with pair, prompt, images and `queue_length`; their leases renewed."""
    parameters = {"member": member.pk, "count": count, "now": now, "renew_below": RENEW_BELOW}
    lease = timedelta(seconds=member.campaign.lease_seconds)
    queue = []
    for row in fetch_prepared(_HEAD_SQL, parameters).as_rows(QueuedSeat):
        seat, pair = row.seat, row.pair
        pair.prompt, pair.image_a, pair.image_b = row.prompt, row.image_a, row.image_b
        seat.pair, seat.member, seat.queue_length = pair, member, row.queue_length
        if seat.shown_at is None or seat.lease_expires_at < now + RENEW_BELOW * lease:  # what the statement renewed
            seat.lease_expires_at, seat.shown_at = now + lease, seat.shown_at or now
        queue.append(seat)
    return queue
