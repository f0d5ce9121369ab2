"""The judge of annotators: who is suspended or leaves, what becomes of their votes and seats, and how it is taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from annotator.choices import (
    LIVE_ASSIGNMENT_STATES,
    SUSPENDABLE_KINDS,
    AssignmentKind,
    AssignmentState,
    Event,
    MemberState,
    VoidReason,
)
from annotator.errors import Conflict
from annotator.events import note_event
from annotator.models import Assignment, Member, Pair, User, Vote
from annotator.seats import free_seats

# A pair that was only waiting may come to the member again, should they return; one that they answered may not.
SEAT_BECOMES = {AssignmentState.OPEN: AssignmentState.EXPIRED, AssignmentState.ANSWERED: AssignmentState.RETURNED}
DEPARTURES = {MemberState.SUSPENDED: VoidReason.SUSPENDED, MemberState.WITHDRAWN: VoidReason.WITHDRAWN}


def suspend_member(*, member: Member, by: User | None, now: datetime | None = None) -> int:
    """Stop a member, void their regular votes and give all their seats back. Returns how many seats came back.

    Can be taken back with `lift_suspension`. Raises Conflict for a member who withdrew.
    """
    return _depart(member, MemberState.SUSPENDED, by, now or timezone.now())


def withdraw_member(*, member: Member, by: User | None, now: datetime | None = None) -> int:
    """A member takes their consent back: as a suspension, but for good, and out of every later release."""
    return _depart(member, MemberState.WITHDRAWN, by, now or timezone.now())


def _depart(member: Member, state: MemberState, by: User | None, now: datetime) -> int:
    # Two transactions. Once the first has committed, no vote of the member can be written any more and no seat taken; the
    # second then finds everything there is, and waits for nobody who waits for the member's row.
    with transaction.atomic():
        locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
        if locked.state == MemberState.WITHDRAWN and state != MemberState.WITHDRAWN:
            raise Conflict("This member withdrew and has nothing left to suspend.", code="member_withdrawn")
        was, locked.state = locked.state, state
        locked.save(update_fields=["state"])
        if state == MemberState.SUSPENDED and was != state:
            note_suspension(locked, by, now)
    return clear_away(member_id=member.pk, by=by, now=now)


def note_suspension(member: Member, by: User | None, now: datetime) -> None:
    """For webhooks, which know the member by the pseudonym of the exports."""
    about = {"annotator_id": member.public_id, "kind": member.kind, "is_automatic": by is None}
    note_event(campaign=member.campaign, event=Event.ANNOTATOR_SUSPENDED, data=about, now=now)


@transaction.atomic
def clear_away(*, member_id: int, by: User | None = None, now: datetime | None = None) -> int:
    """Void the votes of a suspended or withdrawn member and give their live seats back. Safe to run again.

    Does nothing for a member who is back already, or who withdrew meanwhile: whoever did that clears away.
    """
    now = now or timezone.now()
    reason = DEPARTURES.get(MemberState(Member.objects.values_list("state", flat=True).get(pk=member_id)))
    if reason is None:
        return 0
    live = Assignment.objects.filter(member=member_id, state__in=LIVE_ASSIGNMENT_STATES)
    if reason == VoidReason.SUSPENDED:
        live = live.filter(kind__in=SUSPENDABLE_KINDS)
    seats = list(live.select_for_update(no_key=True).order_by("pk"))
    # The member after their seats, as a vote does it, so that no two wait for each other.
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if DEPARTURES.get(MemberState(member.state)) != reason:
        return 0
    Vote.objects.live().filter(assignment__in=seats).update(void_reason=reason, voided_at=now, voided_by=by)
    for was, becomes in SEAT_BECOMES.items():
        pks = [seat.pk for seat in seats if seat.state == was]
        Assignment.objects.filter(pk__in=pks).update(state=becomes, closed_at=now)
    free_seats(seats)
    return len(seats)


def departed_with_seats() -> QuerySet[Member]:
    """Suspended and withdrawn members of whom something is still to be cleared away: a suspension was cut off half-way."""
    seats = Assignment.objects.filter(member=OuterRef("pk"))
    is_left = Exists(seats.filter(state=AssignmentState.OPEN, kind__in=SUSPENDABLE_KINDS)) | Exists(
        seats.filter(state=AssignmentState.ANSWERED, kind__in=SUSPENDABLE_KINDS)
    )
    return Member.objects.filter(is_left, state__in=DEPARTURES)


@transaction.atomic
def lift_suspension(*, member: Member, by: User | None, now: datetime | None = None) -> int:
    """Let a suspended member work again, and restore their votes where the seat is still free. Returns how many were.

    Raises Conflict for a member who is not suspended.
    """
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if locked.state != MemberState.SUSPENDED:
        raise Conflict(f"This member is {locked.state}, not suspended.", code="member_not_suspended")
    locked.state = MemberState.ACTIVE
    locked.save(update_fields=["state"])
    void = Vote.objects.filter(assignment__member=member, void_reason=VoidReason.SUSPENDED)
    seats = {
        seat.pair_id: seat
        for seat in Assignment.objects.filter(
            member=member, state=AssignmentState.RETURNED, pk__in=void.values("assignment")
        ).select_for_update(no_key=True)
    }
    of_machine = [seat.pk for seat in seats.values() if seat.kind == AssignmentKind.MACHINE]  # these take no seat
    seats = {pair_id: seat for pair_id, seat in seats.items() if seat.kind != AssignmentKind.MACHINE}
    pairs = Pair.objects.filter(pk__in=seats).select_for_update(no_key=True).order_by("pk")
    free = [pair for pair in pairs if pair.seats_taken < pair.votes_wanted]
    for pair in free:
        pair.seats_taken += 1
        pair.seats_a_on_left += seats[pair.pk].a_on_left
    Pair.objects.bulk_update(free, ["seats_taken", "seats_a_on_left"])
    restored = [seats[pair.pk].pk for pair in free] + of_machine
    void.filter(assignment__in=restored).update(void_reason=None, voided_at=None, voided_by=None)
    Assignment.objects.filter(pk__in=restored).update(state=AssignmentState.ANSWERED)
    return len(restored)
