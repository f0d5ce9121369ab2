"""Taking back what an annotator did last: a vote, a skip or a flag."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from annotator.choices import AssignmentKind, AssignmentState, PairState, VoidReason
from annotator.errors import Conflict, NotAllowed
from annotator.judging.eligibility import require_eligible
from annotator.judging.seats import retake_seat
from annotator.judging.voting import lock_assignment
from annotator.models import Assignment, Flag, Member, PairSeats, User, Vote, WaitingSeat

# Seats are shown in their order, so what was done last is among so many of the latest seats more than is asked for.
QUEUE_AT_MOST = 100
ACTIONS = (AssignmentState.ANSWERED, AssignmentState.SKIPPED, AssignmentState.FLAGGED)


@transaction.atomic
def undo_act(*, assignment_id: int, by: User, now: datetime | None = None) -> Assignment:
    """Take the vote, the skip or the flag back: its votes stay, void, and the pair is before the annotator again.

    Only of the last things the member did, as the campaign's `undo_votes` and `undo_minutes` allow, and of a pair that was
    skipped or flagged only while it has a seat left. Undoing a vote again changes nothing. Raises NotFound, NotAllowed
    (undo_refused, campaign_*, member_*) and Conflict (assignment_closed).
    """
    now = now or timezone.now()
    assignment = lock_assignment(assignment_id, by).assignment
    member, campaign = assignment.member, assignment.member.campaign
    if assignment.state == AssignmentState.OPEN and assignment.votes.filter(void_reason=VoidReason.UNDONE).exists():
        return assignment
    if assignment.state not in ACTIONS:
        raise Conflict(gettext("There is no vote on this pair to undo."), code="assignment_closed")
    require_eligible(member, to_answer=True)
    if not undoable(member, now).filter(pk=assignment.pk).exists():
        raise NotAllowed(
            _how_far_it_reaches(campaign.undo_votes, campaign.undo_minutes),
            code="undo_refused",
        )
    if assignment.state == AssignmentState.ANSWERED:
        assignment.votes.live().update(void_reason=VoidReason.UNDONE, voided_at=now, voided_by=by)
        Member.objects.filter(pk=member.pk).update(answered_count=F("answered_count") - 1)
        member.answered_count -= 1
    elif not retake_seat(assignment):
        raise NotAllowed(gettext("This pair went to somebody else in the meantime."), code="undo_refused")
    if assignment.state == AssignmentState.FLAGGED:
        _withdraw_flag(assignment, by=by, now=now)
    assignment.state, assignment.closed_at = AssignmentState.OPEN, None
    assignment.lease_expires_at = now + timedelta(seconds=campaign.lease_seconds)
    assignment.save(update_fields=["state", "closed_at", "lease_expires_at"])
    return assignment


def _how_far_it_reaches(actions: int, minutes: int) -> str:
    which = ngettext(
        "You can undo only the last thing you did.", "You can undo only the last %(number)s things you did.", actions
    )
    when = ngettext("You can do so for one minute.", "You can do so for %(number)s minutes.", minutes)
    return f"{which % {'number': actions}} {when % {'number': minutes}}"


def undoable(member: Member, now: datetime) -> QuerySet[Assignment]:
    """What the member may still undo, the latest first."""
    campaign = member.campaign
    since = now - timedelta(minutes=campaign.undo_minutes)
    answers = Vote.objects.answers().filter(member=member).exclude(assignment__kind=AssignmentKind.TRAINING)  # known by now
    answered = answers.order_by("-created_at", "-assignment").values("assignment")[: campaign.undo_votes]
    others = WaitingSeat.objects.filter(member=member, state__in=(AssignmentState.SKIPPED, AssignmentState.FLAGGED))
    left = others.order_by("-assignment").values("assignment")[: campaign.undo_votes + QUEUE_AT_MOST]
    latest = Assignment.objects.filter(pk__in=answered.union(left, all=True), state__in=ACTIONS)
    latest = latest.exclude(kind=AssignmentKind.TRAINING).order_by("-closed_at", "-pk")
    last = latest.values("pk")[: campaign.undo_votes]
    return latest.filter(pk__in=last, closed_at__gt=since)


def last_action(member: Member, now: datetime) -> int | None:
    """The assignment that undo takes back now, if any: not one whose seat is gone."""
    has_seat = ~Q(kind=AssignmentKind.REGULAR) | Q(pair__seats_taken__lt=F("pair__votes_wanted")) & ~Q(
        pair__state=PairState.SETTLED
    )
    can_be = undoable(member, now).filter(Q(state=AssignmentState.ANSWERED) | has_seat)
    return can_be.values_list("pk", flat=True).first()


def _withdraw_flag(assignment: Assignment, *, by: User, now: datetime) -> None:
    """A pair that this flag alone brought to its limit is in circulation again; one that managers hold is not."""
    flags = Flag.objects.filter(assignment__pair=assignment.pair_id, resolved_at__isnull=True)
    counted = flags.exclude(assignment__kind=AssignmentKind.MACHINE).count()
    flags.filter(assignment=assignment).update(resolved_at=now, resolved_by=by)
    if counted == assignment.member.campaign.flags_to_hold:
        PairSeats.objects.filter(pk=assignment.pair_id, state=PairState.HELD).update(state=PairState.OPEN)
