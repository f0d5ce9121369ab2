"""Gold pairs: whose answer is known, what annotators are checked and trained by, and what becomes of one that misleads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import (
    AssignmentKind,
    AssignmentState,
    Choice,
    ConsensusMethod,
    GoldAction,
    GoldUse,
    Label,
    PairState,
)
from annotator.errors import Conflict, Invalid
from annotator.judging.seats import release_assignments
from annotator.lib import audit
from annotator.lib.raw_sql import fetch_prepared, statement
from annotator.models import Assignment, Campaign, Consensus, GoldDecision, Pair, Question, User
from annotator.models.audit import AuditAction
from annotator.models.outcome import AGREED_SHARE

# A good record is this share of the other gold pairs right, of at least so many. A pair goes to review when more than half
# of at least so many annotators with a good record give another answer: a false alarm costs a manager a look, a known
# answer that is wrong costs good annotators their place.
GOOD_SHARE = 0.75
GOOD_MINIMUM = 3
ANSWERS_MINIMUM = 4

# What is proposed: at least so many votes that agree all but entirely.
PROPOSED_VOTES = 3
PROPOSED_SHARE = AGREED_SHARE

_CHECKED_BY = (AssignmentKind.GOLD, AssignmentKind.TRAINING)

# Every gold answer that counts, each beside the record of its annotator on the other gold pairs of the campaign.
_DOUBTFUL_SQL = statement("""
WITH kept AS (
    SELECT pair_id, max(decided_at) AS since FROM annotator_golddecision WHERE kind <> 'review' GROUP BY pair_id
), answer AS (
    SELECT vote.pair_id, vote.member_id, vote.created_at, (vote.choice = pair.gold_choice)::int AS is_right
    FROM annotator_pair pair
    JOIN live_vote vote ON vote.pair_id = pair.id AND vote.kind = 'gold'
    JOIN annotator_question question ON question.id = vote.question_id AND question.position = 0
    WHERE pair.campaign_id = %(campaign)s::bigint AND pair.gold_choice IS NOT NULL AND pair.gold_use = 'check'
      AND pair.gold_in_review_since IS NULL AND vote.member_state IN ('active', 'paused') AND vote.member_kind = 'human'
), record AS (
    SELECT *, sum(is_right) OVER w - is_right AS right_elsewhere, count(*) OVER w - 1 AS answers_elsewhere
    FROM answer WINDOW w AS (PARTITION BY member_id)
)
SELECT record.pair_id, count(*)::int AS answers, (count(*) FILTER (WHERE is_right = 0))::int AS wrong
FROM record LEFT JOIN kept ON kept.pair_id = record.pair_id
WHERE (kept.since IS NULL OR record.created_at > kept.since)
  AND answers_elsewhere >= %(good_minimum)s::int AND right_elsewhere >= %(good_share)s::float8 * answers_elsewhere
GROUP BY record.pair_id
HAVING count(*) >= %(answers_minimum)s::int AND 2 * count(*) FILTER (WHERE is_right = 0) > count(*)
""")


@dataclass(frozen=True)
class Doubt:
    """A gold pair that annotators with a good record answer otherwise: of `answers` so many are `wrong`."""

    pair_id: int
    answers: int
    wrong: int


@transaction.atomic
def set_gold(
    *,
    pair: Pair,
    choice: str | None,
    note: str,
    by: User | None,
    use: str = GoldUse.CHECK,
    now: datetime | None = None,
) -> Pair:
    """Set or remove (None) the known answer of a pair, with a note. Raises as `check_gold` does.

    A gold pair collects no regular votes. Earlier votes stay; seats that were not shown yet are released. Deciding about a
    pair in review ends the review.
    """
    now = now or timezone.now()
    locked = Pair.objects.select_for_update(no_key=True).get(pk=pair.pk)  # nobody takes a seat on it meanwhile
    check_gold(pair=locked, choice=choice, note=note, use=use)
    kind = _kind_of_decision(locked, choice, use)
    if choice is not None and locked.gold_choice is None:
        unseen = Assignment.objects.open().filter(pair=locked, kind=AssignmentKind.REGULAR, shown_at__isnull=True)
        release_assignments(unseen, state=AssignmentState.EXPIRED, now=now)
        locked.refresh_from_db()
    locked.gold_choice, locked.gold_note, locked.gold_use = choice, note, use
    locked.gold_in_review_since = None
    locked.save(update_fields=["gold_choice", "gold_note", "gold_use", "gold_in_review_since"])
    if kind is not None:
        GoldDecision.objects.create(pair=locked, kind=kind, gold_choice=choice, decided_at=now, decided_by=by)
        changes = {"gold_choice": (pair.gold_choice, choice), "gold_use": (pair.gold_use, use)}
        audit.record_pairs(AuditAction.GOLD_SET, by=by, pair_ids=[locked.pk], changes=changes)
    return locked


def _kind_of_decision(pair: Pair, choice: str | None, use: str) -> GoldAction | None:
    """What it amounts to; None where only the words change."""
    if pair.gold_choice is None:
        return None if choice is None else GoldAction.MADE
    if choice is None:
        return GoldAction.REMOVED
    if (choice, use) != (pair.gold_choice, pair.gold_use):
        return GoldAction.CHANGED
    return None if pair.gold_in_review_since is None else GoldAction.KEPT


def check_gold(*, pair: Pair, choice: str | None, note: str, use: str = GoldUse.CHECK) -> None:
    """Raises Invalid or Conflict where the pair cannot have this known answer.

    Annotators are measured against it. So it is fixed as soon as somebody works on the pair as gold or has answered it,
    unless the pair is in review; the note may change at any time.
    """
    if choice is None and note.strip():
        raise Invalid(
            gettext("A note needs a known answer."), errors={"gold_note": [gettext("Set a known answer, or leave this empty.")]}
        )
    if use not in GoldUse.values:
        raise Invalid(
            gettext("Invalid gold use."),
            errors={"gold_use": [gettext("Use one of %(values)s.") % {"values": ", ".join(GoldUse.values)}]},
        )
    if (choice, use) == (pair.gold_choice, pair.gold_use) or (choice is None and pair.gold_choice is None):
        return
    if choice is not None and choice not in primary_choices(pair):
        raise Invalid(
            gettext("Invalid known answer."),
            errors={
                "gold_choice": [
                    gettext("%(choice)s is not a choice of the campaign's first question.") % {"choice": repr(choice)}
                ]
            },
        )
    is_used = pair.assignments.filter(kind__in=_CHECKED_BY, state__in=(AssignmentState.OPEN, AssignmentState.ANSWERED)).exists()
    if pair.gold_choice is not None and is_used and pair.gold_in_review_since is None:
        raise Conflict(
            gettext("Annotators are already measured by this known answer. Send the pair to review first, then change it."),
            code="pair_in_use",
        )


def primary_choices(pair: Pair) -> list[str]:
    question = Question.objects.filter(campaign=pair.campaign_id, position=0).first()
    return question.choices if question else list(Choice.values)


def proposed_gold(campaign: Campaign) -> QuerySet[Consensus]:
    """The consensus, with its pair, of those that may well be gold: people agree on them all but entirely.

    The most voted for come first. A tie is no known answer, and neither is what somebody flagged.
    """
    counts = F("n_a") + F("n_b") + F("n_both_good") + F("n_both_bad")
    flagged = Assignment.objects.filter(pair=OuterRef("pair"), flag__resolved_at__isnull=True, flag__isnull=False)
    primary = campaign.questions.filter(position=0).values_list("pk", flat=True).first()
    return (
        Consensus.objects.filter(
            ~Exists(flagged),
            question=primary,
            method=ConsensusMethod.MAJORITY,
            pair__gold_choice__isnull=True,
            pair__state=PairState.SETTLED,
            share__gte=PROPOSED_SHARE,
        )
        .exclude(label=Label.TIE)
        .annotate(votes=counts)
        .filter(votes__gte=PROPOSED_VOTES)
        .select_related("pair__prompt", "pair__image_a", "pair__image_b")
        .order_by("-votes", "-share", "pair_id")
    )


@transaction.atomic
def put_up_for_review(*, pair_ids: Collection[int], by: User | None, now: datetime | None = None) -> int:
    """Let gold pairs count for nobody, and be handed out to nobody, until a manager decides. Returns how many."""
    return _put_up([Doubt(pair_id, 0, 0) for pair_id in pair_ids], by, now or timezone.now())


@transaction.atomic
def review_gold(*, campaign: Campaign, now: datetime | None = None) -> int:
    """Put up for review what annotators with a good record fail. Returns how many. Safe to run at any time."""
    figures = {"good_minimum": GOOD_MINIMUM, "good_share": GOOD_SHARE, "answers_minimum": ANSWERS_MINIMUM}
    doubts = fetch_prepared(_DOUBTFUL_SQL, figures | {"campaign": campaign.pk}).as_rows(Doubt)
    return _put_up(doubts, None, now or timezone.now())


def _put_up(doubts: list[Doubt], by: User | None, now: datetime) -> int:
    known = {doubt.pair_id: doubt for doubt in doubts}
    pairs = Pair.objects.filter(pk__in=known, gold_choice__isnull=False, gold_in_review_since__isnull=True)
    locked = list(pairs.select_for_update(no_key=True).order_by("pk"))
    Pair.objects.filter(pk__in=[pair.pk for pair in locked]).update(gold_in_review_since=now)
    unseen = Assignment.objects.open().filter(kind=AssignmentKind.GOLD, pair__in=locked, shown_at__isnull=True)
    release_assignments(unseen, state=AssignmentState.EXPIRED, now=now)
    GoldDecision.objects.bulk_create(
        GoldDecision(
            pair=pair,
            kind=GoldAction.REVIEW,
            gold_choice=pair.gold_choice,
            answers=known[pair.pk].answers,
            answers_wrong=known[pair.pk].wrong,
            decided_at=now,
            decided_by=by,
        )
        for pair in locked
    )
    audit.record_pairs(AuditAction.GOLD_REVIEW, by=by, pair_ids=[pair.pk for pair in locked])
    return len(locked)
