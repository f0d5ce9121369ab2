"""The read models of the manager's pages: counters rolled up in the background, and what each member did lately."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotator.choices import RULES_IN_BATCHES, AssignmentKind, AssignmentState, CampaignState, MemberKind, PairState
from annotator.lib.raw_sql import read_sql
from annotator.models import Campaign, CampaignProgress, Import, Member, Vote
from annotator.scoring.pair_batches import votes_to_come

RECENT = timedelta(hours=1)
# Of what annotators are told. Exact counts would tell one who is alone whether their last vote counted, and so which pair
# was gold.
SHARE_STEPS = 20

# How old the counters of a campaign may become. Where nobody votes, only leases that run out and late scores change them.
FRESH_FOR = {
    CampaignState.DRAFT: timedelta(minutes=1),
    CampaignState.OPEN: timedelta(seconds=5),
    CampaignState.PAUSED: timedelta(seconds=15),
    CampaignState.CLOSED: timedelta(minutes=5),
}
# A roll-up reads every pair of the campaign, at about a third of a microsecond, so big campaigns are rolled up less often:
# 20 µs between two for each pair keeps it under 2 % of one core at any size (a million pairs: every 20 s).
FRESH_FOR_PER_PAIR = timedelta(microseconds=20)
# What a pairing rule has left is counted from pairs and images, which takes about four times as long.
FRESH_FOR_PER_PAIR_IN_BATCHES = 4 * FRESH_FOR_PER_PAIR

ROLL_UP = read_sql(__file__, "roll_up")


def roll_up(*, campaign: Campaign, now: datetime | None = None) -> CampaignProgress:
    """Count the campaign anew into its progress row; an older count never replaces a newer one. Safe to run twice."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            ROLL_UP,
            {
                "campaign": campaign.pk,
                "settled": PairState.SETTLED.value,
                "held": PairState.HELD.value,
                "open": AssignmentState.OPEN.value,
                "regular": AssignmentKind.REGULAR.value,
                "human": MemberKind.HUMAN.value,
                "recent_since": now - RECENT,
                "votes_to_come": votes_to_come(campaign),
                "now": now,
            },
        )
    return CampaignProgress.objects.get(campaign=campaign)


def progress_of(campaign: Campaign) -> CampaignProgress:
    """The campaign's counters, zeros before the first roll-up."""
    return getattr(campaign, "progress", None) or CampaignProgress(campaign=campaign)


def campaigns_to_roll_up(*, now: datetime | None = None) -> list[Campaign]:
    """Campaigns whose counters are older than their state and size allow, or older than news of an import."""
    now = now or timezone.now()
    news = Import.objects.filter(campaign=OuterRef("pk")).filter(
        Q(finished_at__isnull=True) | Q(finished_at__gt=OuterRef("progress__updated_at"))
    )
    campaigns = Campaign.objects.select_related("progress").annotate(has_import_news=Exists(news)).order_by("pk")
    return [campaign for campaign in campaigns if is_due(campaign, now=now, has_import_news=campaign.has_import_news)]


def is_due(campaign: Campaign, *, now: datetime, has_import_news: bool) -> bool:
    """Whether the campaign's counters are to be rolled up. A campaign without them always is."""
    progress: CampaignProgress | None = getattr(campaign, "progress", None)
    if progress is None:
        return True
    fresh_for = FRESH_FOR[CampaignState.OPEN if has_import_news else CampaignState(campaign.state)]
    per_pair = FRESH_FOR_PER_PAIR_IN_BATCHES if campaign.pairing_rule in RULES_IN_BATCHES else FRESH_FOR_PER_PAIR
    # In the future: the clock was set back.
    return now < progress.updated_at or now - progress.updated_at >= max(fresh_for, per_pair * progress.pairs_total)


def share_done(progress: CampaignProgress) -> float:
    """Share of the wanted votes that are in, 0 to 1."""
    return min(progress.votes_live / progress.votes_wanted, 1.0) if progress.votes_wanted else 0.0


def coarse_share(progress: CampaignProgress) -> float:
    """As `share_done`, rounded down to a twentieth: what annotators may know."""
    return math.floor(share_done(progress) * SHARE_STEPS) / SHARE_STEPS


def time_left(progress: CampaignProgress) -> timedelta | None:
    """Until the last wanted vote at the pace of the last hour; None where nobody voted in it."""
    missing = max(progress.votes_wanted - progress.votes_live, 0)
    if missing == 0:
        return timedelta(0)
    if progress.votes_last_hour == 0:
        return None
    return RECENT * (missing / progress.votes_last_hour)


def member_progress(campaign: Campaign, *, now: datetime | None = None) -> QuerySet[Member]:
    """The campaign's members, the busiest first, each with `last_answer_at` and `answers_last_hour`."""
    answers = Vote.objects.answers().filter(member=OuterRef("pk"))
    recent = answers.filter(created_at__gt=(now or timezone.now()) - RECENT).order_by().values("member")
    return (
        Member.objects.filter(campaign=campaign)
        .select_related("user")
        .annotate(
            last_answer_at=Subquery(answers.order_by("-created_at").values("created_at")[:1]),
            answers_last_hour=Coalesce(
                Subquery(recent.annotate(answers=Count("pk")).values("answers"), output_field=IntegerField()), 0
            ),
        )
        .order_by("-answered_count", "pk")
    )


def comments(campaign: Campaign) -> QuerySet[Vote]:
    """The votes with a comment that count, the newest first, each with its pair and who wrote it."""
    votes = Vote.objects.live().filter(campaign=campaign).exclude(comment="")
    return votes.select_related("assignment__pair__prompt", "assignment__member__user").order_by("-pk")
