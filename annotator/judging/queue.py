"""The head of a member's queue with all that is shown of it: the SQL that a look at the queue and a vote have in common.

A lease is renewed when it was never shown or less than most of it is left, so that what somebody is looking at stays theirs,
and a vote rewrites one row and not the whole queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from annotator.lib.raw_sql import Columns, RowReader, fetch_prepared
from annotator.models import Assignment, Image, Member, Pair, Prompt

RENEW_BELOW = 0.75  # of the lease

# A member's open assignments, for which there is an index of just these. The order and the bound, which is far more than a
# member ever has, hold the planner to it: it cannot know that few of somebody's many assignments are open.
OPEN_SEATS = """
(SELECT seat.* FROM annotator_assignment seat WHERE seat.member_id = {member} AND seat.state = 'open' ORDER BY seat.id LIMIT 100)
"""

_SEAT = Columns(Assignment, "head")
_PAIR = Columns(Pair, "pair", "id", "campaign", "prompt", "image_a", "image_b", "external_id")
_PROMPT = Columns(Prompt, "prompt", "id", "campaign", "text", "category", "language")
_IMAGE_A = Columns(Image, "image_a", "id", "public_id", "prompt", "width", "height")
_IMAGE_B = Columns(Image, "image_b", "id", "public_id", "prompt", "width", "height")

# Common table expressions after one named `owner`: the id of a member, and the lease of their campaign as an interval. Those
# whom another transaction holds are not renewed: it does that itself, or they have just been answered.
HEAD = f"""
head AS (
    SELECT {Columns(Assignment, "seat").sql}, owner.lease, count(*) OVER () AS queue_length
    FROM owner CROSS JOIN LATERAL {OPEN_SEATS.format(member="owner.id")} seat
    WHERE seat.lease_expires_at > %(now)s::timestamptz AND seat.id IS DISTINCT FROM %(assignment)s::bigint
    ORDER BY seat.id LIMIT %(count)s::int
), stale AS (
    SELECT seat.id, head.lease FROM head JOIN annotator_assignment seat ON seat.id = head.id
    WHERE seat.state = 'open'
      AND (head.shown_at IS NULL OR head.lease_expires_at < %(now)s::timestamptz + {RENEW_BELOW} * head.lease)
    FOR NO KEY UPDATE OF seat SKIP LOCKED
), renewed AS (
    UPDATE annotator_assignment
    SET lease_expires_at = %(now)s::timestamptz + stale.lease, shown_at = coalesce(shown_at, %(now)s::timestamptz)
    FROM stale WHERE annotator_assignment.id = stale.id
)
"""  # noqa: S608 - no value of a user's is in it
COLUMNS = f"{_SEAT.sql}, {_PAIR.sql}, {_PROMPT.sql}, {_IMAGE_A.sql}, {_IMAGE_B.sql}, head.queue_length"
TABLES = """
head
JOIN annotator_pair pair ON pair.id = head.pair_id
JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
JOIN annotator_image image_a ON image_a.id = pair.image_a_id
JOIN annotator_image image_b ON image_b.id = pair.image_b_id
"""
_QUEUE_SQL = f"""
WITH owner AS (
    SELECT member.id, campaign.lease_seconds * interval '1 second' AS lease
    FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
    WHERE member.id = %(member)s::bigint
), {HEAD}
SELECT {COLUMNS} FROM {TABLES} ORDER BY head.id
"""  # noqa: S608


def head_of_queue(member: Member, *, count: int, now: datetime) -> list[Assignment]:
    """The member's `count` oldest open assignments, with pair, prompt, images and `queue_length`; their leases renewed."""
    rows = fetch_prepared(_QUEUE_SQL, {"member": member.pk, "count": count, "now": now, "assignment": None})
    return as_queue(map(RowReader, rows), member, now)


def as_queue(readers: Iterable[RowReader], member: Member, now: datetime) -> list[Assignment]:
    """The assignments in rows whose next columns are COLUMNS."""
    lease = timedelta(seconds=member.campaign.lease_seconds)
    queue = []
    for reader in readers:
        seat, pair, prompt = reader.take(_SEAT), reader.take(_PAIR), reader.take(_PROMPT)
        pair.prompt, pair.image_a, pair.image_b = prompt, reader.take(_IMAGE_A), reader.take(_IMAGE_B)
        seat.pair, seat.member, seat.queue_length = pair, member, reader.take_value()
        if seat.shown_at is None or seat.lease_expires_at < now + RENEW_BELOW * lease:  # what the statement renewed
            seat.lease_expires_at, seat.shown_at = now + lease, seat.shown_at or now
        queue.append(seat)
    return queue
