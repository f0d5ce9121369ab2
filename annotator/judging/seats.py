"""Seats on pairs: the only place where one is freed, and where the number of them changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from annotator.choices import AssignmentKind, AssignmentState, PairState
from annotator.models import Assignment, Campaign, PairSeats


def release_assignments(assignments: QuerySet[Assignment], *, state: AssignmentState, now: datetime) -> int:
    """Close open assignments that nobody else is working on, and free their seats. Call inside a transaction.

    `assignments` is a queryset of open ones; it is locked here. Returns how many were closed.
    """
    # The stronger lock (FOR UPDATE) tells who reads the queue at this moment that the seat goes: queue_head.sql.
    locked = list(assignments.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
    if locked:
        Assignment.objects.filter(pk__in=[seat.pk for seat in locked]).update(state=state, closed_at=now)
        decrement_seats(locked)
    return len(locked)


def decrement_seats(assignments: list[Assignment]) -> None:
    """Take regular assignments that are live no longer off their pairs' counters."""
    seats: dict[int, list[bool]] = defaultdict(list)
    for seat in assignments:
        if seat.kind == AssignmentKind.REGULAR:
            seats[seat.pair_id].append(seat.a_on_left)
    pairs = list(PairSeats.objects.filter(pk__in=seats).select_for_update(no_key=True).order_by("pk"))
    for pair in pairs:
        pair.seats_taken -= len(seats[pair.pk])
        pair.seats_a_on_left -= sum(seats[pair.pk])
    PairSeats.objects.bulk_update(pairs, ["seats_taken", "seats_a_on_left"])


def retake_seat(assignment: Assignment) -> bool:
    """Give a seat that was freed back to its member, whose assignment the caller opens again. False where the pair needs no more.

    Call inside a transaction.
    """
    pair = PairSeats.objects.select_for_update(no_key=True).get(pk=assignment.pair_id)
    if assignment.kind != AssignmentKind.REGULAR:
        return True
    if pair.state == PairState.SETTLED or pair.seats_taken >= pair.votes_wanted:
        return False
    pair.seats_taken += 1
    pair.seats_a_on_left += assignment.a_on_left
    pair.save(update_fields=["seats_taken", "seats_a_on_left"])
    return True


@transaction.atomic
def set_votes_wanted(*, campaign: Campaign, votes_wanted: int, now: datetime) -> None:
    """Let every pair of the campaign want this many votes, or as many as it has where these are more.

    Of a pair that has more seats than that, those that nobody has looked at yet are taken back. Settled pairs that now have
    too few votes go back into circulation with the next scoring. Gold pairs, which collect no votes, just carry the number.
    """
    # Locked in the order of their ids, as everywhere, so that this and a return of seats cannot wait for each other.
    pairs = PairSeats.objects.filter(of_campaign=campaign)
    list(pairs.exclude(votes_wanted=votes_wanted).select_for_update(no_key=True).order_by("pk").values_list("pk").iterator())
    crowded = pairs.filter(state=PairState.OPEN, seats_taken__gt=votes_wanted)
    unseen = Assignment.objects.open().filter(kind=AssignmentKind.REGULAR, pair__in=crowded.values("pk"), shown_at__isnull=True)
    release_assignments(unseen, state=AssignmentState.EXPIRED, now=now)
    pairs.exclude(votes_wanted=votes_wanted).update(votes_wanted=Greatest("seats_taken", votes_wanted))
