"""What there is to know of each annotator of a campaign, from their own votes and those of the others on the same pairs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.db import transaction

from annotator.consensus.binomial import even_p_value
from annotator.consensus.care import care_of
from annotator.consensus.codes import Floats
from annotator.consensus.trust import skill_of
from annotator.feeds.vote_columns import Update
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.arrow import snapshot
from annotator.models import AnnotatorStats, Campaign
from annotator.quality.answers import Given, People
from annotator.quality.kept_tallies import bring_up_to_date, count_all
from annotator.quality.tallies import ANSWERS, COUNTS, TELLING, Tallies, fit_to

WRITTEN = [field.name for field in AnnotatorStats._meta.concrete_fields if field.name not in ("member", "counted_since")]


def measure_campaign(*, campaign: Campaign, now: datetime, counts_all: bool = False) -> list[AnnotatorStats]:
    """Measure the people of a campaign who judge or are paused, write it down, and return it, by member.

    Votes on the primary question count, those of machines for nobody. What a member voted before a manager let them start
    afresh tells of others and is not held against themselves. `counts_all`: from all votes, though what changed would do.
    """
    with transaction.atomic():
        lock_until_commit(Space.REVIEWING, campaign.pk)
        with snapshot() as database:
            update = Update(database, campaign.pk)
            found = bring_up_to_date(campaign, database, update, now, counts_all=counts_all)
            update.write()
        all_stats = _stats_of_present(campaign, found.tallies, found.people, now)
        AnnotatorStats.objects.bulk_create(all_stats, update_conflicts=True, unique_fields=["member"], update_fields=WRITTEN)
        if not found.is_all:
            as_before = AnnotatorStats.objects.filter(member__in=_present(found.others, found.people))
            as_before.update(computed_at=now)
            all_stats = sorted([*all_stats, *as_before], key=lambda stats: stats.member_id)
    return all_stats


def measure(*, campaign: Campaign, now: datetime, too_fast_ms: int | None = None) -> list[AnnotatorStats]:
    """The same without writing it down, from all votes. `too_fast_ms`: if it is not to be the campaign's."""
    limit = campaign.too_fast_ms if too_fast_ms is None else too_fast_ms
    with snapshot() as database:
        tallies, people = count_all(campaign, database, Update(database, campaign.pk), too_fast_ms=limit)
    return _stats_of_present(campaign, tallies, people, now)


def _stats_of_present(campaign: Campaign, tallies: Tallies, people: People, now: datetime) -> list[AnnotatorStats]:
    """Of those who judge or are paused."""
    present = Tallies({member: tallies[member] for member in _present(tallies, people)})
    return stats_by(present, now, has_checks=campaign.gold_rate > 0 or campaign.repeat_rate > 0)


def _present(members: Iterable[int], people: People) -> list[int]:
    at_work = set(people.id[people.counts].tolist())
    return [member for member in members if member in at_work]


def stats_of(given: Given, now: datetime, *, has_checks: bool = True) -> list[AnnotatorStats]:
    """The stats of everybody with an answer that counts. `has_checks`: the campaign hands out gold or repeats."""
    given = given if len(given.id) else given._replace(id=np.arange(len(given.member)))
    tallies = Tallies()
    tallies.give(given.member, given.id)
    tallies.plus(given, fit_to(given))
    return stats_by(tallies, now, has_checks=has_checks)


def stats_by(tallies: Tallies, now: datetime, *, has_checks: bool) -> list[AnnotatorStats]:
    """The same, of those who have a tally."""
    members = sorted(member for member, tally in tallies.items() if round(tally.sums[ANSWERS]) > 0)
    if not members:
        return []
    chosen = [tallies[member] for member in members]
    sums = np.stack([tally.sums for tally in chosen])
    counts = np.rint(sums[:, : TELLING + 1]).astype(np.int64)
    columns = dict(zip(COUNTS, counts.T, strict=False))
    skill, lower, upper = skill_of(sums[:, TELLING + 1 :], counts[:, TELLING])
    sizes = np.array([len(tally.blocks) for tally in chosen])
    cares = care_of(np.concatenate([tally.blocks for tally in chosen]), sizes, has_checks=has_checks)
    p_values = even_p_value(columns["left_count"], columns["side_count"])
    return [
        AnnotatorStats(
            member_id=member,
            left_p_value=float(p_values[at]),
            computed_at=now,
            **{name: int(column[at]) for name, column in columns.items()},
            evidence_count=int(cares.answers[at]),
            trust=float(cares.log_odds[at]),
            own_trust=float(cares.own[at]),
            recent_trust=float(cares.recent[at]),
            skill=_known(skill, at),
            skill_lower=_known(lower, at),
            skill_upper=_known(upper, at),
        )
        for at, member in enumerate(members)
    ]


def _known(column: Floats, at: int) -> float | None:
    return None if np.isnan(column[at]) else float(column[at])
