"""The only writer of votes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator.assigning import require_active
from annotator.campaigns import require_open
from annotator.choices import AssignmentState, CampaignState, FlagReason, VoidReason
from annotator.circulation import hold_pairs
from annotator.errors import Conflict, Invalid, NotAllowed, NotFound
from annotator.models import Assignment, Flag, Member, Question, User, Vote
from annotator.seats import free_seats

ELAPSED_MS_LIMIT = 24 * 3600 * 1000
FLAG_NOTE_LIMIT = 2000

CLOSED_WORDS = {
    AssignmentState.ANSWERED: "This pair was answered already.",
    AssignmentState.SKIPPED: "You skipped this pair.",
    AssignmentState.FLAGGED: "You flagged this pair.",
    AssignmentState.EXPIRED: "The time for this pair ran out, and its seat went back.",
    AssignmentState.RETURNED: "This pair was taken back.",
}

# One statement for the assignment and its member's counter; the member must still be active when it is written, so that a
# suspension that commits first wins.
_CLOSE_SQL = """
WITH counted AS (
    UPDATE annotator_member SET answered_count = answered_count + 1
    WHERE id = %(member)s AND state = 'active' RETURNING id
)
UPDATE annotator_assignment SET state = 'answered', closed_at = %(now)s
FROM counted WHERE annotator_assignment.id = %(assignment)s AND annotator_assignment.member_id = counted.id
"""


@dataclass(frozen=True)
class CastVote:
    """The votes of one answer, in the order of the questions; `is_new` is false when the same answer was there already."""

    assignment: Assignment
    votes: list[Vote]
    is_new: bool


@transaction.atomic
def cast_vote(
    *, assignment_id: int, by: User, choices: dict[str, str], elapsed_ms: int | None = None, now: datetime | None = None
) -> CastVote:
    """Record the answer to every question of an assignment: `choices` is question slug to choice.

    The same answer again is no error and changes nothing. Raises NotFound for an assignment that is not the user's,
    Conflict (lease_expired, already_answered, assignment_closed) when it cannot be answered any more, NotAllowed when the
    campaign is over or the member may not vote, Invalid when the answer is not one.

    Of a paused campaign what was handed out before may still be answered; nothing new is handed out.
    """
    now = now or timezone.now()
    assignment = _locked(assignment_id, by)
    member, campaign = assignment.member, assignment.member.campaign
    questions = list(campaign.questions.order_by("position"))
    check_answer(questions, choices, elapsed_ms)
    if assignment.state == AssignmentState.ANSWERED:
        return _same_again(assignment, questions, choices)
    _require_leased(assignment, now)
    if campaign.state != CampaignState.PAUSED:
        require_open(campaign)
    require_active(member)
    votes = Vote.objects.bulk_create(
        Vote(assignment=assignment, question=question, choice=choices[question.slug], elapsed_ms=elapsed_ms, created_at=now)
        for question in questions
    )
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_SQL, {"member": member.pk, "assignment": assignment.pk, "now": now})
        if cursor.rowcount != 1:
            raise Conflict("Your membership was changed just now; the vote was not counted.", code="member_changed")
    assignment.state, assignment.closed_at = AssignmentState.ANSWERED, now
    member.answered_count += 1
    return CastVote(assignment, votes, is_new=True)


@transaction.atomic
def skip_assignment(*, assignment_id: int, by: User, now: datetime | None = None) -> Assignment:
    """Pass on a pair: its seat is free for somebody else, and it never comes back to this member.

    Skipping it again changes nothing. Raises NotFound and Conflict as `cast_vote` does.
    """
    now = now or timezone.now()
    assignment = _locked(assignment_id, by)
    if assignment.state == AssignmentState.SKIPPED:
        return assignment
    if assignment.state == AssignmentState.ANSWERED:
        raise Conflict(CLOSED_WORDS[AssignmentState.ANSWERED], code="already_answered")
    _require_leased(assignment, now)
    assignment.state, assignment.closed_at = AssignmentState.SKIPPED, now
    assignment.save(update_fields=["state", "closed_at"])
    free_seats([assignment])
    return assignment


@transaction.atomic
def flag_assignment(*, assignment_id: int, by: User, reason: str, note: str = "", now: datetime | None = None) -> Assignment:
    """Report the pair instead of judging it: its seat is free again, and it never comes back to this member.

    When as many annotators as the campaign's `flags_to_hold` have flagged the pair, it is held until a manager decides.
    Flagging it again changes nothing. Raises NotFound and Conflict as `cast_vote` does, Invalid for an unknown reason.
    """
    now = now or timezone.now()
    errors = {}
    if reason not in FlagReason.values:
        errors["reason"] = [f"{reason!r} is no reason. Use one of {', '.join(FlagReason.values)}."]
    if len(note) > FLAG_NOTE_LIMIT:
        errors["note"] = [f"Use at most {FLAG_NOTE_LIMIT} characters."]
    if errors:
        raise Invalid("The flag is not complete or not possible.", errors=errors)
    assignment = _locked(assignment_id, by)
    if assignment.state == AssignmentState.FLAGGED:
        return assignment
    if assignment.state == AssignmentState.ANSWERED:
        raise Conflict(CLOSED_WORDS[AssignmentState.ANSWERED], code="already_answered")
    _require_leased(assignment, now)
    assignment.state, assignment.closed_at = AssignmentState.FLAGGED, now
    assignment.save(update_fields=["state", "closed_at"])
    free_seats([assignment])  # locks the pair, so that two flags at once are counted one after the other
    Flag.objects.create(assignment=assignment, reason=reason, note=note, created_at=now)
    flags = Flag.objects.filter(assignment__pair=assignment.pair_id, resolved_at__isnull=True).count()
    if flags >= assignment.member.campaign.flags_to_hold:
        hold_pairs(pair_ids=[assignment.pair_id], by=None, now=now)
    return assignment


@transaction.atomic
def undo_vote(*, assignment_id: int, by: User, now: datetime | None = None) -> Assignment:
    """Take the answer of an assignment back: its votes stay, void, and the pair is before the annotator again.

    Only of the member's last answers, as the campaign's `undo_votes` and `undo_minutes` allow. Undoing it again changes
    nothing. Raises NotFound, NotAllowed (undo_refused, campaign_*, member_*) and Conflict (assignment_closed).
    """
    now = now or timezone.now()
    assignment = _locked(assignment_id, by)
    member, campaign = assignment.member, assignment.member.campaign
    if assignment.state == AssignmentState.OPEN and assignment.votes.filter(void_reason=VoidReason.UNDONE).exists():
        return assignment
    if assignment.state != AssignmentState.ANSWERED:
        raise Conflict("There is no vote on this pair to undo.", code="assignment_closed")
    if campaign.state != CampaignState.PAUSED:
        require_open(campaign)
    require_active(member)
    if not undoable(member, now).filter(pk=assignment.pk).exists():
        raise NotAllowed(
            f"Only your last {campaign.undo_votes} votes can be undone, within {campaign.undo_minutes} minutes.",
            code="undo_refused",
        )
    assignment.votes.live().update(void_reason=VoidReason.UNDONE, voided_at=now, voided_by=by)
    assignment.state, assignment.closed_at = AssignmentState.OPEN, None
    assignment.lease_expires_at = now + timedelta(seconds=campaign.lease_seconds)
    assignment.save(update_fields=["state", "closed_at", "lease_expires_at"])
    Member.objects.filter(pk=member.pk).update(answered_count=F("answered_count") - 1)
    return assignment


def undoable(member: Member, now: datetime) -> QuerySet[Assignment]:
    """The answered assignments that the member may still undo, the latest first."""
    campaign = member.campaign
    since = now - timedelta(minutes=campaign.undo_minutes)
    latest = Assignment.objects.filter(member=member, state=AssignmentState.ANSWERED).order_by("-closed_at", "-pk")
    last = latest.values("pk")[: campaign.undo_votes]
    return latest.filter(pk__in=last, closed_at__gt=since)


def check_answer(questions: list[Question], choices: dict[str, str], elapsed_ms: int | None) -> None:
    """Raises Invalid, naming each question, unless `choices` answers exactly the questions with choices they allow."""
    errors: dict[str, list[str]] = {}
    for question in questions:
        choice = choices.get(question.slug)
        if choice is None:
            errors[question.slug] = ["This question is not answered."]
        elif choice not in question.choices:
            errors[question.slug] = [f"{choice!r} is no choice. Use one of {', '.join(question.choices)}."]
    for slug in choices.keys() - {question.slug for question in questions}:
        errors[slug] = ["This campaign does not ask that question."]
    if elapsed_ms is not None and not 0 <= elapsed_ms <= ELAPSED_MS_LIMIT:
        errors["elapsed_ms"] = [f"Use milliseconds from 0 to {ELAPSED_MS_LIMIT}."]
    if errors:
        raise Invalid("The answer is not complete or not possible.", errors=errors)


def _locked(assignment_id: int, by: User) -> Assignment:
    mine: QuerySet[Assignment] = Assignment.objects.filter(pk=assignment_id, member__user=by)
    assignment = mine.select_for_update(no_key=True, of=("self",)).select_related("member__campaign").first()
    if assignment is None:
        raise NotFound("There is no such assignment of yours.")
    return assignment


def _same_again(assignment: Assignment, questions: list[Question], choices: dict[str, str]) -> CastVote:
    votes = {vote.question_id: vote for vote in assignment.votes.live()}
    if any(votes[question.pk].choice != choices[question.slug] for question in questions):
        raise Conflict("This pair was answered already, with another choice.", code="already_answered")
    return CastVote(assignment, [votes[question.pk] for question in questions], is_new=False)


def _require_leased(assignment: Assignment, now: datetime) -> None:
    if assignment.state == AssignmentState.EXPIRED or (
        assignment.state == AssignmentState.OPEN and assignment.lease_expires_at <= now
    ):
        raise Conflict(CLOSED_WORDS[AssignmentState.EXPIRED], code="lease_expired")
    if assignment.state != AssignmentState.OPEN:
        raise Conflict(CLOSED_WORDS[AssignmentState(assignment.state)], code="assignment_closed")
