"""What there is to know of each annotator of a campaign, from their own votes and those of the others on the same pairs."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np

from annotator.choices import AssignmentKind, Choice
from annotator.consensus.binomial import even_p_value
from annotator.consensus.care import Care, care
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.repeats import NOT_THERE, first_answers
from annotator.consensus.trust import NONE, Answers, Trust, trust
from annotator.lib.arrow import snapshot
from annotator.models import AnnotatorStats, Campaign

CHOICES = list(Choice.values)
KINDS = [AssignmentKind.REGULAR.value, AssignmentKind.GOLD.value, AssignmentKind.REPEAT.value]
A, B = 0, 1  # the choices for one image

# `counts` says whether an answer is held for or against its member: they are at work or paused, and gave it after a manager
# last let them start afresh. A gold answer without a known choice is one on a pair that is in review, or gold no more: it says
# nothing. `+ 0` keeps the question from being looked up in an index: where statistics are older than the votes, all votes of
# the campaign would be read for each seat, and a review of 1,800 votes takes seconds.
#
# Of gold and repeats the first answer counts, though it was taken back: as soon as an answer is there, a warning, a suspension or
# a manager's word may depend on it, and who has had one could correct themselves, or skip the pair. Undo is the same for every
# pair, and so tells nothing.
_ANSWERS_SQL = """
    WITH first AS (
        SELECT DISTINCT ON (vote.assignment_id) vote.id, vote.assignment_id, vote.choice, vote.elapsed_ms, vote.created_at
        FROM annotator_vote vote JOIN annotator_assignment seat ON seat.id = vote.assignment_id
        WHERE vote.void_reason = 'undone' AND vote.campaign_id = {campaign} AND vote.question_id + 0 = {question}::bigint
          AND seat.kind IN ('gold', 'repeat')
        ORDER BY vote.assignment_id, vote.id
    ), vote AS (
        SELECT id, member_id, pair_id, choice, kind, a_on_left, elapsed_ms, created_at, member_state FROM live_vote live
        WHERE live.campaign_id = {campaign} AND live.question_id + 0 = {question}::bigint AND live.kind = ANY ({kinds}::text[])
          AND live.member_kind = 'human' AND NOT EXISTS (SELECT FROM first WHERE first.assignment_id = live.assignment_id)
        UNION ALL
        SELECT first.id, seat.member_id, seat.pair_id, first.choice, seat.kind, seat.a_on_left, first.elapsed_ms,
               first.created_at, member.state
        FROM first JOIN annotator_assignment seat ON seat.id = first.assignment_id
        JOIN annotator_member member ON member.id = seat.member_id
        WHERE member.kind = 'human' AND member.state <> 'withdrawn'
    )
    SELECT vote.member_id AS member, vote.pair_id AS pair,
           (array_position({choices}::text[], vote.choice::text) - 1)::int2 AS choice,
           (array_position({kinds}::text[], vote.kind::text) - 1)::int2 AS kind,
           coalesce(array_position({choices}::text[], pair.gold_choice::text) - 1, {none})::int2 AS known,
           ((vote.choice = 'a') = vote.a_on_left)::int::int2 AS is_left,
           coalesce((vote.elapsed_ms < {too_fast_ms})::int, {none})::int2 AS speed,
           (vote.member_state IN ('active', 'paused')
            AND (standing.counted_since IS NULL OR vote.created_at > standing.counted_since))::int::int2 AS counts
    FROM vote
    LEFT JOIN annotator_standing standing ON standing.member_id = vote.member_id
    LEFT JOIN annotator_pair pair ON pair.id = vote.pair_id AND vote.kind = 'gold' AND pair.gold_in_review_since IS NULL
    ORDER BY vote.id
"""

WRITTEN = [field.name for field in AnnotatorStats._meta.concrete_fields if field.name not in ("member", "counted_since")]


class Given(NamedTuple):
    """The answers of a campaign, one per row and in their order; each of shape (answers,)."""

    member: Ints  # the ids of members
    pair: Ints  # the ids of pairs
    choice: Ints
    kind: Ints
    known: Ints  # the right choice, of gold that counts; else NONE
    is_left: Ints  # 1 where the chosen image was on the left; of ties, anything
    speed: Ints  # 1: too fast, 0: not, NONE: not measured
    counts: Ints  # 1 where it is held for or against its member


def measure_campaign(*, campaign: Campaign, now: datetime) -> list[AnnotatorStats]:
    """Measure the people of a campaign who judge or are paused, write it down, and return it, by member.

    Votes on the primary question count, those of machines for nobody. What a member voted before a manager let them start
    afresh tells of others and is not held against themselves.
    """
    standings = measure(campaign=campaign, now=now)
    AnnotatorStats.objects.bulk_create(standings, update_conflicts=True, unique_fields=["member"], update_fields=WRITTEN)
    return standings


def measure(*, campaign: Campaign, now: datetime, too_fast_ms: int | None = None) -> list[AnnotatorStats]:
    """The same without writing it down. `too_fast_ms`: if it is not to be the campaign's."""
    given = _given(campaign, campaign.too_fast_ms if too_fast_ms is None else too_fast_ms)
    return standings_of(given, now, has_checks=campaign.gold_rate > 0 or campaign.repeat_rate > 0)


def _given(campaign: Campaign, too_fast_ms: int) -> Given:
    """The answers that are committed."""
    question = campaign.questions.filter(position=0).values_list("pk", flat=True).first()
    with snapshot() as now:
        columns = now.columns(
            _ANSWERS_SQL,
            campaign=campaign.pk,
            question=question,
            too_fast_ms=too_fast_ms,
            choices=CHOICES,
            kinds=KINDS,
            none=NONE,
        )
    return Given(**{name: column.astype(np.int64) for name, column in columns.items()})


def standings_of(given: Given, now: datetime, *, has_checks: bool = True) -> list[AnnotatorStats]:
    """The standing of everybody with an answer that counts. `has_checks`: the campaign hands out gold or repeats."""
    people, member = np.unique(given.member, return_inverse=True)
    _, pair = np.unique(given.pair, return_inverse=True)
    is_regular, is_gold, is_repeat = (given.kind == kind for kind in range(3))
    first, first_is_left = _first_answers(given, member, pair)
    agrees = _agreement(member, pair, given.choice, is_regular)
    says = is_regular | (is_gold & (given.known != NONE)) | (is_repeat & (first != NONE))
    answers = Answers(*(column[says] for column in (member, pair, given.choice, given.known, first, given.counts)))
    sizes = {"n_annotators": len(people), "n_tasks": int(pair.max(initial=-1)) + 1}
    others = trust(answers, **sizes, n_choices=len(CHOICES))
    cares = care(answers, others, is_left=given.is_left[says], **sizes, has_checks=has_checks)
    counts = given.counts == 1
    is_side = given.choice <= B
    is_same = is_repeat & (given.choice == first)
    is_same_side = is_repeat & ~is_same & is_side & (first != NONE) & (first <= B) & (given.is_left == first_is_left)

    def number(rows: Bools) -> Ints:
        return np.bincount(member[rows & counts], minlength=len(people))

    columns = {
        "gold_count": number(is_gold & (given.known != NONE)),
        "gold_right": number(is_gold & (given.known == given.choice)),
        "repeat_count": number(is_repeat & (first != NONE)),
        "repeat_same": number(is_same),
        "repeat_same_side": number(is_same_side),
        "side_count": number(is_side),
        "left_count": number(is_side & (given.is_left == 1)),
        "timed_count": number(given.speed != NONE),
        "fast_count": number(given.speed == 1),
        "shared_count": number(agrees != NONE),
        "agreed_count": number(agrees == 1),
    }
    p_values = even_p_value(columns["left_count"], columns["side_count"])
    present = np.flatnonzero(number(np.ones(len(member), dtype=np.bool_)))
    return [
        AnnotatorStats(
            member_id=int(people[at]),
            left_p_value=float(p_values[at]),
            computed_at=now,
            **{name: int(column[at]) for name, column in columns.items()},
            **_trust_columns(others, cares, at),
        )
        for at in present.tolist()
    ]


def _first_answers(given: Given, member: Ints, pair: Ints) -> tuple[Ints, Ints]:
    """For each repeat, the choice that its member made before on the pair and whether it was on the left; else NONE."""
    choice, is_left = np.full(len(member), NONE), np.full(len(member), NONE)
    again, first = first_answers(member, pair, is_first=given.kind == 0, is_again=given.kind == 2)
    again, first = again[first != NOT_THERE], first[first != NOT_THERE]
    choice[again], is_left[again] = given.choice[first], given.is_left[first]
    return choice, is_left


def _agreement(member: Ints, pair: Ints, choice: Ints, is_regular: Bools) -> Ints:
    """Whether each regular answer is what most of the others chose: 1 or 0, and NONE where they have no majority."""
    agrees = np.full(len(member), NONE)
    rows = np.flatnonzero(is_regular)
    n_choices = len(CHOICES)
    cells = np.bincount(pair[rows] * n_choices + choice[rows], minlength=(pair.max(initial=-1) + 1) * n_choices)
    others = cells.reshape(-1, n_choices)[pair[rows]]
    others[np.arange(len(rows)), choice[rows]] -= 1
    most = others.max(axis=1, initial=0)
    has_majority = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    is_with = others[np.arange(len(rows)), choice[rows]] == most
    agrees[rows] = np.where(has_majority, is_with, NONE)
    return agrees


def _trust_columns(others: Trust, cares: Care, at: int) -> dict[str, float | int | None]:
    return {
        "evidence_count": int(cares.answers[at]),
        "trust": float(cares.log_odds[at]),
        "own_trust": float(cares.own[at]),
        "recent_trust": float(cares.recent[at]),
        "skill": _known(others.skill, at),
        "skill_lower": _known(others.lower, at),
        "skill_upper": _known(others.upper, at),
    }


def _known(column: Floats, at: int) -> float | None:
    return None if np.isnan(column[at]) else float(column[at])
