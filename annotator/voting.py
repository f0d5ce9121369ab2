"""The only writer of votes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator import metrics
from annotator.assigning import require_active, take_next
from annotator.campaigns import require_open
from annotator.choices import AssignmentState, CampaignState, FlagReason, VoidReason
from annotator.circulation import hold_pairs
from annotator.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from annotator.models import Assignment, Campaign, CampaignProgress, Flag, Member, Question, User, Vote
from annotator.rows import Columns, Reader
from annotator.seats import free_seats

ELAPSED_MS_LIMIT = 24 * 3600 * 1000
FLAG_NOTE_LIMIT = 2000
COMMENT_LIMIT = 2000
CLOCKS_DIFFER = timedelta(seconds=2)  # between web processes on several machines, at most

CLOSED_WORDS = {
    AssignmentState.ANSWERED: "This pair was answered already.",
    AssignmentState.SKIPPED: "You skipped this pair.",
    AssignmentState.FLAGGED: "You flagged this pair.",
    AssignmentState.EXPIRED: "The time for this pair ran out, and its seat went back.",
    AssignmentState.RETURNED: "This pair was taken back.",
}

_SEAT = Columns(Assignment, "seat")
_MEMBER = Columns(Member, "member")
_CAMPAIGN = Columns(Campaign, "campaign")
_PROGRESS = Columns(
    CampaignProgress, "progress", "campaign", "pairs_total", "pairs_held", "votes_wanted", "votes_live", "seats_open"
)
_QUESTION = Columns(Question, "question", "id", "campaign", "slug", "text", "position", "choices")

# The assignment, locked, with all that its answer is judged by and that the page shows beside the next pair.
_LOCKED_SQL = f"""
SELECT {_SEAT.sql}, {_MEMBER.sql}, {_CAMPAIGN.sql}, {_PROGRESS.sql},
       (SELECT guideline.id FROM annotator_guideline guideline
        WHERE guideline.campaign_id = campaign.id AND guideline.published_at IS NOT NULL
        ORDER BY guideline.version DESC LIMIT 1),
       (SELECT json_agg(json_build_array({_QUESTION.sql}) ORDER BY question.position)::text
        FROM annotator_question question WHERE question.campaign_id = campaign.id)
FROM annotator_assignment seat
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = campaign.id
WHERE seat.id = %(assignment)s AND member.user_id = %(user)s
FOR NO KEY UPDATE OF seat
"""  # noqa: S608 - no value of a user's is in it

# The votes, the end of the assignment and its member's counter in one statement. The member must still be active when it is
# written, so that a suspension that commits first wins.
_CAST_SQL = """
WITH counted AS (
    UPDATE annotator_member SET answered_count = answered_count + 1
    WHERE id = %(member)s AND state = 'active' RETURNING id
), closed AS (
    UPDATE annotator_assignment SET state = 'answered', closed_at = %(now)s
    FROM counted WHERE annotator_assignment.id = %(assignment)s AND annotator_assignment.member_id = counted.id
    RETURNING annotator_assignment.id
)
INSERT INTO annotator_vote (assignment_id, question_id, choice, elapsed_ms, comment, created_at)
SELECT closed.id, answer.question_id, answer.choice, %(elapsed_ms)s, answer.comment, %(now)s
FROM closed, unnest(%(questions)s::bigint[], %(choices)s::text[], %(comments)s::text[]) AS answer (question_id, choice, comment)
RETURNING id, question_id
"""


@dataclass(frozen=True)
class CastVote:
    """The votes of one answer, in the order of the questions; `is_new` is false when the same answer was there already.

    The assignment comes with its member, campaign and progress as they are now, and `guideline_in_force` is the id of the
    guideline that is.
    """

    assignment: Assignment
    votes: list[Vote]
    is_new: bool
    guideline_in_force: int | None


@dataclass(frozen=True)
class Locked:
    """An assignment under its lock, with the questions of its campaign in order."""

    assignment: Assignment
    questions: list[Question]
    guideline_in_force: int | None


@transaction.atomic
def cast_vote(
    *,
    assignment_id: int,
    by: User,
    choices: dict[str, str],
    elapsed_ms: int | None = None,
    comment: str = "",
    now: datetime | None = None,
) -> CastVote:
    """Record the answer to every question of an assignment: `choices` is question slug to choice.

    A time that cannot be true is not kept, and neither is a comment that the campaign does not ask for; the vote counts.

    The same answer again is no error and changes nothing. Raises NotFound for an assignment that is not the user's,
    Conflict (lease_expired, already_answered, assignment_closed) when it cannot be answered any more, NotAllowed when the
    campaign is over or the member may not vote, Invalid when the answer is not one.

    Of a paused campaign what was handed out before may still be answered; nothing new is handed out.
    """
    return _cast(_locked(assignment_id, by), choices, elapsed_ms, comment, now or timezone.now())


@transaction.atomic
def cast_vote_and_go_on(
    *,
    assignment_id: int,
    by: User,
    choices: dict[str, str],
    count: int,
    elapsed_ms: int | None = None,
    comment: str = "",
    now: datetime | None = None,
) -> tuple[CastVote, list[Assignment]]:
    """As `cast_vote`, and in the same transaction the member's next assignments, as `next_assignments` gives them.

    Where there are none, or the member may have none, the list is empty; the vote counts all the same.
    """
    now = now or timezone.now()
    cast = _cast(_locked(assignment_id, by), choices, elapsed_ms, comment, now)
    try:
        return cast, take_next(cast.assignment.member, count, now)
    except NotAllowed:
        return cast, []


def _cast(locked: Locked, choices: dict[str, str], elapsed_ms: int | None, comment: str, now: datetime) -> CastVote:
    kind = locked.assignment.kind
    try:
        cast = _answer(locked, choices, elapsed_ms, comment, now)
    except Refusal as refusal:
        metrics.VOTES.labels(kind, refusal.code).inc()
        raise
    # Counted once it is there to stay, and whatever comes of the counting.
    transaction.on_commit(metrics.VOTES.labels(kind, "new" if cast.is_new else "again").inc, robust=True)
    return cast


def _answer(locked: Locked, choices: dict[str, str], elapsed_ms: int | None, comment: str, now: datetime) -> CastVote:
    assignment, questions = locked.assignment, locked.questions
    member, campaign = assignment.member, assignment.member.campaign
    check_answer(questions, choices, elapsed_ms, comment)
    if assignment.state == AssignmentState.ANSWERED:
        return _same_again(locked, choices)
    _require_leased(assignment, now)
    if campaign.state != CampaignState.PAUSED:
        require_open(campaign)
    require_active(member)
    votes = _write_votes(locked, choices, _believable(elapsed_ms, assignment, now), comment, now)
    assignment.state, assignment.closed_at = AssignmentState.ANSWERED, now
    member.answered_count += 1
    return CastVote(assignment, votes, is_new=True, guideline_in_force=locked.guideline_in_force)


def _believable(elapsed_ms: int | None, assignment: Assignment, now: datetime) -> int | None:
    """The time, unless the pair was sent to the annotator later than it would have begun."""
    if elapsed_ms is None or assignment.shown_at is None:
        return elapsed_ms
    if timedelta(milliseconds=elapsed_ms) <= now - assignment.shown_at + CLOCKS_DIFFER:
        return elapsed_ms
    transaction.on_commit(metrics.IMPOSSIBLE_TIMES.inc, robust=True)
    return None


def _write_votes(locked: Locked, choices: dict[str, str], elapsed_ms: int | None, comment: str, now: datetime) -> list[Vote]:
    questions = {question.pk: question for question in locked.questions}
    # It is on the whole answer, and stands with the first of its votes.
    comments = [comment if locked.assignment.member.campaign.asks_comment else "", *[""] * (len(questions) - 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            _CAST_SQL,
            {
                "member": locked.assignment.member_id,
                "assignment": locked.assignment.pk,
                "questions": list(questions),
                "choices": [choices[question.slug] for question in locked.questions],
                "comments": comments,
                "elapsed_ms": elapsed_ms,
                "now": now,
            },
        )
        written = cursor.fetchall()
    if not written:
        raise Conflict("Your membership was changed just now; the vote was not counted.", code="member_changed")
    votes = [
        Vote(
            pk=pk,
            assignment=locked.assignment,
            question=questions[question_id],
            choice=choices[questions[question_id].slug],
            elapsed_ms=elapsed_ms,
            created_at=now,
        )
        for pk, question_id in written
    ]
    return sorted(votes, key=lambda vote: vote.question.position)


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
    assignment = _locked(assignment_id, by).assignment
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
    assignment = _locked(assignment_id, by).assignment
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
    member.answered_count -= 1
    return assignment


def undoable(member: Member, now: datetime) -> QuerySet[Assignment]:
    """The answered assignments that the member may still undo, the latest first."""
    campaign = member.campaign
    since = now - timedelta(minutes=campaign.undo_minutes)
    latest = Assignment.objects.filter(member=member, state=AssignmentState.ANSWERED).order_by("-closed_at", "-pk")
    last = latest.values("pk")[: campaign.undo_votes]
    return latest.filter(pk__in=last, closed_at__gt=since)


def check_answer(questions: list[Question], choices: dict[str, str], elapsed_ms: int | None, comment: str = "") -> None:
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
    if len(comment) > COMMENT_LIMIT:
        errors["comment"] = [f"Use at most {COMMENT_LIMIT} characters."]
    if errors:
        raise Invalid("The answer is not complete or not possible.", errors=errors)


def _locked(assignment_id: int, by: User) -> Locked:
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED_SQL, {"assignment": assignment_id, "user": by.pk})
        row = cursor.fetchone()
    if row is None:
        raise NotFound("There is no such assignment of yours.")
    reader = Reader(row)
    assignment, member, campaign = reader.take(_SEAT), reader.take(_MEMBER), reader.take(_CAMPAIGN)
    progress, guideline_in_force = reader.take(_PROGRESS), reader.take_value()
    assignment.member, member.campaign, member.user = member, campaign, by
    if progress.campaign_id is not None:
        campaign.progress = progress
    questions = [_QUESTION.instance(values) for values in json.loads(reader.take_value() or "[]")]
    return Locked(assignment, questions, guideline_in_force)


def _same_again(locked: Locked, choices: dict[str, str]) -> CastVote:
    votes = {vote.question_id: vote for vote in locked.assignment.votes.live()}
    if any(votes[question.pk].choice != choices[question.slug] for question in locked.questions):
        raise Conflict("This pair was answered already, with another choice.", code="already_answered")
    same = [votes[question.pk] for question in locked.questions]
    for vote, question in zip(same, locked.questions, strict=True):
        vote.question = question
    return CastVote(locked.assignment, same, is_new=False, guideline_in_force=locked.guideline_in_force)


def _require_leased(assignment: Assignment, now: datetime) -> None:
    if assignment.state == AssignmentState.EXPIRED or (
        assignment.state == AssignmentState.OPEN and assignment.lease_expires_at <= now
    ):
        raise Conflict(CLOSED_WORDS[AssignmentState.EXPIRED], code="lease_expired")
    if assignment.state != AssignmentState.OPEN:
        raise Conflict(CLOSED_WORDS[AssignmentState(assignment.state)], code="assignment_closed")
