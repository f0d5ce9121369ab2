"""The only writer of votes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator.choices import AssignmentKind, AssignmentState, FlagReason, VoidReason
from annotator.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from annotator.judging.conditions import Conditions, problem_with
from annotator.judging.eligibility import require_eligible
from annotator.judging.pair_holds import hold_pairs
from annotator.judging.seats import decrement_seats
from annotator.judging.vote_writer import COMMENT_LIMIT, ELAPSED_MS_LIMIT, ID_LIMIT, Answer, write_votes
from annotator.lib import metrics
from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Assignment, Campaign, CampaignProgress, Flag, Member, Question, User, Vote

FLAG_NOTE_LIMIT = 2000

CLOSED_WORDS = {
    AssignmentState.ANSWERED: "You already answered this pair.",
    AssignmentState.SKIPPED: "You skipped this pair.",
    AssignmentState.FLAGGED: "You flagged this pair.",
    AssignmentState.EXPIRED: "Your time for this pair ran out. It may go to someone else.",
    AssignmentState.RETURNED: "This pair is no longer assigned to you.",
}

LOCK_SQL = read_statement(__file__, "lock_assignment")


@dataclass(frozen=True)
class LockedRow:
    """A row of lock_assignment.sql. `questions` is JSON."""

    assignment: Assignment
    member: Member
    campaign: Campaign
    progress: CampaignProgress | None
    questions: str | None


@dataclass(frozen=True)
class CastVote:
    """The votes of one answer, in the order of the questions; `is_new` is false when the same answer was there already.

    The assignment comes with its member, campaign and progress as they are now.
    """

    assignment: Assignment
    votes: list[Vote]
    is_new: bool


@dataclass(frozen=True)
class Locked:
    """An assignment under its lock, with the questions of its campaign in order."""

    assignment: Assignment
    questions: list[Question]

    def cast(self, votes: list[Vote], *, is_new: bool) -> CastVote:
        return CastVote(self.assignment, votes, is_new=is_new)


def cast_vote(
    *,
    assignment_id: int,
    by: User,
    choices: dict[str, str],
    elapsed_ms: int | None = None,
    comment: str = "",
    conditions: Conditions | None = None,
    now: datetime | None = None,
) -> CastVote:
    """Record the answer to every question of an assignment: `choices` is question slug to choice, and a lone choice for ""
    answers the first question.

    A time that cannot be true is not kept, and neither is a comment that the campaign does not ask for; the vote counts.

    The same answer again is no error and changes nothing. Raises NotFound for an assignment that is not the user's,
    Conflict (lease_expired, already_answered, assignment_closed) when it cannot be answered any more, NotAllowed when the
    campaign is over or the member may not vote, Invalid when the answer is not one.

    In a paused campaign, members can still answer open assignments but get no new ones.
    """
    now = now or timezone.now()
    answer = Answer(choices, elapsed_ms, comment, conditions)
    written = write_votes({assignment_id: answer}, user_id=by.pk, count=0, now=now)
    with transaction.atomic():
        locked = _locked(assignment_id, by)
        if written is not None:
            votes = Vote.objects.filter(pk__in=written[0].votes).select_related("question").order_by("question__position")
            return locked.cast(list(votes), is_new=True)
        kind = locked.assignment.kind
        try:
            cast = _same_answer(locked, _naming(answer, locked.questions), now)
        except DomainError as refusal:
            metrics.VOTES.labels(kind, refusal.code).inc()
            raise
    transaction.on_commit(metrics.VOTES.labels(kind, "again").inc, robust=True)
    return cast


def _naming(answer: Answer, questions: list[Question]) -> Answer:
    """With the slug of the first question in the place of ""."""
    if list(answer.choices) != [""] or not questions:
        return answer
    return replace(answer, choices={questions[0].slug: answer.choices[""]})


def _same_answer(locked: Locked, answer: Answer, now: datetime) -> CastVote:
    """The votes that are there already, if they are the same. Raises what stands against the answer otherwise."""
    assignment = locked.assignment
    check_answer(locked.questions, answer)
    if assignment.state == AssignmentState.ANSWERED:
        return _same_again(locked, answer.choices)
    _require_leased(assignment, now)
    require_eligible(assignment.member, to_answer=True)
    raise Conflict("Your membership just changed, and the vote was not recorded. Please answer again.", code="member_changed")


@transaction.atomic
def skip_assignment(*, assignment_id: int, by: User, now: datetime | None = None) -> Assignment:
    """Pass on a pair: its seat is free for somebody else, and it never comes back to this member.

    Skipping it again changes nothing. Raises NotFound and Conflict as `cast_vote` does.
    """
    now = now or timezone.now()
    assignment = _locked(assignment_id, by).assignment
    if assignment.state == AssignmentState.SKIPPED:
        return assignment
    if assignment.state == AssignmentState.ANSWERED:
        raise Conflict(CLOSED_WORDS[AssignmentState.ANSWERED], code="already_answered")
    _require_leased(assignment, now)
    assignment.state, assignment.closed_at = AssignmentState.SKIPPED, now
    assignment.save(update_fields=["state", "closed_at"])
    decrement_seats([assignment])
    return assignment


@transaction.atomic
def flag_assignment(*, assignment_id: int, by: User, reason: str, note: str = "", now: datetime | None = None) -> Assignment:
    """Report the pair instead of judging it: its seat is free again, and it never comes back to this member.

    When as many people as the campaign's `flags_to_hold` have flagged the pair, it is held until a manager decides.
    Flagging it again changes nothing. Raises NotFound and Conflict as `cast_vote` does, Invalid for an unknown reason.
    """
    now = now or timezone.now()
    errors = {}
    if reason not in FlagReason.values:
        errors["reason"] = [f"{reason!r} is not a valid reason. Use one of {', '.join(FlagReason.values)}."]
    if len(note) > FLAG_NOTE_LIMIT:
        errors["note"] = [f"Use at most {FLAG_NOTE_LIMIT} characters."]
    if errors:
        raise Invalid("The flag is not valid.", errors=errors)
    assignment = _locked(assignment_id, by).assignment
    if assignment.state == AssignmentState.FLAGGED:
        return assignment
    if assignment.state == AssignmentState.ANSWERED:
        raise Conflict(CLOSED_WORDS[AssignmentState.ANSWERED], code="already_answered")
    _require_leased(assignment, now)
    assignment.state, assignment.closed_at = AssignmentState.FLAGGED, now
    assignment.save(update_fields=["state", "closed_at"])
    decrement_seats([assignment])  # locks the pair, so that two flags at once are counted one after the other
    Flag.objects.create(campaign_id=assignment.campaign_id, assignment=assignment, reason=reason, note=note, created_at=now)
    flags = Flag.objects.filter(assignment__pair=assignment.pair_id, resolved_at__isnull=True)
    if flags.exclude(assignment__kind=AssignmentKind.MACHINE).count() >= assignment.member.campaign.flags_to_hold:
        hold_pairs(pair_ids=[assignment.pair_id], by=None, now=now)
    return assignment


@transaction.atomic
def undo_vote(*, assignment_id: int, by: User, now: datetime | None = None) -> Assignment:
    """Take the answer of an assignment back: its votes stay, void, and the pair is before the annotator again.

    Only of the member's last answers, as the campaign's `undo_votes` and `undo_minutes` allow. Undoing it again changes
    nothing. Raises NotFound, NotAllowed (undo_refused, campaign_*, member_*) and Conflict (assignment_closed).
    """
    now = now or timezone.now()
    assignment = _locked(assignment_id, by).assignment
    member, campaign = assignment.member, assignment.member.campaign
    if assignment.state == AssignmentState.OPEN and assignment.votes.filter(void_reason=VoidReason.UNDONE).exists():
        return assignment
    if assignment.state != AssignmentState.ANSWERED:
        raise Conflict("There is no vote on this pair to undo.", code="assignment_closed")
    require_eligible(member, to_answer=True)
    if not undoable(member, now).filter(pk=assignment.pk).exists():
        raise NotAllowed(
            f"You can undo only your last {campaign.undo_votes} votes, within {campaign.undo_minutes} minutes.",
            code="undo_refused",
        )
    assignment.votes.live().update(void_reason=VoidReason.UNDONE, voided_at=now, voided_by=by)
    assignment.state, assignment.closed_at = AssignmentState.OPEN, None
    assignment.lease_expires_at = now + timedelta(seconds=campaign.lease_seconds)
    assignment.save(update_fields=["state", "closed_at", "lease_expires_at"])
    Member.objects.filter(pk=member.pk).update(answered_count=F("answered_count") - 1)
    member.answered_count -= 1
    return assignment


def undoable(member: Member, now: datetime) -> QuerySet[Assignment]:
    """The answered assignments that the member may still undo, the latest first."""
    campaign = member.campaign
    since = now - timedelta(minutes=campaign.undo_minutes)
    answers = Vote.objects.answers().filter(member=member)
    latest = answers.exclude(assignment__kind=AssignmentKind.TRAINING)  # they know its answer by now
    last = latest.order_by("-created_at", "-assignment").values("assignment")[: campaign.undo_votes]
    answered = Assignment.objects.filter(state=AssignmentState.ANSWERED, closed_at__gt=since, pk__in=last)
    return answered.order_by("-closed_at", "-pk")


def check_answer(questions: list[Question], answer: Answer) -> None:
    """Raises Invalid, naming each question, unless it answers exactly the questions with choices they allow."""
    errors: dict[str, list[str]] = {}
    for question in questions:
        choice = answer.choices.get(question.slug)
        if choice is None:
            errors[question.slug] = ["Answer this question."]
        elif choice not in question.choices:
            errors[question.slug] = [f"{choice!r} is not a valid choice. Use one of {', '.join(question.choices)}."]
    for slug in answer.choices.keys() - {question.slug for question in questions}:
        errors[slug] = ["This campaign does not have this question."]
    if not answer.has_possible_time:
        errors["elapsed_ms"] = [f"Use milliseconds from 0 to {ELAPSED_MS_LIMIT}."]
    if answer.conditions is not None and (problem := problem_with(answer.conditions)):
        errors["conditions"] = [": ".join(filter(None, problem))]
    if not answer.has_possible_comment:
        errors["comment"] = [f"Use at most {COMMENT_LIMIT} characters."]
    if errors:
        raise Invalid("The answer is not valid.", errors=errors)


def _locked(assignment_id: int, by: User) -> Locked:
    if assignment_id <= ID_LIMIT:
        result = fetch_prepared(LOCK_SQL, {"assignment": assignment_id, "user": by.pk})
        if result.rows:
            return _as_locked(result.first(LockedRow), by)
    raise NotFound("This assignment does not exist, or it is not yours.")


def _as_locked(row: LockedRow, by: User) -> Locked:
    assignment, member, campaign = row.assignment, row.member, row.campaign
    assignment.member, member.campaign, member.user = member, campaign, by
    if row.progress is not None:
        campaign.progress = row.progress
    return Locked(assignment, [Question(**question) for question in json.loads(row.questions or "[]")])


def _same_again(locked: Locked, choices: dict[str, str]) -> CastVote:
    votes = {vote.question_id: vote for vote in locked.assignment.votes.live()}
    if any(votes[question.pk].choice != choices[question.slug] for question in locked.questions):
        raise Conflict("You already answered this pair with a different choice.", code="already_answered")
    same = [votes[question.pk] for question in locked.questions]
    for vote, question in zip(same, locked.questions, strict=True):
        vote.question = question
    return locked.cast(same, is_new=False)


def _require_leased(assignment: Assignment, now: datetime) -> None:
    if assignment.state == AssignmentState.EXPIRED or (
        assignment.state == AssignmentState.OPEN and assignment.lease_expires_at <= now
    ):
        raise Conflict(CLOSED_WORDS[AssignmentState.EXPIRED], code="lease_expired")
    if assignment.state != AssignmentState.OPEN:
        raise Conflict(CLOSED_WORDS[AssignmentState(assignment.state)], code="assignment_closed")
