"""What there is to know of each annotator of a campaign, from their own votes and those of the others on the same pairs."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import transaction

from annotator.consensus.binomial import even_p_value
from annotator.consensus.care import Care, care
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.repeats import NOT_THERE, first_answers
from annotator.consensus.trust import NONE, Answers, Trust, trust
from annotator.feeds.vote_columns import CHOICES, Update
from annotator.lib.advisory_locks import Space, wait_for_turn
from annotator.lib.arrow import Snapshot, snapshot
from annotator.models import AnnotatorStats, Campaign
from annotator.quality.answers import GOLD, REGULAR, REPEAT, B, Given, answers_of, read_gold, read_people

WRITTEN = [field.name for field in AnnotatorStats._meta.concrete_fields if field.name not in ("member", "counted_since")]


def measure_campaign(*, campaign: Campaign, now: datetime) -> list[AnnotatorStats]:
    """Measure the people of a campaign who judge or are paused, write it down, and return it, by member.

    Votes on the primary question count, those of machines for nobody. What a member voted before a manager let them start
    afresh tells of others and is not held against themselves.
    """
    with transaction.atomic():
        wait_for_turn(Space.REVIEWING, campaign.pk)
        with snapshot() as database:
            update = Update(database, campaign.pk)
            standings = _measured(campaign, database, update, now, campaign.too_fast_ms)
            update.write()
        AnnotatorStats.objects.bulk_create(standings, update_conflicts=True, unique_fields=["member"], update_fields=WRITTEN)
    return standings


def measure(*, campaign: Campaign, now: datetime, too_fast_ms: int | None = None) -> list[AnnotatorStats]:
    """The same without writing it down. `too_fast_ms`: if it is not to be the campaign's."""
    limit = campaign.too_fast_ms if too_fast_ms is None else too_fast_ms
    with snapshot() as database:
        return _measured(campaign, database, Update(database, campaign.pk), now, limit)


def _measured(campaign: Campaign, database: Snapshot, update: Update, now: datetime, too_fast_ms: int) -> list[AnnotatorStats]:
    """By the answers that are committed."""
    question = campaign.questions.filter(position=0).values_list("pk", flat=True).first()
    votes = update.votes(questions=[] if question is None else [question])
    given = answers_of(votes, read_people(database, campaign.pk), read_gold(database, campaign.pk), too_fast_ms)
    return standings_of(given, now, has_checks=campaign.gold_rate > 0 or campaign.repeat_rate > 0)


def standings_of(given: Given, now: datetime, *, has_checks: bool = True) -> list[AnnotatorStats]:
    """The standing of everybody with an answer that counts. `has_checks`: the campaign hands out gold or repeats."""
    people, member = np.unique(given.member, return_inverse=True)
    _, pair = np.unique(given.pair, return_inverse=True)
    is_regular, is_gold, is_repeat = (given.kind == kind for kind in (REGULAR, GOLD, REPEAT))
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
    again, first = first_answers(member, pair, is_first=given.kind == REGULAR, is_again=given.kind == REPEAT)
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
