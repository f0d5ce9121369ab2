"""The only writer of votes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator.choices import AssignmentKind, AssignmentState, CampaignState, FlagReason, VoidReason
from annotator.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from annotator.judging import queue as assignment_queue
from annotator.judging.assigning import next_assignments
from annotator.judging.eligibility import require_active, require_open
from annotator.judging.limits import room_for
from annotator.judging.pair_holds import hold_pairs
from annotator.judging.seats import decrement_seats
from annotator.lib import metrics
from annotator.lib.raw_sql import Columns, RowReader, fetch_prepared
from annotator.models import Assignment, Campaign, CampaignProgress, Flag, Member, Question, User, Vote

ELAPSED_MS_LIMIT = 24 * 3600 * 1000
FLAG_NOTE_LIMIT = 2000
COMMENT_LIMIT = 2000
CLOCKS_DIFFER_MS = 2000  # between web processes on several machines, at most
ID_LIMIT = 2**63 - 1

CLOSED_WORDS = {
    AssignmentState.ANSWERED: "You already answered this pair.",
    AssignmentState.SKIPPED: "You skipped this pair.",
    AssignmentState.FLAGGED: "You flagged this pair.",
    AssignmentState.EXPIRED: "Your time for this pair ran out. It may go to someone else.",
    AssignmentState.RETURNED: "This pair is no longer assigned to you.",
}

_SEAT = Columns(Assignment, "seat")
_MEMBER = Columns(Member, "member")
_CAMPAIGN = Columns(Campaign, "campaign")
_PROGRESS = Columns(
    CampaignProgress, "progress", "campaign", "pairs_total", "pairs_held", "votes_wanted", "votes_live", "seats_open"
)
_QUESTION = Columns(Question, "question", "id", "campaign", "slug", "text", "position", "choices")

_QUESTIONS = f"""
(SELECT json_agg(json_build_array({_QUESTION.sql}) ORDER BY question.position)::text
 FROM annotator_question question WHERE question.campaign_id = campaign.id)
"""  # noqa: S608 - no value of a user's is in it

# The assignment, locked, with all that its answer is judged by and that the page shows beside the next pair.
_LOCKED_SQL = f"""
SELECT {_SEAT.sql}, {_MEMBER.sql}, {_CAMPAIGN.sql}, {_PROGRESS.sql}, {_QUESTIONS}
FROM annotator_assignment seat
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = campaign.id
WHERE seat.id = %(assignment)s::bigint AND member.user_id = %(user)s::bigint
FOR NO KEY UPDATE OF seat
"""  # noqa: S608

# The time, unless the pair was sent to the annotator later than it would have begun.
_BELIEVED = f"""
CASE WHEN seat.shown_at IS NULL
       OR %(elapsed_ms)s::int <= extract(epoch FROM %(now)s::timestamptz - seat.shown_at) * 1000 + {CLOCKS_DIFFER_MS}
     THEN %(elapsed_ms)s::int END
"""
# A vote that is as it should be, in one statement, and so in one transaction of its own: the votes, the end of the
# assignment, its member's counter, and the head of the queue after it. Where anything is not as it should be it writes
# nothing, and `_refusal` finds out why. The member must still be active when it is written, so that a suspension that
# commits first wins.
_VOTE_SQL = f"""
WITH seat AS MATERIALIZED (
    SELECT {_SEAT.sql} FROM annotator_assignment seat
    WHERE seat.id = %(assignment)s::bigint AND seat.state = 'open' AND seat.lease_expires_at > %(now)s::timestamptz
      AND EXISTS (SELECT FROM annotator_member member JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
                  WHERE member.id = seat.member_id AND member.user_id = %(user)s::bigint AND member.state = 'active'
                    AND campaign.state IN ('open', 'paused'))
    FOR NO KEY UPDATE OF seat
), answer AS MATERIALIZED (
    SELECT question.id, given.choice, question.position = 0 AND campaign.asks_comment AS takes_comment
    FROM seat JOIN annotator_member member ON member.id = seat.member_id
    JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
    JOIN annotator_question question ON question.campaign_id = member.campaign_id
    LEFT JOIN unnest(%(slugs)s::text[], %(choices)s::text[]) AS given (slug, choice)
      ON given.slug = question.slug AND given.choice = ANY (question.choices)
), counted AS (
    UPDATE annotator_member SET answered_count = answered_count + 1 FROM seat
    WHERE annotator_member.id = seat.member_id AND annotator_member.state = 'active'
      AND (SELECT count(*) = count(choice) AND count(*) = cardinality(%(slugs)s::text[]) FROM answer)
    RETURNING annotator_member.id
), closed AS (
    UPDATE annotator_assignment SET state = 'answered', closed_at = %(now)s::timestamptz
    FROM counted WHERE annotator_assignment.id = %(assignment)s::bigint
    RETURNING annotator_assignment.id, annotator_assignment.campaign_id, annotator_assignment.member_id
), vote AS (
    INSERT INTO annotator_vote (campaign_id, assignment_id, question_id, choice, elapsed_ms, comment, created_at)
    SELECT closed.campaign_id, closed.id, answer.id, answer.choice, {_BELIEVED},
           CASE WHEN answer.takes_comment THEN %(comment)s::text ELSE '' END, %(now)s::timestamptz
    FROM closed JOIN seat ON seat.id = closed.id, answer
    RETURNING id, question_id, elapsed_ms
), owner AS (
    SELECT member.id, campaign.lease_seconds * interval '1 second' AS lease
    FROM closed JOIN annotator_member member ON member.id = closed.member_id
    JOIN annotator_campaign campaign ON campaign.id = member.campaign_id AND campaign.state = 'open'
), {assignment_queue.HEAD}
SELECT {_SEAT.sql}, {_MEMBER.sql}, {_CAMPAIGN.sql}, {_PROGRESS.sql}, {_QUESTIONS},
       (SELECT json_object_agg(vote.question_id, vote.id)::text FROM vote), (SELECT max(vote.elapsed_ms) FROM vote),
       {assignment_queue.COLUMNS}
FROM closed
JOIN seat ON seat.id = closed.id
JOIN annotator_member member ON member.id = seat.member_id
JOIN annotator_campaign campaign ON campaign.id = member.campaign_id
LEFT JOIN annotator_campaignprogress progress ON progress.campaign_id = campaign.id
LEFT JOIN ({assignment_queue.TABLES}) ON true
ORDER BY head.id
"""  # noqa: S608


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


@dataclass(frozen=True)
class Answer:
    """What somebody says about a pair: question slug to choice, how long they looked, and a comment on all of it."""

    choices: dict[str, str]
    elapsed_ms: int | None
    comment: str

    @property
    def has_possible_time(self) -> bool:
        return self.elapsed_ms is None or 0 <= self.elapsed_ms <= ELAPSED_MS_LIMIT

    @property
    def has_possible_comment(self) -> bool:
        return len(self.comment) <= COMMENT_LIMIT


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
    cast, _ = _cast(assignment_id, by, Answer(choices, elapsed_ms, comment), count=0, now=now or timezone.now())
    return cast


@metrics.ASSIGNMENT_WAIT.time()
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
    """As `cast_vote`, and in the same statement the member's next assignments, as `next_assignments` gives them.

    Where there are none, or the member may have none, the list is empty; the vote counts all the same.
    """
    now = now or timezone.now()
    cast, queue = _cast(assignment_id, by, Answer(choices, elapsed_ms, comment), count=count, now=now)
    member = cast.assignment.member
    room = room_for(member, now)
    if room is not None:
        count = min(count, room.votes)
    if len(queue) >= count:
        return cast, queue[:count]
    try:
        return cast, next_assignments(member=member, count=count, now=now)
    except NotAllowed:
        return cast, []


def _cast(assignment_id: int, by: User, answer: Answer, *, count: int, now: datetime) -> tuple[CastVote, list[Assignment]]:
    """The vote and, where it is new, the head of the queue after it."""
    is_possible = answer.has_possible_time and answer.has_possible_comment
    if is_possible and (cast := _write_votes(assignment_id, by, answer, count, now)):
        outcome, kind = "new", cast[0].assignment.kind
    else:
        with transaction.atomic():
            locked = _locked(assignment_id, by)
            kind = locked.assignment.kind
            try:
                cast, outcome = (_same_answer(locked, answer, now), []), "again"
            except DomainError as refusal:
                metrics.VOTES.labels(kind, refusal.code).inc()
                raise
    # Counted once it is there to stay, and whatever comes of the counting.
    transaction.on_commit(metrics.VOTES.labels(kind, outcome).inc, robust=True)
    return cast


def _write_votes(
    assignment_id: int, by: User, answer: Answer, count: int, now: datetime
) -> tuple[CastVote, list[Assignment]] | None:
    """The votes, written, and the head of the queue after them; None where they cannot be, and nothing was written."""
    if assignment_id > ID_LIMIT:
        return None
    rows = fetch_prepared(
        _VOTE_SQL,
        {
            "assignment": assignment_id,
            "user": by.pk,
            "slugs": list(answer.choices),
            "choices": list(answer.choices.values()),
            "elapsed_ms": answer.elapsed_ms,
            "comment": answer.comment,
            "count": count,
            "now": now,
        },
    )
    if not rows:
        return None
    readers = [RowReader(row) for row in rows]
    locked = _read_locked(readers[0], by)
    ids, elapsed_ms = json.loads(readers[0].take_value()), readers[0].take_value()
    if elapsed_ms != answer.elapsed_ms:
        transaction.on_commit(metrics.IMPOSSIBLE_TIMES.inc, robust=True)
    assignment, member = locked.assignment, locked.assignment.member
    assignment.state, assignment.closed_at = AssignmentState.ANSWERED, now
    member.answered_count += 1
    votes = [
        Vote(
            pk=ids[str(question.pk)],
            campaign_id=assignment.campaign_id,
            assignment=assignment,
            question=question,
            choice=answer.choices[question.slug],
            elapsed_ms=elapsed_ms,
            created_at=now,
        )
        for question in locked.questions
    ]
    return locked.cast(votes, is_new=True), _read_queue(readers, member, now)


def _read_queue(readers: list[RowReader], member: Member, now: datetime) -> list[Assignment]:
    """What comes after the columns of `_read_locked` and the votes; nothing where the queue is empty."""
    start = readers[0].at
    for reader in readers[1:]:
        reader.at = start
    return [] if readers[0].peek() is None else assignment_queue.as_queue(readers, member, now)


def _same_answer(locked: Locked, answer: Answer, now: datetime) -> CastVote:
    """The votes that are there already, if they are the same. Raises what stands against the answer otherwise."""
    assignment = locked.assignment
    check_answer(locked.questions, answer)
    if assignment.state == AssignmentState.ANSWERED:
        return _same_again(locked, answer.choices)
    _require_leased(assignment, now)
    if assignment.member.campaign.state != CampaignState.PAUSED:
        require_open(assignment.member.campaign)
    require_active(assignment.member)
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
    Flag.objects.create(assignment=assignment, reason=reason, note=note, created_at=now)
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
    if campaign.state != CampaignState.PAUSED:
        require_open(campaign)
    require_active(member)
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
    answered = Assignment.objects.filter(member=member, state=AssignmentState.ANSWERED)
    latest = answered.exclude(kind=AssignmentKind.TRAINING).order_by("-closed_at", "-pk")  # they know its answer by now
    last = latest.values("pk")[: campaign.undo_votes]
    return latest.filter(pk__in=last, closed_at__gt=since)


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
    if not answer.has_possible_comment:
        errors["comment"] = [f"Use at most {COMMENT_LIMIT} characters."]
    if errors:
        raise Invalid("The answer is not valid.", errors=errors)


def _locked(assignment_id: int, by: User) -> Locked:
    rows = fetch_prepared(_LOCKED_SQL, {"assignment": assignment_id, "user": by.pk}) if assignment_id <= ID_LIMIT else []
    if not rows:
        raise NotFound("This assignment does not exist, or it is not yours.")
    return _read_locked(RowReader(rows[0]), by)


def _read_locked(reader: RowReader, by: User) -> Locked:
    assignment, member, campaign = reader.take(_SEAT), reader.take(_MEMBER), reader.take(_CAMPAIGN)
    progress = reader.take(_PROGRESS)
    assignment.member, member.campaign, member.user = member, campaign, by
    if progress.campaign_id is not None:
        campaign.progress = progress
    questions = [_QUESTION.instance(values) for values in json.loads(reader.take_value() or "[]")]
    return Locked(assignment, questions)


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
