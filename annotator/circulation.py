"""What a manager does with pairs: take them out, put them back, move them in the line, mark them as gold."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotator.choices import LIVE_ASSIGNMENT_STATES, AssignmentKind, AssignmentState, Choice, PairState
from annotator.errors import Conflict, Invalid
from annotator.models import Assignment, Flag, Pair, Question, User
from annotator.seats import give_back

PRIORITY_LIMIT = 1000


@transaction.atomic
def hold_pairs(*, pair_ids: Collection[int], by: User | None, now: datetime | None = None) -> int:
    """Take pairs out of circulation, with their votes kept. Returns how many were not held before.

    Seats on them that were prepared and not shown yet go back at once; who has one on the screen may still answer it.
    """
    locked = Pair.objects.filter(pk__in=pair_ids).exclude(state=PairState.HELD).select_for_update(no_key=True).order_by("pk")
    held = [pair.pk for pair in locked]
    Pair.objects.filter(pk__in=held).update(state=PairState.HELD)
    unseen = Assignment.objects.open().filter(pair__in=held, shown_at__isnull=True)
    give_back(unseen, state=AssignmentState.EXPIRED, now=now or timezone.now())
    return len(held)


@transaction.atomic
def return_pairs(*, pair_ids: Collection[int], by: User | None, now: datetime | None = None) -> int:
    """Put held pairs back in circulation; scoring settles those that have all their votes. Returns how many were held.

    The flags on them are resolved: only new ones count towards holding them again.
    """
    Flag.objects.filter(assignment__pair__in=pair_ids, resolved_at__isnull=True).update(
        resolved_at=now or timezone.now(), resolved_by=by
    )
    return Pair.objects.filter(pk__in=pair_ids, state=PairState.HELD).update(state=PairState.OPEN)


def set_priority(*, pair_ids: Collection[int], priority: int, by: User | None) -> int:
    """Move pairs in the line: those with a higher priority are handed out first. Returns how many there are."""
    if not -PRIORITY_LIMIT <= priority <= PRIORITY_LIMIT:
        raise Invalid("That is no priority.", errors={"priority": [f"Use {-PRIORITY_LIMIT} to {PRIORITY_LIMIT}."]})
    return Pair.objects.filter(pk__in=pair_ids).update(priority=priority)


@transaction.atomic
def set_gold(*, pair: Pair, choice: str | None, note: str, by: User | None) -> Pair:
    """Make the pair gold with its known answer and why, or an ordinary pair again (None). Raises as `check_gold` does."""
    locked = Pair.objects.select_for_update(no_key=True).get(pk=pair.pk)  # nobody takes a seat on it meanwhile
    check_gold(pair=locked, choice=choice, note=note)
    locked.gold_choice, locked.gold_note = choice, note
    locked.save(update_fields=["gold_choice", "gold_note"])
    return locked


def check_gold(*, pair: Pair, choice: str | None, note: str) -> None:
    """Raises Invalid or Conflict where the pair cannot have this known answer.

    A gold pair collects no regular votes, and its answer is what annotators are measured against. So the answer is fixed
    as soon as somebody works on the pair or has answered it; the note may change at any time.
    """
    if choice is None and note.strip():
        raise Invalid("A note explains a known answer.", errors={"gold_note": ["Say the known answer, or leave this empty."]})
    if choice == pair.gold_choice:
        return
    if choice is not None and choice not in primary_choices(pair):
        raise Invalid(
            "That is no known answer.", errors={"gold_choice": [f"{choice!r} is no choice of the campaign's first question."]}
        )
    if pair.assignments.filter(state__in=LIVE_ASSIGNMENT_STATES).exclude(kind=AssignmentKind.MACHINE).exists():
        raise Conflict(
            "Somebody works on this pair or has answered it, so its known answer cannot change any more.", code="pair_in_use"
        )


def primary_choices(pair: Pair) -> list[str]:
    question = Question.objects.filter(campaign=pair.campaign_id, position=0).first()
    return question.choices if question else list(Choice.values)
