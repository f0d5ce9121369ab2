"""Counters that are kept beside what they count: checked against it, and repaired. None should ever be found wrong.

A check reads the counter and what it counts in one statement, so in one snapshot: a difference is a fault, and no vote that is
just being saved. Roll-ups need no check of their own: they are counts of everything, each anew, and follow a repair.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil

from django.db import connection, transaction
from django.utils import timezone

from annotator.choices import CampaignState
from annotator.feeds.vote_columns import Update, discard
from annotator.lib import metrics
from annotator.lib.arrow import snapshot
from annotator.lib.planner_statistics import analyze_what_changed
from annotator.lib.raw_sql import read_sql
from annotator.models import Campaign, Member, PairSeats
from annotator.scoring.progress import roll_up

logger = logging.getLogger(__name__)

PERIOD = 300.0  # seconds between two checks by the beat
PAIRS_AT_ONCE = 50_000  # a check reads about as many pairs, or answers, and the next goes on with others
ANSWERS_AT_ONCE = 200_000

SEATS_OF_PAIRS = read_sql(__file__, "seats_of_pairs")
ANSWERS_OF_MEMBERS = read_sql(__file__, "answers_of_members")


@dataclass(frozen=True)
class Slice:
    """Every one whose number leaves this rest when divided by `of`."""

    rest: int = 0
    of: int = 1


ALL = Slice()


def check_open_campaigns(*, round_number: int) -> int:
    """One slice of each campaign that is not over; in the next round, the next slice. Returns how many counters were wrong."""
    campaigns = Campaign.objects.filter(state__in=[CampaignState.OPEN, CampaignState.PAUSED]).select_related("progress")
    drift = 0
    for campaign in campaigns:
        progress = getattr(campaign, "progress", None)
        pairs = ceil(progress.pairs_total / PAIRS_AT_ONCE) if progress else 1
        answers = ceil(progress.votes_live / ANSWERS_AT_ONCE) if progress else 1
        drift += check_counters(
            campaign=campaign,
            pairs=Slice(round_number % max(pairs, 1), max(pairs, 1)),
            members=Slice(round_number % max(answers, 1), max(answers, 1)),
        )
    return drift


def check_counters(*, campaign: Campaign, pairs: Slice = ALL, members: Slice = ALL) -> int:
    """Repair what is wrong, say so in the log and in the metrics, and return how many counters that were."""
    analyze_what_changed()
    wrong_pairs = wrong(SEATS_OF_PAIRS, campaign, pairs)
    wrong_members = wrong(ANSWERS_OF_MEMBERS, campaign, members)
    if wrong_pairs:
        repair_pairs(campaign, wrong_pairs)
    if wrong_members:
        repair_members(campaign, wrong_members)
    wrong_chunks = _check_columns(campaign, members)
    found = (("seats_taken", wrong_pairs), ("answered_count", wrong_members), ("vote_columns", wrong_chunks))
    for counter, ids in found:
        if ids:
            metrics.COUNTER_DRIFT.labels(counter).inc(len(ids))
            logger.error("Counter drift: %s of %d in %s repaired, such as of %s.", counter, len(ids), campaign.slug, ids[:3])
    if wrong_pairs or wrong_members:
        roll_up(campaign=campaign, now=timezone.now())
    return len(wrong_pairs) + len(wrong_members) + len(wrong_chunks)


def _check_columns(campaign: Campaign, slice_: Slice) -> list[int]:
    """The chunks of votes that are not as their votes. Where there are any, the next review writes all of them anew."""
    with snapshot() as database:
        found = Update(database, campaign.pk).wrong_chunks(rest=slice_.rest, of=slice_.of)
    if found:
        discard(campaign)
    return found


def wrong(sql: str, campaign: Campaign, slice_: Slice) -> list[int]:
    """The ids of those whose counter is not what it counts."""
    return [id_ for id_, *_ in counted(sql, campaign, slice_)]


def counted(sql: str, campaign: Campaign, slice_: Slice, ids: list[int] | None = None) -> list[tuple[int, ...]]:
    """Id and right values of those whose counter is wrong; of these `ids` alone, if they are given."""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"campaign": campaign.pk, "rest": slice_.rest, "of": slice_.of, "ids": ids})
        return list(cursor.fetchall())


@transaction.atomic
def repair_pairs(campaign: Campaign, ids: list[int]) -> None:
    """Whoever takes or frees a seat locks the pair first, so what is counted under the lock is right until it is let go."""
    locked = {pair.pk: pair for pair in PairSeats.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk")}
    for id_, seats, a_on_left in counted(SEATS_OF_PAIRS, campaign, ALL, ids):
        pair = locked[id_]
        pair.seats_taken, pair.seats_a_on_left = seats, a_on_left
        pair.votes_wanted = max(pair.votes_wanted, seats)
    PairSeats.objects.bulk_update(locked.values(), ["seats_taken", "seats_a_on_left", "votes_wanted"])


@transaction.atomic
def repair_members(campaign: Campaign, ids: list[int]) -> None:
    locked = {member.pk: member for member in Member.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk")}
    for id_, answers in counted(ANSWERS_OF_MEMBERS, campaign, ALL, ids):
        locked[id_].answered_count = answers
    Member.objects.bulk_update(locked.values(), ["answered_count"])
