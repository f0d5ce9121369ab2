"""What the campaign's page shows: how far it is, how long it takes, how good the votes are, and what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext

from annotator.campaigns import lifecycle
from annotator.campaigns.forecast import Forecast, forecast_of
from annotator.campaigns.waiting import Waiting, waiting_in
from annotator.choices import (
    UNFINISHED_IMPORTS,
    UNFINISHED_RELEASES,
    ActionKind,
    CampaignState,
    Label,
    ReleaseState,
)
from annotator.models import Campaign, Member, ModerationAction
from annotator.quality import review_queries, review_queue
from annotator.quality.review_queue import Kind
from annotator.scoring import progress
from annotator.scoring.progress import progress_of
from annotator.scoring.statistics import statistics_of
from annotator.views.manage.common import SHOWN_AT_FIRST
from annotator.views.manage.members import MEMBERS_AT_FIRST
from annotator.views.manage.overview_figures import progress_stats, quality_stats, queue_stats
from annotator.views.manage.stats import whole

FLAGGED_COUNTED = 100  # beyond that the campaign's page says "More than"
# Which of its two images is `a` was drawn at random, so the two say the same about a pair: one of its images won.
LABEL_ROWS = [
    ("One image is better", [Label.A, Label.B]),
    ("Both good", [Label.BOTH_GOOD]),
    ("Both bad", [Label.BOTH_BAD]),
    ("No majority", [Label.TIE]),
]
DROPS_SINCE = timedelta(days=7)
DROPS_SHOWN = 5
CHANGES_VOTES = (ActionKind.SUSPEND, ActionKind.WITHDRAW, ActionKind.LIFT)


@dataclass(frozen=True)
class Decision:
    """Something that waits for a manager, and where it is decided."""

    words: str
    url: str


@dataclass(frozen=True)
class Drop:
    """Votes that were made void, or restored, at once: why numbers of the page are lower than they were, or higher."""

    action: ModerationAction
    words: str
    is_pending: bool  # the figures of the statistics are from before it


def live_context(campaign: Campaign) -> dict[str, Any]:
    """What the campaign's page shows of its state. From the rolled-up counters and a few rows, at any size."""
    now = timezone.now()
    counters = progress_of(campaign)
    labels = counters.label_counts
    pairs_scored = sum(labels.values())
    imports = list(campaign.imports.order_by("-pk")[:SHOWN_AT_FIRST])
    releases = list(campaign.releases.order_by("-number")[:SHOWN_AT_FIRST])
    is_working = any(row.state in UNFINISHED_IMPORTS for row in imports) or any(
        row.state in UNFINISHED_RELEASES for row in releases
    )
    document = statistics_of(campaign)
    review = review_queries.summary(campaign)
    forecast = forecast_of(campaign, counters, now=now)
    waiting = waiting_in(campaign)
    return {
        "campaign": campaign,
        "progress": counters,
        "share_done": progress.share_done(counters),
        "forecast": forecast,
        "headline": headline(campaign, forecast),
        "decisions": decisions(campaign, waiting, review),
        "drops": drops(campaign, document, now),
        "stats": progress_stats(campaign, counters, forecast),
        "quality": quality_stats(campaign, document),
        "queue": queue_stats(campaign, counters, document, now),
        "labels": [
            (words, count, count / pairs_scored if pairs_scored else 0)
            for words, count in ((words, sum(labels.get(label, 0) for label in those)) for words, those in LABEL_ROWS)
        ],
        "pairs_scored": pairs_scored,
        "members": list(progress.member_progress(campaign)[:MEMBERS_AT_FIRST]),
        "members_total": campaign.members.count(),
        "review": review,
        "imports": imports,
        "releases": releases,
        "namespace": settings.HUB_NAMESPACE,
        "newest_ready": next((row for row in releases if row.state == ReleaseState.READY), None),
        "is_live": campaign.state != CampaignState.CLOSED or is_working,
        "steps": lifecycle.states_after(campaign),
        "document": document,
    }


def headline(campaign: Campaign, forecast: Forecast) -> str:
    """What a manager has to know first: that the campaign cannot get on. Empty where it can."""
    if campaign.state in (CampaignState.DRAFT, CampaignState.CLOSED):
        return ""
    if forecast.nobody:
        return forecast.nobody
    if forecast.people_wanted:
        return ngettext(
            "Each pair needs votes of %(wanted)s different people, and %(able)s can annotate: invite at least one more",
            "Each pair needs votes of %(wanted)s different people, and %(able)s can annotate: invite at least %(more)s more",
            forecast.people_wanted,
        ) % {"wanted": campaign.votes_wanted, "able": forecast.annotators.able, "more": forecast.people_wanted}
    return ""


def decisions(campaign: Campaign, waiting: Waiting, review: review_queries.Summary) -> list[Decision]:
    """What waits for a decision now, each with the page where it is made."""

    def at_most(number: int) -> str:
        return gettext("more than 100") if number > FLAGGED_COUNTED else whole(number)

    failed = Member.objects.active().filter(campaign=campaign, training_failed_at__isnull=False)
    trainees = failed[: FLAGGED_COUNTED + 1].count() if campaign.training_pairs else 0
    alike, undecided = (review_queue.count(campaign, kind) for kind in (Kind.ALIKE, Kind.UNDECIDED))
    flagged, appeals, gold = waiting.flagged_pairs, waiting.appeals, waiting.disputed_gold
    rows = [
        (flagged, ngettext("%(n)s flagged pair", "%(n)s flagged pairs", flagged), "queue", "?kind=flag"),
        (appeals, ngettext("%(n)s appeal to answer", "%(n)s appeals to answer", appeals), "queue", "?kind=appeal"),
        (gold, ngettext("%(n)s gold pair in dispute", "%(n)s gold pairs in dispute", gold), "queue", "?kind=gold"),
        (
            waiting.asking_rules,
            ngettext("%(n)s rule asks before it acts", "%(n)s rules ask before they act", waiting.asking_rules),
            "review",
            "",
        ),
        (
            review.rules_undecided,
            ngettext("%(n)s rule is off since an update", "%(n)s rules are off since an update", review.rules_undecided),
            "review_rules",
            "",
        ),
        (trainees, ngettext("%(n)s person failed the training", "%(n)s people failed the training", trainees), "trainees", ""),
        (
            waiting.failed_imports,
            ngettext("%(n)s failed import", "%(n)s failed imports", waiting.failed_imports),
            "imports",
            "",
        ),
        (
            alike,
            ngettext("%(n)s near-identical pair", "%(n)s near-identical pairs", alike),
            "queue",
            "?kind=alike",
        ),
        (
            undecided,
            ngettext("%(n)s pair without a majority", "%(n)s pairs without a majority", undecided),
            "queue",
            "?kind=undecided",
        ),
    ]
    return [
        Decision(words % {"n": at_most(number)}, reverse(route, args=[campaign.slug]) + query)
        for number, words, route, query in rows
        if number
    ]


def drops(campaign: Campaign, document: dict[str, Any], now: datetime) -> list[Drop]:
    """What changed many votes at once in the last days, the newest first."""
    computed_at = parse_datetime(document["computed_at"]) if document["computed_at"] else None
    actions = (
        ModerationAction.objects.filter(member__campaign=campaign, kind__in=CHANGES_VOTES, votes__gt=0, at__gt=now - DROPS_SINCE)
        .select_related("member__user", "rule", "actor")
        .order_by("-pk")[:DROPS_SHOWN]
    )
    return [Drop(action, drop_words(action), computed_at is not None and computed_at < action.at) for action in actions]


def drop_words(action: ModerationAction) -> str:
    votes = action.votes or 0
    if action.kind == ActionKind.LIFT:
        text = ngettext("%(n)s vote of %(who)s counts again", "%(n)s votes of %(who)s count again", votes)
    elif action.kind == ActionKind.WITHDRAW:
        text = ngettext(
            "%(n)s vote of %(who)s is void: they withdrew consent",
            "%(n)s votes of %(who)s are void: they withdrew consent",
            votes,
        )
    elif action.actor_id is None:
        text = ngettext(
            "%(n)s vote of %(who)s is void: a rule suspended them",
            "%(n)s votes of %(who)s are void: a rule suspended them",
            votes,
        )
    else:
        text = ngettext(
            "%(n)s vote of %(who)s is void: %(by)s suspended them",
            "%(n)s votes of %(who)s are void: %(by)s suspended them",
            votes,
        )
    words = text % {"n": whole(votes), "who": action.member.user, "by": action.actor}
    pairs = action.pairs_reopened or 0
    if not pairs:
        return words
    reopened = ngettext("%(n)s settled pair wants votes again", "%(n)s settled pairs want votes again", pairs)
    return f"{words}. {reopened % {'n': whole(pairs)}}"
