"""Warning, pausing, suspending and withdrawing members, and taking that back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import (
    LIVE_ASSIGNMENT_STATES,
    SUSPENDABLE_KINDS,
    ActionKind,
    AssignmentKind,
    AssignmentState,
    Event,
    MemberState,
    VoidReason,
)
from annotator.errors import Conflict, Invalid
from annotator.feeds.outbox import enqueue_event
from annotator.judging.seats import decrement_seats
from annotator.lib import audit
from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import (
    AnnotatorStats,
    Assignment,
    Member,
    ModerationAction,
    PairSeats,
    Proposal,
    ReviewRule,
    SelfDescription,
    User,
    Vote,
)
from annotator.models.audit import AuditAction
from annotator.models.reviewing import MESSAGE_LIMIT

# A pair that was only waiting may come to the member again, should they return; one that they answered may not.
SEAT_BECOMES = {AssignmentState.OPEN: AssignmentState.EXPIRED, AssignmentState.ANSWERED: AssignmentState.RETURNED}
DEPARTURES = {MemberState.SUSPENDED: VoidReason.SUSPENDED, MemberState.WITHDRAWN: VoidReason.WITHDRAWN}
ACT_OF_DEPARTURE = {MemberState.SUSPENDED: ActionKind.SUSPEND, MemberState.WITHDRAWN: ActionKind.WITHDRAW}


@dataclass(frozen=True)
class Reason:
    """Why something is done: the rule and its figures, or a manager's words to the member."""

    rule: ReviewRule | None = None
    figures: Mapping[str, Any] | None = None
    note: str = ""


NO_REASON = Reason()


@dataclass(frozen=True)
class Effect:
    """What an action does to votes: how many it voids or restores, and how many settled pairs want votes again."""

    votes: int | None = None
    pairs_reopened: int | None = None


NO_EFFECT = Effect()

# Each seat and pair by itself (OFFSET keeps it so): a join could be planned over all pairs.
_EFFECT_SQL = statement("""
SELECT count(*)::int AS votes,
       count(*) FILTER (
           WHERE seat.kind = 'regular'
             AND (SELECT state = 'settled' AND NOT is_gold FROM annotator_pair_seats WHERE id = seat.pair_id)
       )::int AS pairs_reopened
FROM annotator_vote vote
CROSS JOIN LATERAL (
    SELECT kind, state, pair_id FROM annotator_assignment WHERE id = vote.assignment_id OFFSET 0
) AS seat
WHERE vote.member_id = %(member)s::bigint AND vote.void_reason IS NULL
  AND (SELECT position FROM annotator_question WHERE id = vote.question_id) = 0
  AND seat.state = 'answered' AND seat.kind = ANY (%(kinds)s::text[])
""")


def _record(
    member: Member,
    kind: ActionKind,
    by: User | None,
    now: datetime,
    reason: Reason = NO_REASON,
    effect: Effect = NO_EFFECT,
) -> ModerationAction:
    if len(reason.note) > MESSAGE_LIMIT:
        raise Invalid(
            gettext("The note is too long."),
            errors={"note": [gettext("Use at most %(message_limit)s characters.") % {"message_limit": MESSAGE_LIMIT}]},
        )
    figures = dict(reason.figures or {})
    rule = reason.rule
    campaign, changes = member.campaign, {"rule": (None, rule.measure)} if rule else None
    audit.record(AuditAction(f"people.{kind}"), by=by, campaign=campaign, target=member.user, changes=changes)
    return ModerationAction.objects.create(
        member=member,
        kind=kind,
        rule=rule,
        # The figures of a proposal may be older than the rule.
        rule_version=figures.get("rule_version", rule.version) if rule else None,
        test_version=figures.get("test_version", rule.test_version) if rule else None,
        figures=figures,
        votes=effect.votes,
        pairs_reopened=effect.pairs_reopened,
        note=reason.note,
        actor=by,
        at=now,
    )


def _locked(member: Member) -> Member:
    return Member.objects.select_for_update(no_key=True).get(pk=member.pk)


# --- warning and pausing


@transaction.atomic
def warn_member(*, member: Member, by: User | None, reason: Reason = NO_REASON, now: datetime | None = None) -> ModerationAction:
    """Show the member a notice until they put it away. Their votes stay. Raises Conflict for one who may not vote anyway."""
    locked = _locked(member)
    if locked.state != MemberState.ACTIVE:
        raise Conflict(
            gettext("This member is %(state)s and would not see a warning.") % {"state": locked.state}, code="member_not_active"
        )
    action = _record(locked, ActionKind.WARN, by, now or timezone.now(), reason)
    locked.notice = action
    locked.save(update_fields=["notice"])
    return action


@transaction.atomic
def send_message(*, member: Member, text: str, by: User, now: datetime | None = None) -> ModerationAction:
    """Show the member a message until they put it away, in place of any other notice."""
    locked = _locked(member)
    action = _record(locked, ActionKind.MESSAGE, by, now or timezone.now(), Reason(note=text))
    locked.notice = action
    locked.save(update_fields=["notice"])
    return action


def dismiss_notice(*, member: Member) -> None:
    """Remove the notice that the member has read."""
    Member.objects.filter(pk=member.pk).update(notice=None)


@transaction.atomic
def pause_member(
    *, member: Member, by: User | None, reason: Reason = NO_REASON, now: datetime | None = None
) -> ModerationAction | None:
    """Give the member no more pairs. Their votes stay, and seats they hold go back when their leases run out.

    Somebody who is paused already stays so, and nothing is recorded. Raises Conflict for one who is suspended or withdrew.
    """
    locked = _locked(member)
    _require_state(locked, MemberState.ACTIVE, MemberState.PAUSED)
    if locked.state == MemberState.PAUSED:
        return None
    locked.state, locked.notice = MemberState.PAUSED, None
    locked.save(update_fields=["state", "notice"])
    return _record(locked, ActionKind.PAUSE, by, now or timezone.now(), reason)


@transaction.atomic
def resume_member(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> ModerationAction | None:
    """Let a paused member work again; what they answered so far is not held against them any more.

    Somebody who works already goes on, and nothing is recorded. Raises Conflict for one who is suspended or withdrew.
    """
    now = now or timezone.now()
    locked = _locked(member)
    _require_state(locked, MemberState.ACTIVE, MemberState.PAUSED)
    if locked.state == MemberState.ACTIVE:
        return None
    locked.state = MemberState.ACTIVE
    return _start_afresh(locked, ActionKind.LIFT, by, note, now)


@transaction.atomic
def dismiss_warning(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> ModerationAction:
    """Take a warning back: the notice goes, and what led to it is not held against the member any more."""
    return _start_afresh(_locked(member), ActionKind.DISMISS, by, note, now or timezone.now())


def _require_state(member: Member, *states: MemberState) -> None:
    if member.state not in states:
        raise Conflict(
            gettext("This member is %(state)s and cannot be paused or resumed.") % {"state": member.state},
            code="member_state_refused",
        )


def _start_afresh(
    locked: Member, kind: ActionKind, by: User | None, note: str, now: datetime, effect: Effect = NO_EFFECT
) -> ModerationAction:
    """Only what the member answers from now on is measured, so that no rule acts on what a manager has decided about."""
    AnnotatorStats.objects.filter(member=locked).delete()
    AnnotatorStats.objects.create(member=locked, counted_since=now, computed_at=now)
    Proposal.objects.filter(member=locked).delete()
    locked.notice = _record(locked, kind, by, now, Reason(note=note), effect)
    locked.save(update_fields=["state", "notice"])
    return locked.notice


# --- suspending and leaving


def suspend_member(*, member: Member, by: User | None, reason: Reason = NO_REASON, now: datetime | None = None) -> int:
    """Stop a member, void their regular votes and give all their seats back. Returns how many seats came back.

    Can be taken back with `lift_suspension`. Raises Conflict for a member who withdrew.
    """
    return _deactivate(member, MemberState.SUSPENDED, by, now or timezone.now(), reason)


def withdraw_member(*, member: Member, by: User | None, now: datetime | None = None) -> int:
    """A member takes their consent back: as a suspension, but for good, and out of every later release."""
    return _deactivate(member, MemberState.WITHDRAWN, by, now or timezone.now())


def _deactivate(member: Member, state: MemberState, by: User | None, now: datetime, reason: Reason = NO_REASON) -> int:
    # Two transactions. Once the first has committed, no vote of the member can be written any more and no seat taken; the
    # second then finds everything there is, and waits for nobody who waits for the member's row.
    with transaction.atomic():
        _begin_departure(_locked(member), state, by, now, reason)
    return void_votes_and_release_seats(member_id=member.pk, by=by, now=now)


def _begin_departure(
    locked: Member, state: MemberState, by: User | None, now: datetime, reason: Reason = NO_REASON
) -> ModerationAction | None:
    """The first of the two transactions, or a part of it. None where the member has departed so before."""
    if locked.state == MemberState.WITHDRAWN and state != MemberState.WITHDRAWN:
        raise Conflict(gettext("This member withdrew consent and cannot be suspended."), code="member_withdrawn")
    if locked.state == state:
        return None
    # Nobody who votes now is past the lock, so that this is what the second transaction finds.
    effect = effect_of_departure(locked)
    locked.state, locked.notice = state, None
    locked.save(update_fields=["state", "notice"])
    if state == MemberState.SUSPENDED:
        _note_suspension(locked, by, reason.rule, now)
    if state == MemberState.WITHDRAWN:
        SelfDescription.objects.filter(member=locked).delete()  # what they said of themselves goes with their consent
    return _record(locked, ACT_OF_DEPARTURE[state], by, now, reason, effect)


def _note_suspension(member: Member, by: User | None, rule: ReviewRule | None, now: datetime) -> None:
    """For webhooks, which know the member by the pseudonym of the exports."""
    about = {"annotator_id": member.public_id, "kind": member.kind, "is_automatic": by is None, "rule": None}
    if rule is not None:
        names = ("measure", "outcome", "threshold", "minimum", "version", "test_version")
        about["rule"] = {name: getattr(rule, name) for name in names}
    enqueue_event(campaign=member.campaign, event=Event.ANNOTATOR_SUSPENDED, data=about, now=now)


@transaction.atomic
def void_votes_and_release_seats(*, member_id: int, by: User | None = None, now: datetime | None = None) -> int:
    """Void the votes of a suspended or withdrawn member and release their live seats. Safe to run again.

    Does nothing for a member who was reinstated or withdrew in the meantime: that change does its own cleanup.
    """
    now = now or timezone.now()
    reason = DEPARTURES.get(MemberState(Member.objects.values_list("state", flat=True).get(pk=member_id)))
    if reason is None:
        return 0
    live = Assignment.objects.filter(member=member_id, state__in=LIVE_ASSIGNMENT_STATES)
    if reason == VoidReason.SUSPENDED:
        live = live.filter(kind__in=SUSPENDABLE_KINDS)  # as votes_of_suspension counts them
    seats = list(live.select_for_update(no_key=True).order_by("pk"))
    # The member after their seats, as a vote does it, so that no two wait for each other.
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if DEPARTURES.get(MemberState(member.state)) != reason:
        return 0
    if reason == VoidReason.WITHDRAWN:  # whoever follows the votes is to remove those, too, that were void before
        Vote.objects.filter(assignment__member=member, void_reason__isnull=False).update(void_reason=F("void_reason"))
    Vote.objects.live().filter(assignment__in=seats).update(void_reason=reason, voided_at=now, voided_by=by)
    for was, becomes in SEAT_BECOMES.items():
        pks = [seat.pk for seat in seats if seat.state == was]
        Assignment.objects.filter(pk__in=pks).update(state=becomes, closed_at=now)
    decrement_seats(seats)
    return len(seats)


def votes_of_suspension(members: Iterable[int]) -> int:
    """How many votes a suspension of these members would make void now."""
    seats = {"assignment__state__in": LIVE_ASSIGNMENT_STATES, "assignment__kind__in": SUSPENDABLE_KINDS}
    return Vote.objects.live().filter(assignment__member__in=list(members), **seats).count()


def effect_of_departure(member: Member) -> Effect:
    """How many votes a suspension, or a withdrawal, of the member would void now, and how many settled pairs it would reopen.

    Counted as the campaign's progress counts them: regular votes on the first question.
    """
    known = {"member": member.pk, "kinds": [kind.value for kind in SUSPENDABLE_KINDS]}
    return fetch_prepared(_EFFECT_SQL, known).first(Effect)


def departed_with_seats() -> QuerySet[Member]:
    """Suspended and withdrawn members of whom something is still to be cleared away: a suspension was cut off half-way."""
    seats = Assignment.objects.filter(member=OuterRef("pk"))
    is_left = Exists(seats.open().filter(kind__in=SUSPENDABLE_KINDS)) | Exists(
        seats.filter(state=AssignmentState.ANSWERED, kind__in=SUSPENDABLE_KINDS)
    )
    return Member.objects.filter(is_left, state__in=DEPARTURES)


@transaction.atomic
def lift_suspension(*, member: Member, by: User | None, note: str = "", now: datetime | None = None) -> int:
    """Let a suspended member work again, and restore their votes where the seat is still free. Returns how many were.

    What they answered so far counts again, and is not held against them any more. Raises Conflict for a member who is not
    suspended.
    """
    now = now or timezone.now()
    locked = _locked(member)
    if locked.state != MemberState.SUSPENDED:
        raise Conflict(gettext("This member is %(state)s, not suspended.") % {"state": locked.state}, code="member_not_suspended")
    void = Vote.objects.filter(assignment__member=member, void_reason=VoidReason.SUSPENDED)
    seats = {
        seat.pair_id: seat
        for seat in Assignment.objects.filter(
            member=member, state=AssignmentState.RETURNED, pk__in=void.values("assignment")
        ).select_for_update(no_key=True)
    }
    of_machine = [seat.pk for seat in seats.values() if seat.kind == AssignmentKind.MACHINE]  # these take no seat
    seats = {pair_id: seat for pair_id, seat in seats.items() if seat.kind != AssignmentKind.MACHINE}
    pairs = PairSeats.objects.filter(pk__in=seats).select_for_update(no_key=True).order_by("pk")
    free = [pair for pair in pairs if pair.seats_taken < pair.votes_wanted]
    for pair in free:
        pair.seats_taken += 1
        pair.seats_a_on_left += seats[pair.pk].a_on_left
    PairSeats.objects.bulk_update(free, ["seats_taken", "seats_a_on_left"])
    restored = [seats[pair.pk].pk for pair in free] + of_machine
    void.filter(assignment__in=restored).update(void_reason=None, voided_at=None, voided_by=None)
    Assignment.objects.filter(pk__in=restored).update(state=AssignmentState.ANSWERED)
    locked.state = MemberState.ACTIVE
    _start_afresh(locked, ActionKind.LIFT, by, note, now, Effect(len(restored)))
    return len(restored)
