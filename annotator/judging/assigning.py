"""The only taker of seats: fills the members' queues of assignments, serves them, takes back what has expired.

No two transactions can wait for each other here: assignments that another one holds are always skipped, pairs are skipped
when one is wanted and locked in the order of their ids when a seat goes back, and nobody who holds a pair waits for a member.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotator.choices import AssignmentKind, AssignmentState, CampaignState, MemberKind, MemberState
from annotator.errors import NotAllowed
from annotator.judging.eligibility import require_active, require_open, training_is_due
from annotator.judging.gold_and_repeats import Seat, draw_gold_and_repeats, interleave
from annotator.judging.limits import room_for
from annotator.judging.machine_annotators import assign_next
from annotator.judging.queue import OPEN_SEATS, head_of_queue
from annotator.judging.seats import release_assignments
from annotator.lib import metrics
from annotator.lib.raw_sql import fetch_prepared
from annotator.models import Assignment, Member
from annotator.models.material import RING_SIZE

QUEUE_TARGET = 16  # assignments prepared per member
QUEUE_LOW = 6  # a queue this short is filled again
# A worker is asked when a queue gets this short, and once more should the first task be lost; after that the view fills it.
REFILL_AT = (QUEUE_LOW, QUEUE_LOW // 2)
# Rows of the ring read at once. The first window nearly always holds enough; each further one is four times as wide, so
# that somebody who has judged nearly everything still gets through a lap in a few queries.
FIRST_WINDOW = 24
WINDOW_GROWTH = 4
LOOKED_AT_LIMIT = 50_000  # rows in one call; the cursor stays where it got to, and the next call goes on from there

_OPEN_SEATS = OPEN_SEATS.format(member="%(member)s::bigint")
_FREE_SEATS = "pair.state = 'open' AND pair.gold_choice IS NULL AND pair.seats_taken < pair.votes_wanted"

# What a refill goes by, once it holds the member: how many assignments they have before them, how many of theirs are overdue,
# and the priorities that have free seats, highest first, with the place of the member's cursor on each: one step down the
# index for each priority, however many pairs there are.
_FACTS_SQL = f"""
WITH RECURSIVE level AS (
    (SELECT pair.priority FROM annotator_pair pair
     WHERE pair.campaign_id = %(campaign)s::bigint AND {_FREE_SEATS} ORDER BY pair.priority DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT pair.priority FROM annotator_pair pair
            WHERE pair.campaign_id = %(campaign)s::bigint AND {_FREE_SEATS} AND pair.priority < level.priority
            ORDER BY pair.priority DESC LIMIT 1)
    FROM level WHERE level.priority IS NOT NULL
)
SELECT
    (SELECT count(*) FROM {_OPEN_SEATS} seat WHERE seat.lease_expires_at > %(now)s::timestamptz),
    (SELECT count(*) FROM {_OPEN_SEATS} seat WHERE seat.lease_expires_at <= %(now)s::timestamptz),
    level.priority, ring_cursor.ring
FROM (SELECT) nothing
LEFT JOIN level ON level.priority IS NOT NULL
LEFT JOIN annotator_ringcursor ring_cursor
  ON ring_cursor.member_id = %(member)s::bigint AND ring_cursor.priority = level.priority
ORDER BY level.priority DESC
"""  # noqa: S608 - no value of a user's is in it

# The next stretch of the ring: which pairs have a free seat, and what the member has to do with each already. The LIMIT in
# the lateral query makes it one index probe per pair; without it the planner may read all that the member ever judged.
WINDOW_SQL = f"""
SELECT pair.id, pair.ring, seat.id, seat.state
FROM (
    SELECT pair.id, pair.ring FROM annotator_pair pair
    WHERE pair.campaign_id = %(campaign)s::bigint AND pair.priority = %(priority)s::smallint AND {_FREE_SEATS}
      AND pair.ring > %(after)s::int AND pair.ring <= %(up_to)s::int
    ORDER BY pair.ring LIMIT %(limit)s::int
) pair
LEFT JOIN LATERAL (
    SELECT seat.id, seat.state FROM annotator_assignment seat
    WHERE seat.member_id = %(member)s::bigint AND seat.pair_id = pair.id AND seat.kind = 'regular' LIMIT 1
) seat ON true
ORDER BY pair.ring
"""  # noqa: S608

# Those of the candidates that still have a free seat, locked in the order of their ids. Whoever holds one is left alone, or
# waited for.
_LOCK_PAIRS_SQL = f"""
SELECT pair.id, pair.seats_taken, pair.seats_a_on_left FROM annotator_pair pair
WHERE pair.id = ANY (%(pairs)s::bigint[]) AND {_FREE_SEATS} ORDER BY pair.id FOR NO KEY UPDATE
"""  # noqa: S608
_TRY_PAIRS_SQL = f"{_LOCK_PAIRS_SQL} SKIP LOCKED"

# Seats in the order in which they are to be met; the counters of the pairs with regular ones, which are locked; the member's
# balance of sides over these; and how far their cursors got.
_SEAT_SQL = """
WITH taken AS (
    SELECT * FROM unnest(%(pairs)s::bigint[], %(kinds)s::text[], %(sides)s::bool[], %(expired)s::bigint[])
        WITH ORDINALITY AS taken (pair_id, kind, a_on_left, expired_id, place)
), fresh AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, guideline_id, created_at, lease_expires_at)
    SELECT %(campaign)s::bigint, %(member)s::bigint, pair_id, kind, 'open', a_on_left, %(guideline)s::bigint,
           %(now)s::timestamptz, %(lease_expires_at)s::timestamptz
    FROM taken WHERE expired_id IS NULL ORDER BY place
), reopened AS (
    UPDATE annotator_assignment
    SET state = 'open', a_on_left = taken.a_on_left, guideline_id = %(guideline)s::bigint,
        lease_expires_at = %(lease_expires_at)s::timestamptz, shown_at = NULL, closed_at = NULL
    FROM taken WHERE annotator_assignment.id = taken.expired_id
), pair AS (
    UPDATE annotator_pair
    SET seats_taken = seats_taken + 1, seats_a_on_left = seats_a_on_left + taken.a_on_left::int
    FROM taken WHERE annotator_pair.id = taken.pair_id AND taken.kind = 'regular'
), member AS (
    UPDATE annotator_member SET side_balance = %(side_balance)s::int WHERE id = %(member)s::bigint AND EXISTS (SELECT FROM taken)
)
INSERT INTO annotator_ringcursor (member_id, priority, ring)
SELECT %(member)s::bigint, * FROM unnest(%(priorities)s::smallint[], %(rings)s::int[])
ON CONFLICT (member_id, priority) DO UPDATE SET ring = excluded.ring
RETURNING ring
"""


@dataclass
class Refill:
    """One refill of a member's queue, whose row is locked: what it goes by, and what it has got so far.

    The pairs of `seats` are locked. `places` is how far the member's cursors got, by priority.
    """

    member: Member
    wanted: int
    now: datetime
    seats: list[Seat] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        return self.wanted - len(self.seats)


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
    if member.kind == MemberKind.MACHINE:
        return assign_next(member=member, target=QUEUE_TARGET, now=now)
    place = {"member": member.pk, "campaign": member.campaign_id, "now": now}
    facts = fetch_prepared(_FACTS_SQL, place)
    if facts[0][1]:
        # Their own overdue seats come back first: they may well be the only pairs left for them.
        _take_back(Assignment.objects.overdue(now).filter(member=member), now)
        facts = fetch_prepared(_FACTS_SQL, place)
    has = facts[0][0]
    room = room_for(member, now)
    target = QUEUE_TARGET if room is None else min(QUEUE_TARGET, room.votes)
    missing = max(0, target - has)
    extras = draw_gold_and_repeats(member, missing)[: max(0, missing - 1)]
    refill = Refill(member, wanted=missing - len(extras), now=now)
    for *_, priority, ring in facts:
        if refill.missing > 0 and priority is not None:
            _take_from_ring(refill, priority, random.randrange(RING_SIZE) if ring is None else ring)  # noqa: S311
    return _seat(refill, extras)


def _take_from_ring(refill: Refill, priority: int, start: int) -> None:
    """Walk the ring of one priority from the member's cursor, at most once around, locking pairs with free seats on the way."""
    busy: dict[int, int | None] = {}
    has = len(refill.seats)
    refill.places[priority] = start
    for window in _windows(refill.member, priority, start):
        candidates: dict[int, int | None] = {}  # pair to their own expired assignment on it
        for pair_id, ring, assignment_id, state in window:
            if len(candidates) == refill.missing:
                break
            refill.places[priority] = ring
            if state is None or state == AssignmentState.EXPIRED:
                candidates[pair_id] = assignment_id
        if candidates:
            _lock(refill, candidates, _TRY_PAIRS_SQL)
            busy = busy or candidates
        if refill.missing == 0:
            return
    if len(refill.seats) == has and busy:
        # Others hold all of them at this moment. Waiting a moment is better than being told that nothing is left.
        _lock(refill, busy, _LOCK_PAIRS_SQL)


def _windows(member: Member, priority: int, start: int) -> Iterator[list[tuple[int, int, int | None, str | None]]]:
    """Stretches of the ring after `start`, and after the end those from its beginning up to `start`."""
    limit, looked_at = FIRST_WINDOW, 0
    for after, up_to in ((start, RING_SIZE), (-1, start)):
        while looked_at < LOOKED_AT_LIMIT:
            place = {"campaign": member.campaign_id, "priority": priority, "member": member.pk}
            window = fetch_prepared(WINDOW_SQL, place | {"after": after, "up_to": up_to, "limit": limit})
            if window:
                yield window
            if len(window) < limit:
                break
            looked_at += limit
            after = window[-1][1]
            limit *= WINDOW_GROWTH


def _lock(refill: Refill, candidates: dict[int, int | None], lock_sql: str) -> None:
    """Lock the candidates that still have a free seat, and put them down for the member, in the order of the candidates."""
    member = refill.member
    locked = fetch_prepared(lock_sql, {"pairs": list(candidates)})
    free = {pair_id: (seats_taken, seats_a_on_left) for pair_id, seats_taken, seats_a_on_left in locked}
    for pair_id, expired_id in candidates.items():
        if pair_id in free:
            a_on_left = choose_side(*free[pair_id], member.side_balance)
            member.side_balance += 1 if a_on_left else -1
            refill.seats.append(Seat(pair_id, AssignmentKind.REGULAR, a_on_left, expired_id))


def _seat(refill: Refill, extras: list[Seat]) -> int:
    """Give the member the seats, with the extras among them, and move their cursors. Returns how many they get.

    Nobody gets extras alone: where no regular pair is left, the work is done.
    """
    member = refill.member
    if not refill.places:
        return 0
    seats = interleave(refill.seats, extras[: len(refill.seats)])
    fetch_prepared(
        _SEAT_SQL,
        {
            "campaign": member.campaign_id,
            "member": member.pk,
            "pairs": [seat.pair_id for seat in seats],
            "kinds": [seat.kind.value for seat in seats],
            "sides": [seat.a_on_left for seat in seats],
            "expired": [seat.expired_id for seat in seats],
            "guideline": member.campaign.guideline_id,
            "side_balance": member.side_balance,
            "now": refill.now,
            "lease_expires_at": refill.now + timedelta(seconds=member.campaign.lease_seconds),
            "priorities": list(refill.places),
            "rings": list(refill.places.values()),
        },
    )
    return len(seats)


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
    returned = release_assignments(overdue, state=AssignmentState.EXPIRED, now=now)
    if returned:
        transaction.on_commit(partial(metrics.EXPIRED_LEASES.inc, returned), robust=True)
    return returned


@transaction.atomic
def next_assignments(*, member: Member, count: int = 1, now: datetime | None = None) -> list[Assignment]:
    """The member's oldest open assignments, the same until they are answered, skipped or expired; [] when none is left.

    Each comes with its pair, prompt and images loaded, a lease that has most of its time before it, and `queue_length`, the
    number of open assignments of the member. A queue that cannot serve `count` is filled here, so that nobody waits for a
    worker. Raises NotAllowed where the campaign takes no votes, the member may not vote, or has reached a limit
    (limit_per_day, limit_total, limit_share), or has to be trained first (training_due).
    """
    return take_next(member, count, now or timezone.now())


@metrics.ASSIGNMENT_WAIT.time()
def take_next(member: Member, count: int, now: datetime) -> list[Assignment]:
    """As `next_assignments`, within a transaction of the caller's."""
    require_open(member.campaign)
    require_active(member)
    if training_is_due(member):
        raise NotAllowed("Complete the training first. It starts on the campaign's page.", code="training_due")
    room = room_for(member, now)
    if room is not None:
        if room.votes == 0:
            raise NotAllowed(room.detail, code=room.code)
        count = min(count, room.votes)
    queue = head_of_queue(member, count=count, now=now)
    if len(queue) < count:
        if refill_queue(member_id=member.pk, now=now):
            metrics.FALLBACKS.inc()
        # Read again in any case: a worker's refill may have come first, while this one waited for it.
        queue = head_of_queue(member, count=count, now=now)
    return queue


def open_count(member: Member) -> int:
    """How many assignments the member has before them (at most QUEUE_TARGET, so counting is cheap)."""
    return Assignment.objects.open().filter(member=member).count()


def is_low(member: Member) -> bool:
    """Whether the member's queue is to be filled again."""
    return open_count(member) <= QUEUE_LOW
