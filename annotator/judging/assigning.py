"""The only taker of seats: fills the members' queues of assignments, serves them, takes back what has expired.

No two transactions can wait for each other here: assignments that another one holds are always skipped, pairs are skipped
when one is wanted and locked in the order of their ids when a seat goes back, and nobody who holds a pair waits for a member.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import AssignmentState, CampaignState, MemberKind
from annotator.errors import NotAllowed
from annotator.judging.eligibility import obstacle, require_eligible, training_is_due
from annotator.judging.gold_and_repeats import Seat, draw_gold_and_repeats
from annotator.judging.last_seats import hand_over
from annotator.judging.limits import room_for
from annotator.judging.machine_annotators import assign_next
from annotator.judging.queue import head_of_queue
from annotator.judging.seats import release_assignments
from annotator.lib import metrics
from annotator.lib.raw_sql import Statement, fetch_prepared, read_statement
from annotator.models import Assignment, Campaign, Member
from annotator.models.pair_seats import RING_SIZE

CLOCK_SLACK = timedelta(seconds=60)  # that the clocks of two machines may differ
# Assignments prepared per member. A longer queue is filled less often, and what is prepared for one may be missing for another:
# last_seats.py.
QUEUE_TARGET = 32
QUEUE_LOW = 6  # a queue this short is filled again
# Pairs of the ring that are looked at in one stretch, beyond what is wanted. The first nearly always holds enough; each further
# one is four times as wide, so that somebody who has judged nearly everything still gets through a lap in a few queries.
FIRST_WINDOW = 24
WINDOW_GROWTH = 4
LOOKED_AT_LIMIT = 50_000  # rows in one call; the cursor stays where it got to, and the next call goes on from there
ABOVE_ALL = 2**15  # more than any priority

LOCK_SQL = read_statement(__file__, "lock_member")
LENGTH_SQL = read_statement(__file__, "queue_length")
REFILL_SQL = read_statement(__file__, "refill")
REFILL_WAITING_SQL = Statement(REFILL_SQL.text.replace(" SKIP LOCKED", ""), REFILL_SQL.names)


@dataclass(frozen=True)
class Locked:
    """The row of lock_member.sql: the columns that a refill goes by."""

    member: Member
    campaign: Campaign


@dataclass(frozen=True)
class QueueLength:
    """The row of queue_length.sql."""

    leased: int
    overdue: int


@dataclass(frozen=True)
class Stretch:
    """The row of refill.sql: which stretch of which ring was walked, and how many seats were taken of it."""

    priority: int
    start: int
    reached: int
    looked_at: int
    candidates: int
    regular: int
    extras: int


@dataclass
class Refill:
    """One refill of a member's queue, whose row is locked: the regular seats that are still wanted, and what goes among them."""

    member: Member
    wanted: int
    extras: list[Seat]
    now: datetime
    taken: int = 0
    looked_at: int = 0

    def walk(self, query: Statement, **place: int | None) -> Stretch | None:
        """One stretch of the ring; None where no priority below has free seats."""
        campaign = self.member.campaign
        parameters = {
            "campaign": campaign.pk,
            "member": self.member.pk,
            "wanted": self.wanted,
            "anywhere": random.randrange(RING_SIZE),  # noqa: S311 - nothing secret hangs on it
            "pairs": [seat.pair_id for seat in self.extras],
            "kinds": [seat.kind.value for seat in self.extras],
            "sides": [seat.a_on_left for seat in self.extras],
            "expired": [seat.expired_id for seat in self.extras],
            "guideline": campaign.guideline_id,
            "now": self.now,
            "lease_expires_at": self.now + timedelta(seconds=campaign.lease_seconds),
        }
        for stretch in fetch_prepared(query, parameters | place).as_rows(Stretch):
            self.wanted -= stretch.regular
            self.extras = self.extras[stretch.extras :]
            self.taken += stretch.regular + stretch.extras
            self.looked_at += stretch.looked_at
            return stretch
        return None


@metrics.REFILL_SECONDS.time()
@transaction.atomic
def refill_queue(*, member_id: int, now: datetime | None = None) -> int:
    """Take seats until the member has QUEUE_TARGET open assignments, or none is left. Returns how many were taken.

    Does nothing for a member or a campaign that is not active. Safe to run at any time and any number of times: the lock on
    the member makes one refill wait for the other, and the second finds the queue full.
    """
    now = now or timezone.now()
    found = fetch_prepared(LOCK_SQL, {"member": member_id}).first(Locked)
    member = found.member
    member.campaign = found.campaign
    if obstacle(member) is not None:
        return 0
    if member.kind == MemberKind.MACHINE:
        return assign_next(member=member, target=QUEUE_TARGET, now=now)
    queue = _length_of_queue(member, now)
    if queue.overdue:
        # Their own overdue seats come back first: they may well be the only pairs left for them.
        _take_back(Assignment.objects.overdue(now).filter(member=member), now)
        queue = _length_of_queue(member, now)
    room = room_for(member, now)
    target = QUEUE_TARGET if room is None else min(QUEUE_TARGET, room.votes)
    missing = max(0, target - queue.leased)
    if missing == 0:
        return 0
    extras = draw_gold_and_repeats(member, missing)[: missing - 1]
    refill = Refill(member, missing - len(extras), random.sample(extras, len(extras)), now)
    below: int | None = ABOVE_ALL
    while below is not None and refill.wanted > 0:
        below = _walk_ring(refill, below)
    return refill.taken


def _length_of_queue(member: Member, now: datetime) -> QueueLength:
    return fetch_prepared(LENGTH_SQL, {"member": member.pk, "now": now}).first(QueueLength)


def _walk_ring(refill: Refill, below: int) -> int | None:
    """Walk the ring of the highest priority below, from the member's cursor and at most once around, taking seats on the way.

    Returns that priority; None where there was none, or enough was looked at.
    """
    start = after = None
    window, had, candidates = refill.wanted + FIRST_WINDOW, refill.taken, 0
    while refill.looked_at < LOOKED_AT_LIMIT:
        stretch = refill.walk(REFILL_SQL, below=below, start=start, after=after, window=window)
        if stretch is None:
            return None
        candidates += stretch.candidates
        if refill.wanted == 0:
            return stretch.priority
        if stretch.looked_at < window or stretch.reached == stretch.start:  # once around
            if candidates and refill.taken == had:
                # Others hold all of them at this moment. Waiting a moment is better than being told that nothing is left.
                refill.walk(REFILL_WAITING_SQL, below=below, start=None, after=None, window=candidates + FIRST_WINDOW)
            return stretch.priority
        start, after = stretch.start, stretch.reached
        window *= WINDOW_GROWTH
    return None


def renew_leases(*, now: datetime | None = None) -> int:
    """Give every open assignment its whole lease again, after a time in which nobody could answer. Returns how many."""
    now = now or timezone.now()
    return sum(
        Assignment.objects.open()
        .filter(campaign=campaign)
        .update(lease_expires_at=now + timedelta(seconds=campaign.lease_seconds))
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
        raise NotAllowed(gettext("Complete the training first. It starts on the campaign's page."), code="training_due")
    room = room_for(member, now)
    if room is not None:
        if room.votes == 0:
            raise NotAllowed(room.detail, code=room.code)
        count = min(count, room.votes)
    queue = head_of_queue(member, count=count, now=now)
    if len(queue) < count:
        is_late = len(queue) < min(count, QUEUE_LOW)  # a worker should have filled it before it got as short as this
        if refill_queue(member_id=member.pk, now=now) and is_late:
            metrics.FALLBACKS.inc()
        # Read again in any case: a worker's refill may have come first, while this one waited for it.
        queue = head_of_queue(member, count=count, now=now)
        if not queue and hand_over(member, count=count, now=now):  # the refill holds the member
            queue = head_of_queue(member, count=count, now=now)
    return queue


def runs_low(queue_length: int, *, wanted: int, answered: int = 1) -> bool:
    """Whether a worker is to be asked to fill a queue that so many answers have brought to this length.

    It is asked once, and once more at half of that, should the first task be lost; after that the view fills the queue. `wanted`:
    how many whoever asks takes at once.
    """
    low = max(QUEUE_LOW, 2 * wanted)
    return any(queue_length <= at < queue_length + answered for at in (low, low // 2))


def open_count(member: Member) -> int:
    """How many assignments the member has before them (at most QUEUE_TARGET, so counting is cheap)."""
    return Assignment.objects.open().filter(member=member).count()
