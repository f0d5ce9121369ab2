"""Votes, written where all is as it should be, and what comes after them: one statement, and data instead of models.

Whatever is not as it should be is written nothing of. `voting.cast_vote` then finds the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from annotator.choices import CampaignState
from annotator.judging.conditions import Conditions, problem_with
from annotator.judging.queue import RENEW_BELOW
from annotator.lib import metrics
from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Assignment

ELAPSED_MS_LIMIT = 24 * 3600 * 1000
COMMENT_LIMIT = 2000
CLOCKS_DIFFER_MS = 2000  # between web processes on several machines, at most
ID_LIMIT = 2**63 - 1

VOTE_SQL = read_statement(__file__, "vote")


@dataclass(frozen=True)
class Answer:
    """What somebody says about a pair: question slug to choice, how long they looked, a comment on all of it, and the viewing
    conditions (`judging.conditions`), if they are known.

    A lone choice may be for "", which is the first question.
    """

    choices: dict[str, str]
    elapsed_ms: int | None
    comment: str
    conditions: Conditions | None = None

    @property
    def has_possible_time(self) -> bool:
        return self.elapsed_ms is None or 0 <= self.elapsed_ms <= ELAPSED_MS_LIMIT

    @property
    def has_possible_questions(self) -> bool:
        return "" not in self.choices or len(self.choices) == 1

    @property
    def has_possible_comment(self) -> bool:
        return len(self.comment) <= COMMENT_LIMIT

    @property
    def has_possible_conditions(self) -> bool:
        return self.conditions is None or problem_with(self.conditions) is None

    @property
    def is_possible(self) -> bool:
        return (
            self.has_possible_time and self.has_possible_comment and self.has_possible_questions and self.has_possible_conditions
        )


@dataclass(frozen=True)
class Proof:
    """What showed some time ago who asks: the row of a session, and the password (its hash) that the session was begun with.

    While the rows are still the same, so is what they showed.
    """

    session: str
    session_data: str
    password: str


@dataclass(frozen=True)
class WrittenVotes:
    """The votes that were written, and their member and campaign as they are now. A part of each row of vote.sql.

    `answered`, `kinds` and `sides` (whether `a` was on the left) are of the assignments, in the order of their ids.
    """

    answered: list[int]
    kinds: list[str]
    sides: list[bool]
    votes: list[int]
    times_dropped: int
    member_id: int
    campaign_slug: str
    campaign_state: str
    notice_id: int | None
    undo_votes: int
    answered_count: int
    votes_live: int | None
    votes_wanted: int | None
    has_limits: bool
    has_to_read: bool
    may_need_training: bool
    lease_seconds: int

    @property
    def may_go_on(self) -> bool:
        """Whether the member just gets their next pairs: nothing to read or to be trained in, the campaign open."""
        return self.campaign_state == CampaignState.OPEN and not self.has_to_read and not self.may_need_training


@dataclass(frozen=True)
class NextSeat:
    """An open assignment with all that is shown of it: the other part of each row of vote.sql."""

    seat_id: int
    seat_a_on_left: bool
    lease_expires_at: datetime
    shown_at: datetime | None
    queue_length: int | None
    prompt: str
    language: str
    a_id: UUID
    a_width: int
    a_height: int
    b_id: UUID
    b_width: int
    b_height: int

    @classmethod
    def of(cls, seat: Assignment) -> NextSeat:
        """From an assignment as queue.head_of_queue gives it."""
        pair = seat.pair
        a, b = pair.image_a, pair.image_b
        return cls(
            seat_id=seat.pk,
            seat_a_on_left=seat.a_on_left,
            lease_expires_at=seat.lease_expires_at,
            shown_at=seat.shown_at,
            queue_length=seat.queue_length,
            prompt=pair.prompt.text,
            language=pair.prompt.language,
            a_id=a.public_id,
            a_width=a.width,
            a_height=a.height,
            b_id=b.public_id,
            b_width=b.width,
            b_height=b.height,
        )

    def seconds_left(self, lease_seconds: int, now: datetime) -> float:
        """Of its lease, which the statement renewed where it was never shown or less than most of it was left."""
        return (self.expires_at(lease_seconds, now) - now).total_seconds()

    def expires_at(self, lease_seconds: int, now: datetime) -> datetime:
        lease = timedelta(seconds=lease_seconds)
        is_renewed = self.shown_at is None or self.lease_expires_at - now < RENEW_BELOW * lease
        return now + lease if is_renewed else self.lease_expires_at


def write_votes(
    answers: Mapping[int, Answer], *, user_id: int, count: int, now: datetime, proof: Proof | None = None
) -> tuple[WrittenVotes, list[NextSeat]] | None:
    """The answers by assignment, as far as they are as they should be, and up to `count` of the assignments after them.

    All are of one member: an answer for another than that of the first is left out. None where nothing was written.
    """
    if not all(answer.is_possible for answer in answers.values()):
        return None
    if not answers or max(answers) > ID_LIMIT:
        return None
    given = [
        {
            "id": seat,
            "place": place,
            "elapsed_ms": answer.elapsed_ms,
            "comment": answer.comment,
            "conditions": answer.conditions,
            "choices": answer.choices,
        }
        for place, (seat, answer) in enumerate(answers.items())
    ]
    result = fetch_prepared(
        VOTE_SQL,
        {
            "first": given[0]["id"],
            "answers": json.dumps(given),
            "user": user_id,
            "session": proof and proof.session,
            "session_data": proof and proof.session_data,
            "password": proof and proof.password,
            "count": count,
            "now": now,
            "clocks_differ_ms": CLOCKS_DIFFER_MS,
            "renew_below": RENEW_BELOW,
        },
    )
    if not result.rows:
        return None
    written = result.first(WrittenVotes)
    # Counted once it is there to stay, and whatever comes of the counting.
    transaction.on_commit(lambda: _count(written), robust=True)
    seats = [seat for seat in result.as_rows(NextSeat) if seat.queue_length is not None]  # one row without, where there is none
    return written, seats


def _count(written: WrittenVotes) -> None:
    for kind in written.kinds:
        metrics.VOTES.labels(kind, "new").inc()
    metrics.IMPOSSIBLE_TIMES.inc(written.times_dropped)
