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

from annotator.choices import AssignmentKind, AssignmentState, CampaignState, MemberKind
from annotator.errors import NotAllowed
from annotator.judging.eligibility import obstacle, require_eligible, training_is_due
from annotator.judging.gold_and_repeats import Seat, draw_gold_and_repeats, interleave
from annotator.judging.limits import room_for
from annotator.judging.machine_annotators import assign_next
from annotator.judging.queue import head_of_queue
from annotator.judging.seats import release_assignments
from annotator.lib import metrics
from annotator.lib.raw_sql import Statement, fetch_prepared, read_statement
from annotator.models import Assignment, Campaign, Member
from annotator.models.pair_seats import RING_SIZE

CLOCK_SLACK = timedelta(seconds=60)  # that the clocks of two machines may differ
QUEUE_TARGET = 16  # assignments prepared per member
QUEUE_LOW = 6  # a queue this short is filled again
# A worker is asked when a queue gets this short, and once more should the first task be lost; after that the view fills it.
REFILL_AT = (QUEUE_LOW, QUEUE_LOW // 2)
# Rows of the ring read at once. The first window nearly always holds enough; each further one is four times as wide, so
# that somebody who has judged nearly everything still gets through a lap in a few queries.
FIRST_WINDOW = 24
WINDOW_GROWTH = 4
LOOKED_AT_LIMIT = 50_000  # rows in one call; the cursor stays where it got to, and the next call goes on from there

FACTS_SQL = read_statement(__file__, "refill_facts")
WINDOW_SQL = read_statement(__file__, "ring_window")
CLAIM_SQL = read_statement(__file__, "claim_pairs")
CLAIM_UNLOCKED_SQL = read_statement(__file__, "claim_pairs_unlocked")
TAKE_SQL = read_statement(__file__, "take_seats")


@dataclass(frozen=True)
class RefillFacts:
    """A row of refill_facts.sql: the member's open assignments, and one priority with free seats; None where there is none."""

    leased: int
    overdue: int
    priority: int | None
    ring: int | None


@dataclass(frozen=True)
class RingPair:
    """A row of ring_window.sql: a pair with a free seat, and the member's regular assignment on it."""

    pair_id: int
    ring: int
    assignment_id: int | None
    state: str | None


@dataclass(frozen=True)
class ClaimedPair:
    """A row of claim_pairs.sql: a locked pair, its live seats, and on how many of them `a` is on the left."""

    pair_id: int
    seats_taken: int
    seats_a_on_left: int


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
    if obstacle(member) is not None:
        return 0
    if member.kind == MemberKind.MACHINE:
        return assign_next(member=member, target=QUEUE_TARGET, now=now)
    place = {"member": member.pk, "campaign": member.campaign_id, "now": now}
    facts = fetch_prepared(FACTS_SQL, place).as_rows(RefillFacts)
    if facts[0].overdue:
        # Their own overdue seats come back first: they may well be the only pairs left for them.
        _take_back(Assignment.objects.overdue(now).filter(member=member), now)
        facts = fetch_prepared(FACTS_SQL, place).as_rows(RefillFacts)
    room = room_for(member, now)
    target = QUEUE_TARGET if room is None else min(QUEUE_TARGET, room.votes)
    missing = max(0, target - facts[0].leased)
    extras = draw_gold_and_repeats(member, missing)[: max(0, missing - 1)]
    refill = Refill(member, wanted=missing - len(extras), now=now)
    for level in facts:
        if refill.missing > 0 and level.priority is not None:
            start = random.randrange(RING_SIZE) if level.ring is None else level.ring  # noqa: S311
            _take_from_ring(refill, level.priority, start)
    return _seat(refill, extras)


def _take_from_ring(refill: Refill, priority: int, start: int) -> None:
    """Walk the ring of one priority from the member's cursor, at most once around, locking pairs with free seats on the way."""
    busy: dict[int, int | None] = {}
    has = len(refill.seats)
    refill.places[priority] = start
    for window in _windows(refill.member, priority, start):
        candidates: dict[int, int | None] = {}  # pair to their own expired assignment on it
        for pair in window:
            if len(candidates) == refill.missing:
                break
            refill.places[priority] = pair.ring
            if pair.state in (None, AssignmentState.EXPIRED):
                candidates[pair.pair_id] = pair.assignment_id
        if candidates:
            _claim(refill, candidates, CLAIM_UNLOCKED_SQL)
            busy = busy or candidates
        if refill.missing == 0:
            return
    if len(refill.seats) == has and busy:
        # Others hold all of them at this moment. Waiting a moment is better than being told that nothing is left.
        _claim(refill, busy, CLAIM_SQL)


def _windows(member: Member, priority: int, start: int) -> Iterator[list[RingPair]]:
    """Stretches of the ring after `start`, and after the end those from its beginning up to `start`."""
    limit, looked_at = FIRST_WINDOW, 0
    for after, up_to in ((start, RING_SIZE), (-1, start)):
        while looked_at < LOOKED_AT_LIMIT:
            place = {"campaign": member.campaign_id, "priority": priority, "member": member.pk}
            parameters = place | {"after": after, "up_to": up_to, "limit": limit}
            window = fetch_prepared(WINDOW_SQL, parameters).as_rows(RingPair)
            if window:
                yield window
            if len(window) < limit:
                break
            looked_at += limit
            after = window[-1].ring
            limit *= WINDOW_GROWTH


def _claim(refill: Refill, candidates: dict[int, int | None], query: Statement) -> None:
    """Lock the candidates that still have a free seat, and put them down for the member, in the order of the candidates."""
    member = refill.member
    claimed = fetch_prepared(query, {"pairs": list(candidates)}).as_rows(ClaimedPair)
    free = {pair.pair_id: pair for pair in claimed}
    for pair_id, expired_id in candidates.items():
        if pair := free.get(pair_id):
            a_on_left = choose_side(pair.seats_taken, pair.seats_a_on_left, member.side_balance)
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
        TAKE_SQL,
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


def renew_leases(*, now: datetime | None = None) -> int:
    """Give every open assignment its whole lease again, after a time in which nobody could answer. Returns how many."""
    now = now or timezone.now()
    return sum(
        Assignment.objects.filter(campaign=campaign, state=AssignmentState.OPEN).update(
            lease_expires_at=now + timedelta(seconds=campaign.lease_seconds)
        )
        for campaign in Campaign.objects.all()
    )


@transaction.atomic
def return_expired_seats(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Take back up to `limit` seats whose lease has run out. Returns how many; a full batch means there may be more."""
    now = now or timezone.now()
    overdue = Assignment.objects.overdue(now).order_by("lease_expires_at").values("pk")[:limit]
    return _take_back(Assignment.objects.overdue(now).filter(pk__in=overdue), now)


@transaction.atomic
def shorten_leases(*, now: datetime | None = None) -> int:
    """Let no lease be longer than one that is given now: some are after the clock was set back, and nobody else could have
    these seats until then. Returns how many were shortened."""
    now = now or timezone.now()
    shortened = 0
    for campaign in Campaign.objects.filter(state=CampaignState.OPEN):
        longest = now + timedelta(seconds=campaign.lease_seconds)
        late = Assignment.objects.open().filter(campaign=campaign, lease_expires_at__gt=longest + CLOCK_SLACK)
        shortened += late.update(lease_expires_at=longest)
    return shortened


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
    require_eligible(member)
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
