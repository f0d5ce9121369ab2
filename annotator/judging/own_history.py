"""What a member has judged: their own answers and counts, and nothing about the pairs that they were not shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import Choice
from annotator.errors import Invalid
from annotator.judging.limits import votes_of_today
from annotator.judging.shown_choices import shown_choice
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Image, Member, Vote

CURSOR = re.compile(r"(?P<microseconds>\d{1,17})-(?P<id>\d{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Judged:
    """An answered assignment as it was on the screen: the images from left to right, each with whether it was chosen."""

    assignment: Assignment
    sides: list[tuple[str, Image, bool]]
    answers: list[tuple[str, str]]


@dataclass(frozen=True)
class Counts:
    in_all: int
    today: int
    this_week: int


def counts_of(member: Member, now: datetime | None = None) -> Counts:
    """How many pairs the member has answered. A day is a day in UTC, a week the last seven days."""
    now = now or timezone.now()
    week = Vote.objects.answers().filter(member=member, created_at__gt=now - timedelta(days=7)).count()
    return Counts(in_all=member.answered_count, today=votes_of_today(member, now), this_week=week)


def judged_by(member: Member, *, before: str = "", count: int) -> tuple[list[Judged], str]:
    """The member's answers from the newest on, and the cursor of the next page ("" on the last one).

    Raises Invalid for a cursor that this function did not give. A page costs the same wherever it is: the index holds just
    these rows, in this order.
    """
    answers = Vote.objects.answers().filter(member=member)
    if before:
        at, pk = parse_cursor(before)
        answers = answers.filter(created_at__lte=at).exclude(Q(created_at=at) & Q(assignment__gte=pk))
    votes = Vote.objects.live().select_related("question").order_by("question__position")
    latest = (
        answers.order_by("-created_at", "-assignment")
        .select_related("assignment__pair__prompt", "assignment__pair__image_a", "assignment__pair__image_b")
        .prefetch_related(Prefetch("assignment__votes", queryset=votes, to_attr="live_votes"))
    )
    found = list(latest[: count + 1])
    cursor = cursor_of(found[count - 1]) if len(found) > count else ""
    return [judged(answer.assignment) for answer in found[:count]], cursor


def judged(assignment: Assignment) -> Judged:
    votes: Sequence[Vote] = assignment.live_votes  # type: ignore[attr-defined]  # prefetched
    chosen = votes[0].choice if votes else None
    slots = [(Choice.A, assignment.pair.image_a), (Choice.B, assignment.pair.image_b)]
    left, right = slots if assignment.a_on_left else reversed(slots)
    sides = [(image_words(side, slot == chosen), image, slot == chosen) for side, (slot, image) in enumerate((left, right))]
    return Judged(assignment, sides, [(vote.question.text_here, words_for(vote.choice, assignment)) for vote in votes])


def image_words(side: int, is_chosen: bool) -> str:
    """For who cannot see the image on the left (0) or on the right (1)."""
    if is_chosen:
        return gettext("Right image, your choice") if side else gettext("Left image, your choice")
    return gettext("Right image") if side else gettext("Left image")


def words_for(choice: str, assignment: Assignment) -> str:
    return str(shown_choice(choice, a_on_left=assignment.a_on_left).wide.label)


def cursor_of(answer: Vote) -> str:
    return f"{(answer.created_at - EPOCH) // MICROSECOND}-{ASSIGNMENTS.show(answer.assignment_id)}"


def parse_cursor(cursor: str) -> tuple[datetime, int]:
    """Raises Invalid."""
    found = CURSOR.fullmatch(cursor)
    if found is None or not found["microseconds"].isascii() or not found["id"].isascii():
        raise Invalid(
            gettext("This page link is not valid."), errors={"before": [gettext("Use the links at the bottom of the page.")]}
        )
    return EPOCH + int(found["microseconds"]) * MICROSECOND, ASSIGNMENTS.find(int(found["id"]))
