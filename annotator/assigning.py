"""The only taker of seats: fills the members' queues of assignments, serves them, takes back what has expired.

No two transactions can wait for each other here: assignments that another one holds are always skipped, pairs are skipped
when one is wanted and locked in the order of their ids when a seat goes back, and nobody who holds a pair waits for a member.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator import metrics
from annotator.campaigns import current_guideline, require_open
from annotator.choices import AssignmentKind, AssignmentState, CampaignState, MemberState
from annotator.errors import NotAllowed
from annotator.limits import room_for
from annotator.models import Assignment, Campaign, Image, Member, Pair, Prompt, RingCursor
from annotator.models.material import RING_SIZE
from annotator.rows import Columns, Reader
from annotator.seats import give_back

QUEUE_TARGET = 10  # assignments prepared per member
QUEUE_LOW = 4  # a queue this short is filled again
# Rows of the ring read at once. The first window nearly always holds enough; each further one is four times as wide, so
# that somebody who has judged nearly everything still gets through a lap in a few queries.
FIRST_WINDOW = 4 * QUEUE_TARGET
WINDOW_GROWTH = 4
LOOKED_AT_LIMIT = 50_000  # rows in one call; the cursor stays where it got to, and the next call goes on from there

_FREE_SEATS = "pair.state = 'open' AND pair.gold_choice IS NULL AND pair.seats_taken < pair.votes_wanted"

# The priorities that have free seats, highest first: one step down the index for each, however many pairs there are.
_PRIORITIES_SQL = f"""
WITH RECURSIVE level AS (
    (SELECT pair.priority FROM annotator_pair pair
     WHERE pair.campaign_id = %(campaign)s AND {_FREE_SEATS} ORDER BY pair.priority DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT pair.priority FROM annotator_pair pair
            WHERE pair.campaign_id = %(campaign)s AND {_FREE_SEATS} AND pair.priority < level.priority
            ORDER BY pair.priority DESC LIMIT 1)
    FROM level WHERE level.priority IS NOT NULL
)
SELECT priority FROM level WHERE priority IS NOT NULL
"""  # noqa: S608 - no value of a user's is in it

# The next stretch of the ring: which pairs have a free seat, and what the member has to do with each already. The LIMIT in
# the lateral query makes it one index probe per pair; without it the planner may read all that the member ever judged.
_WINDOW_SQL = f"""
SELECT pair.id, pair.ring, seat.id, seat.state
FROM (
    SELECT pair.id, pair.ring FROM annotator_pair pair
    WHERE pair.campaign_id = %(campaign)s AND pair.priority = %(priority)s AND {_FREE_SEATS}
      AND pair.ring > %(after)s AND pair.ring <= %(up_to)s
    ORDER BY pair.ring LIMIT %(limit)s
) pair
LEFT JOIN LATERAL (
    SELECT seat.id, seat.state FROM annotator_assignment seat
    WHERE seat.member_id = %(member)s AND seat.pair_id = pair.id AND seat.kind = 'regular' LIMIT 1
) seat ON true
ORDER BY pair.ring
"""  # noqa: S608


_SEAT = Columns(Assignment, "seat")
_PAIR = Columns(Pair, "pair", "id", "campaign", "prompt", "image_a", "image_b", "external_id")
_PROMPT = Columns(Prompt, "prompt", "id", "campaign", "text", "category", "language")
_IMAGE_A = Columns(Image, "image_a", "id", "public_id", "prompt", "width", "height")
_IMAGE_B = Columns(Image, "image_b", "id", "public_id", "prompt", "width", "height")

# The head of a member's queue with all that is shown of it. A lease is renewed when it was never shown or less than most of
# it is left, so that what somebody is looking at stays theirs, and a vote rewrites one row and not the whole queue.
RENEW_BELOW = 0.75
_QUEUE_SQL = f"""
WITH seat AS (
    SELECT {_SEAT.sql}, count(*) OVER () AS queue_length FROM annotator_assignment seat
    WHERE seat.member_id = %(member)s AND seat.state = 'open' AND seat.lease_expires_at > %(now)s
    ORDER BY seat.id LIMIT %(count)s
), renewed AS (
    UPDATE annotator_assignment SET lease_expires_at = %(renewed)s, shown_at = coalesce(seat.shown_at, %(now)s)
    FROM seat WHERE annotator_assignment.id = seat.id AND annotator_assignment.state = 'open'
      AND (seat.shown_at IS NULL OR seat.lease_expires_at < %(renew_before)s)
)
SELECT {_SEAT.sql}, {_PAIR.sql}, {_PROMPT.sql}, {_IMAGE_A.sql}, {_IMAGE_B.sql}, seat.queue_length
FROM seat
JOIN annotator_pair pair ON pair.id = seat.pair_id
JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id
JOIN annotator_image image_a ON image_a.id = pair.image_a_id
JOIN annotator_image image_b ON image_b.id = pair.image_b_id
ORDER BY seat.id
"""  # noqa: S608


@dataclass(frozen=True)
class Candidate:
    """A pair with a free seat that the member may take; `expired_id` is their own expired assignment on it, to be reopened."""

    pair_id: int
    expired_id: int | None


@metrics.REFILL_SECONDS.time()
@transaction.atomic
def refill_queue(*, member_id: int, now: datetime | None = None) -> int:
    """Take seats until the member has QUEUE_TARGET open assignments, or none is left. Returns how many were taken.

    Does nothing for a member or a campaign that is not active. Safe to run at any time and any number of times: the lock on
    the member makes one refill wait for the other, and the second finds the queue full.
    """
    now = now or timezone.now()
    member = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign").get(pk=member_id)
    if member.state != MemberState.ACTIVE or member.campaign.state != CampaignState.OPEN:
        return 0
    # Their own overdue seats come back first: they may well be the only pairs left for them.
    _take_back(Assignment.objects.overdue(now).filter(member=member), now)
    has = open_count(member)
    room = room_for(member, now)
    missing = (QUEUE_TARGET if room is None else min(QUEUE_TARGET, room.votes)) - has
    taken = 0
    for priority in _priorities(member.campaign):
        if taken >= missing:
            break
        taken += _take_from_ring(member, priority, missing - taken, now)
    return taken


def _priorities(campaign: Campaign) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_PRIORITIES_SQL, {"campaign": campaign.pk})
        return [priority for (priority,) in cursor.fetchall()]


def _take_from_ring(member: Member, priority: int, wanted: int, now: datetime) -> int:
    """Walk the ring of one priority from the member's cursor, at most once around, taking free seats on the way."""
    cursor, _ = RingCursor.objects.get_or_create(member=member, priority=priority, defaults={"ring": random.randrange(RING_SIZE)})  # noqa: S311
    taken = 0
    busy: list[Candidate] = []
    position = cursor.ring
    for window in _windows(member, priority, cursor.ring):
        candidates: list[Candidate] = []
        for pair_id, ring, assignment_id, state in window:
            if len(candidates) == wanted - taken:
                break
            position = ring
            if state is None or state == AssignmentState.EXPIRED:
                candidates.append(Candidate(pair_id, assignment_id))
        if candidates:
            taken += _take_seats(member, candidates, now)
            busy = busy or candidates
        if taken >= wanted:
            break
    if not taken and busy:
        # Others hold all of them at this moment. Waiting a moment is better than being told that nothing is left.
        taken = _take_seats(member, busy, now, skip_locked=False)
    if position != cursor.ring:
        cursor.ring = position
        cursor.save(update_fields=["ring"])
    return taken


def _windows(member: Member, priority: int, start: int) -> Iterator[list[tuple[int, int, int | None, str | None]]]:
    """Stretches of the ring after `start`, and after the end those from its beginning up to `start`."""
    limit, looked_at = FIRST_WINDOW, 0
    for after, up_to in ((start, RING_SIZE), (-1, start)):
        while looked_at < LOOKED_AT_LIMIT:
            with connection.cursor() as cursor:
                cursor.execute(
                    _WINDOW_SQL,
                    {
                        "campaign": member.campaign_id,
                        "priority": priority,
                        "member": member.pk,
                        "after": after,
                        "up_to": up_to,
                        "limit": limit,
                    },
                )
                window = cursor.fetchall()
            if window:
                yield window
            if len(window) < limit:
                break
            looked_at += limit
            after = window[-1][1]
            limit *= WINDOW_GROWTH


def _take_seats(member: Member, candidates: list[Candidate], now: datetime, *, skip_locked: bool = True) -> int:
    """Lock the candidates that are still free, and seat the member on them, in ring order.

    Those that somebody else holds are left out, or waited for in the order of their ids, as everywhere. Returns how many
    seats were taken.
    """
    free = {
        pair.pk: pair
        for pair in Pair.objects.circulating()
        .filter(pk__in=[candidate.pair_id for candidate in candidates], seats_taken__lt=F("votes_wanted"))
        .select_for_update(no_key=True, skip_locked=skip_locked)
        .order_by("pk")
    }
    guideline = current_guideline(member.campaign)
    lease_expires_at = now + timedelta(seconds=member.campaign.lease_seconds)
    fresh: list[Assignment] = []
    reopened: list[Assignment] = []
    pairs_by_side: dict[bool, list[int]] = defaultdict(list)
    for candidate in candidates:
        pair = free.get(candidate.pair_id)
        if pair is None:
            continue
        a_on_left = choose_side(pair.seats_taken, pair.seats_a_on_left, member.side_balance)
        member.side_balance += 1 if a_on_left else -1
        pairs_by_side[a_on_left].append(pair.pk)
        assignment = Assignment(
            pk=candidate.expired_id,
            member=member,
            pair=pair,
            kind=AssignmentKind.REGULAR,
            state=AssignmentState.OPEN,
            a_on_left=a_on_left,
            guideline=guideline,
            lease_expires_at=lease_expires_at,
        )
        (fresh if candidate.expired_id is None else reopened).append(assignment)
    Assignment.objects.bulk_create(fresh)
    if reopened:
        fields = ["state", "a_on_left", "guideline", "lease_expires_at", "shown_at", "closed_at"]
        Assignment.objects.bulk_update(reopened, fields)
    if fresh or reopened:
        Pair.objects.filter(pk__in=pairs_by_side[True]).update(
            seats_taken=F("seats_taken") + 1, seats_a_on_left=F("seats_a_on_left") + 1
        )
        Pair.objects.filter(pk__in=pairs_by_side[False]).update(seats_taken=F("seats_taken") + 1)
        member.save(update_fields=["side_balance"])
    return len(fresh) + len(reopened)


def choose_side(seats_taken: int, seats_a_on_left: int, side_balance: int) -> bool:
    """Whether `a` goes on the left of the next seat: what balances the pair, else the annotator, else a coin."""
    if 2 * seats_a_on_left != seats_taken:
        return 2 * seats_a_on_left < seats_taken
    if side_balance != 0:
        return side_balance < 0
    return random.random() < 0.5  # noqa: S311 - nothing secret hangs on it


@transaction.atomic
def return_expired_seats(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Take back up to `limit` seats whose lease has run out. Returns how many; a full batch means there may be more."""
    now = now or timezone.now()
    overdue = Assignment.objects.overdue(now).order_by("lease_expires_at").values("pk")[:limit]
    return _take_back(Assignment.objects.overdue(now).filter(pk__in=overdue), now)


def _take_back(overdue: QuerySet[Assignment], now: datetime) -> int:
    returned = give_back(overdue, state=AssignmentState.EXPIRED, now=now)
    if returned:
        transaction.on_commit(partial(metrics.EXPIRED_LEASES.inc, returned), robust=True)
    return returned


@transaction.atomic
def next_assignments(*, member: Member, count: int = 1, now: datetime | None = None) -> list[Assignment]:
    """The member's oldest open assignments, the same until they are answered, skipped or expired; [] when none is left.

    Each comes with its pair, prompt and images loaded, a lease that has most of its time before it, and `queue_length`, the
    number of open assignments of the member. A queue that cannot serve `count` is filled here, so that nobody waits for a
    worker. Raises NotAllowed where the campaign takes no votes, the member may not vote, or has reached a limit
    (limit_per_day, limit_total, limit_share).
    """
    return take_next(member, count, now or timezone.now())


@metrics.ASSIGNMENT_WAIT.time()
def take_next(member: Member, count: int, now: datetime) -> list[Assignment]:
    """As `next_assignments`, within a transaction of the caller's."""
    require_open(member.campaign)
    require_active(member)
    room = room_for(member, now)
    if room is not None:
        if room.votes == 0:
            raise NotAllowed(room.detail, code=room.code)
        count = min(count, room.votes)
    queue = _queue(member, count, now)
    if len(queue) < count:
        if refill_queue(member_id=member.pk, now=now):
            metrics.FALLBACKS.inc()
        # Read again in any case: a worker's refill may have come first, while this one waited for it.
        queue = _queue(member, count, now)
    return queue


def _queue(member: Member, count: int, now: datetime) -> list[Assignment]:
    lease = timedelta(seconds=member.campaign.lease_seconds)
    renew_before = now + RENEW_BELOW * lease
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUE_SQL,
            {"member": member.pk, "now": now, "count": count, "renewed": now + lease, "renew_before": renew_before},
        )
        rows = cursor.fetchall()
    queue = []
    for row in rows:
        reader = Reader(row)
        seat, pair, prompt = reader.take(_SEAT), reader.take(_PAIR), reader.take(_PROMPT)
        pair.prompt, pair.image_a, pair.image_b = prompt, reader.take(_IMAGE_A), reader.take(_IMAGE_B)
        seat.pair, seat.member, seat.queue_length = pair, member, reader.take_value()
        if seat.shown_at is None or seat.lease_expires_at < renew_before:  # what the statement renewed
            seat.lease_expires_at, seat.shown_at = now + lease, seat.shown_at or now
        queue.append(seat)
    return queue


def open_count(member: Member) -> int:
    """How many assignments the member has before them (at most QUEUE_TARGET, so counting is cheap)."""
    return Assignment.objects.open().filter(member=member).count()


def is_low(member: Member) -> bool:
    """Whether the member's queue is to be filled again."""
    return open_count(member) <= QUEUE_LOW


def require_active(member: Member) -> None:
    """Raises NotAllowed, in words for the annotator, unless the member may vote."""
    if member.state != MemberState.ACTIVE:
        raise NotAllowed(
            f"Your membership of this campaign is {member.get_state_display().lower()}. Its managers can tell you more.",
            code=f"member_{member.state}",
        )
