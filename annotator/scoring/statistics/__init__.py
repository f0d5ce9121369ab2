"""The statistics of a campaign: computed by a task from the tables, kept as one document, and read from there alone.

`statistics_of` is what pages and the REST API call; `compute_statistics` is what the task does. A release has the document made
of its own snapshot, for its card.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import CampaignState
from annotator.errors import NotFound
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.arrow import snapshot
from annotator.models import Campaign, CampaignScoring, CampaignStatistics, Import, LabelFit
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.days import write_member_days
from annotator.scoring.statistics.load import Overlap, empty, load_campaign_data
from annotator.scoring.statistics.schema import HeldOut, LabelMethod, Statistics

__all__ = [
    "Statistics",
    "campaigns_to_compute",
    "compute_statistics",
    "leaderboard_in",
    "outdate",
    "statistics_of",
    "stored_statistics",
]

FRESH_FOR = timedelta(minutes=1)
PAUSE = 30  # at this many times what it took last, it is 3 % of one core at most
STALE_AFTER = timedelta(hours=1)  # of an open campaign: its pace is that of the last hour


def stored_statistics(campaign: Campaign) -> CampaignStatistics | None:
    """The document as it was computed last, and when. None for a campaign that no task has looked at yet."""
    return CampaignStatistics.objects.filter(campaign=campaign).first()


def statistics_of(campaign: Campaign) -> dict[str, Any]:
    """The document as JSON, with the names of schema.py; one of noughts and nulls before the first was computed."""
    stored = stored_statistics(campaign)
    if stored is not None:
        return dict(stored.document)
    overlap = Overlap(campaign.votes_wanted, campaign.votes_max, campaign.stop_confidence)
    return statistics_from(empty(overlap), campaign=campaign.slug, consensus_method=campaign.consensus_method, now=None).as_json()


def leaderboard_in(document: dict[str, Any], *, question: str | None = None, category: str | None = None) -> dict[str, Any]:
    """One of its leaderboards; without a question, of the first, and without a category, on all prompts. Raises NotFound."""
    if not question and not category:
        return dict(document["leaderboard"])
    wanted = (question or document["leaderboard"]["question"], category or None)
    for board in document["leaderboards"]:
        if (board["question"], board["category"]) == wanted:
            return dict(board)
    raise NotFound(
        gettext("There is no leaderboard for this question and category. Only the largest categories with comparisons have one.")
    )


def campaigns_to_compute(*, now: datetime | None = None) -> list[Campaign]:
    """Campaigns whose votes, pairs or settings have changed since, at most as often as they are quick to compute."""
    now = now or timezone.now()
    news = Import.objects.filter(campaign=OuterRef("pk"), finished_at__gt=OuterRef("statistics__computed_at"))
    campaigns = Campaign.objects.select_related("scoring", "statistics").annotate(has_import_news=Exists(news)).order_by("pk")
    return [campaign for campaign in campaigns if is_due(campaign, now=now, has_import_news=campaign.has_import_news)]


def is_due(campaign: Campaign, *, now: datetime, has_import_news: bool) -> bool:
    stored: CampaignStatistics | None = getattr(campaign, "statistics", None)
    if stored is None:
        return True
    age = now - stored.computed_at
    if timedelta(0) <= age < max(FRESH_FOR, timedelta(seconds=PAUSE * stored.seconds)):  # below 0: the clock was set back
        return False
    is_stale = campaign.state == CampaignState.OPEN and age >= STALE_AFTER
    return has_import_news or stored.is_outdated or is_stale or stored.changes != _changes(campaign)


def _changes(campaign: Campaign) -> int:
    scoring: CampaignScoring | None = getattr(campaign, "scoring", None)
    return scoring.changes if scoring else 0


def _label_methods(campaign: Campaign) -> list[LabelMethod]:
    fits = LabelFit.objects.filter(question__campaign=campaign).select_related("question").order_by("question__position")
    return [
        LabelMethod(
            question=fit.question.slug,
            method=fit.method,
            converged=fit.converged,
            iterations=fit.iterations,
            reason=fit.reason,
            held_out=[HeldOut(method, value) for method, value in fit.held_out.items()],
        )
        for fit in fits
    ]


def outdate(campaign: Campaign) -> None:
    """Have them computed anew soon, because something else than votes has changed."""
    CampaignStatistics.objects.filter(campaign=campaign).update(is_outdated=True)


@transaction.atomic
def compute_statistics(*, campaign: Campaign, now: datetime | None = None) -> CampaignStatistics:
    """Compute them from the tables, whether they are due or not. Two at once come one after the other."""
    start = time.perf_counter()
    lock_until_commit(Space.STATISTICS, campaign.pk)
    # Before the votes: a change that is scored from here on makes them due again, whether it was seen or not.
    changes = CampaignScoring.objects.filter(campaign=campaign).values_list("changes", flat=True).first() or 0
    CampaignStatistics.objects.filter(campaign=campaign, is_outdated=True).update(is_outdated=False)
    now = now or timezone.now()
    with snapshot() as database:
        data = load_campaign_data(database, campaign.pk)
    result = statistics_from(
        data,
        campaign=campaign.slug,
        consensus_method=campaign.consensus_method,
        now=now,
        label_methods=_label_methods(campaign),
    )
    write_member_days(campaign, data)
    stored, _ = CampaignStatistics.objects.update_or_create(
        campaign=campaign,
        defaults={
            "document": result.as_json(),
            "changes": changes,
            "votes_counted": result.votes_counted,
            "computed_at": now,
            "seconds": time.perf_counter() - start,
        },
    )
    return stored
