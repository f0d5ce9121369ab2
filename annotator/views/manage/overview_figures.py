"""The numbers of the campaign's page, each with what it is of, and its charts over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext

from annotator.campaigns.forecast import DAYS, Forecast
from annotator.models import Campaign, CampaignProgress
from annotator.templatetags.figures import decimal, duration, percent
from annotator.views.manage.charts import Chart, Mark, Series, day_words, noon_of, rate_series
from annotator.views.manage.stats import DASH, Stat, share_words, whole

COUNTS_ARE_OLD = timedelta(minutes=10)  # of counters that are counted anew each five minutes at most


def progress_stats(campaign: Campaign, counters: CampaignProgress, forecast: Forecast) -> list[Stat]:
    people = forecast.annotators
    settled = gettext("of %(number)s") % {"number": whole(counters.pairs_total)}
    by = ngettext("by %(n)s person", "by %(n)s people", counters.annotators_last_hour)
    since = day_words(forecast.since.isoformat()) if forecast.since else ""
    pace = gettext("since %(day)s, by those who can annotate") % {"day": since} if since else ""
    return [
        Stat(
            "settled",
            gettext("Settled pairs"),
            whole(counters.pairs_settled),
            gettext(
                "Pairs with all the votes they want, or on which people agree enough. A pair opens again if votes on it become "
                "void. Held pairs are out of circulation and want no votes."
            ),
            settled + (f" · {gettext('%(n)s held') % {'n': whole(counters.pairs_held)}}" if counters.pairs_held else ""),
            reverse("pairs", args=[campaign.slug]),
        ),
        Stat(
            "able",
            gettext("Can annotate"),
            whole(people.able),
            gettext(
                "Annotators who are active, have passed the training where there is one, and have not reached their limit of "
                "votes. Managers, reviewers and machines are not counted."
            ),
            gettext("of %(number)s") % {"number": whole(people.total)}
            + (f" · {people.others_in_words}" if people.others else ""),
            reverse("members", args=[campaign.slug]),
        ),
        Stat(
            "hour",
            gettext("Votes in the last hour"),
            whole(counters.votes_last_hour),
            gettext("Regular votes on the first question that count, of all people. Gold, repeats and void votes are left out."),
            by % {"n": whole(counters.annotators_last_hour)} if counters.annotators_last_hour else "",
        ),
        Stat(
            "day",
            gettext("Votes per day"),
            DASH if forecast.votes_per_day is None else whole(round(forecast.votes_per_day)),
            gettext(
                "The mean of the last %(days)s days, days without votes included, of the people who can annotate now. Votes of "
                "people who are paused, suspended or gone are left out: they will give no more."
            )
            % {"days": DAYS},
            pace,
        ),
        time_left_stat(campaign, forecast),
    ]


def time_left_stat(campaign: Campaign, forecast: Forecast) -> Stat:
    by_days, by_hour = forecast.left_by_days, forecast.left_by_hour
    value, note = DASH, ""
    if not forecast.missing:
        value = gettext("none") if forecast.wanted else DASH
    elif forecast.annotators.able == 0:
        note = gettext("nobody can annotate")
    elif by_days is not None:
        value = duration(by_days)
        note = gettext("%(time)s if they go on as in the last hour") % {"time": duration(by_hour)} if by_hour is not None else ""
    elif by_hour is not None:
        value, note = duration(by_hour), gettext("if they go on as in the last hour")
    else:
        note = gettext("nobody who can annotate has voted lately")
    explanation = gettext(
        "%(votes)s votes are missing. The time is what they take the people who can annotate, at their pace of the last "
        "%(days)s days. Whoever is paused, failed the training or is gone does not count."
    ) % {"votes": whole(forecast.missing), "days": DAYS}
    return Stat("left", gettext("Estimated time left"), value, explanation, note, reverse("plan", args=[campaign.slug]))


def of_votes(document: dict[str, Any]) -> str:
    """Of which votes the statistics are."""
    at = parse_datetime(document["computed_at"]) if document["computed_at"] else None
    if at is None:
        return gettext("Not computed yet.")
    return gettext("Of %(votes)s votes that count, as of %(time)s UTC.") % {
        "votes": whole(document["votes_counted"]),
        "time": f"{at:%Y-%m-%d %H:%M}",
    }


def quality_stats(campaign: Campaign, document: dict[str, Any]) -> list[Stat]:
    statistics = reverse("statistics", args=[campaign.slug])
    of = of_votes(document)
    found = document["agreement"][0]["agreement"] if document["agreement"] else {"alpha": None}
    alpha = found["alpha"]
    between = f"{decimal(found['lower'])} – {decimal(found['upper'])}" if alpha is not None and found["lower"] is not None else ""
    gold, gold_note = share_words(document["gold"]["accuracy"])
    left, left_note = share_words(document["position"]["left"])
    return [
        Stat(
            "agreement",
            gettext("Agreement (alpha)"),
            decimal(alpha),
            gettext(
                "Krippendorff's alpha: 1 if people always agree, 0 if no more than by chance. People may differ in taste, so a "
                "low value is no fault. With a 95 %% interval, from the first %(n)s votes of each pair."
            )
            % {"n": campaign.votes_wanted}
            + f" {of}",
            between,
            f"{statistics}#agreement",
        ),
        Stat(
            "gold",
            gettext("Gold accuracy"),
            gold,
            gettext(
                "Correct answers to pairs with a known answer, of all people, with a 95 % interval. Disputed gold is left out."
            )
            + f" {of}",
            gold_note,
            f"{statistics}#people",
        ),
        Stat(
            "left-share",
            gettext("Left share"),
            left,
            gettext(
                "How often the left image won, of the votes for one image; with a 95 % interval. Sides are drawn by lot, so "
                "that it is 50 % unless people prefer a side."
            )
            + f" {of}",
            left_note,
            f"{statistics}#sides",
        ),
    ]


def queue_stats(campaign: Campaign, counters: CampaignProgress, document: dict[str, Any], now: datetime) -> list[Stat]:
    overdue = ngettext("%(n)s is overdue", "%(n)s are overdue", counters.seats_overdue)
    age = now - counters.updated_at if counters.updated_at else None
    stats = [
        Stat(
            "waiting",
            gettext("Pairs waiting"),
            whole(counters.pairs_waiting),
            gettext(
                "Open pairs with a free seat: what annotators get next. At 0, nobody gets a pair until others answer or skip."
            ),
            gettext("%(n)s have no vote yet") % {"n": whole(counters.pairs_untouched)} if counters.pairs_untouched else "",
        ),
        Stat(
            "open",
            gettext("Open assignments"),
            whole(counters.seats_open),
            gettext(
                "Pairs in people's queues. Each goes back after its lease of %(minutes)s minutes; one that is overdue for long "
                "means that the background worker does not run."
            )
            % {"minutes": whole(max(campaign.lease_seconds // 60, 1))},
            overdue % {"n": whole(counters.seats_overdue)} if counters.seats_overdue else "",
        ),
        Stat(
            "counted",
            gettext("Counted"),
            DASH if age is None else gettext("%(time)s ago") % {"time": duration(max(age, timedelta(seconds=1)))},
            gettext("When the numbers of progress and of the queue were counted last; a background task does it."),
            gettext("Is the background worker running?") if age is not None and age > COUNTS_ARE_OLD else "",
        ),
    ]
    overlap = document["overlap"]
    if overlap["votes_max"] > overlap["votes_wanted"]:
        stats.append(saving_stat(document))
    return stats


def saving_stat(document: dict[str, Any]) -> Stat:
    overlap, stopping = document["overlap"], document["stopping"]
    spared = overlap.get("votes_spared", 0)
    saved = stopping["votes_saved"] if stopping else None
    note = gettext("on %(pairs)s pairs that stopped early") % {"pairs": whole(overlap["pairs_stopped_early"])}
    if saved and saved["value"] is not None:
        between = f" ({percent(saved['lower'])} – {percent(saved['upper'])})" if saved["lower"] is not None else ""
        note += " · " + gettext("%(share)s of votes, by the audit pairs") % {"share": percent(max(saved["value"], 0)) + between}
    return Stat(
        "saving",
        gettext("Votes saved by adaptive overlap"),
        whole(spared),
        gettext(
            "What pairs that stopped early did not need, beside %(most)s votes on every pair. Audit pairs get all votes "
            "whatever people say, and tell what share the rule saves and how often it changes a label."
        )
        % {"most": overlap["votes_max"]}
        + f" {of_votes(document)}",
        note,
    )


# --- over time


def charts_of(campaign: Campaign, document: dict[str, Any], marks: list[Mark]) -> list[Chart]:
    """Votes by day and hour, and quality by day; none before there are votes."""
    history = document.get("history") or {"days": [], "hours": []}
    days, hours, of = history["days"], history["hours"], of_votes(document)
    if not days:
        return []
    at, heads = [noon_of(row["day"]) for row in days], [day_words(row["day"]) for row in days]
    votes = [Series(gettext("Votes that count"), [row["votes"] for row in days], is_bars=True)]
    if any(row["votes_void"] for row in days):
        void = Series(gettext("Void: the annotator is suspended"), [row["votes_void"] for row in days], "warn", is_bars=True)
        votes.append(void)
    votes.append(Series(gettext("People"), [row["annotators"] for row in days], "good"))
    quality = [
        rate_series(gettext("Agreement with the others"), [row["agreement"] for row in days], "accent"),
        rate_series(gettext("Gold accuracy"), [row["gold"] for row in days], "good"),
        rate_series(gettext("Left share"), [row["left"] for row in days], "warn"),
    ]
    moments = [datetime.fromisoformat(row["hour"]) for row in hours]
    return [
        Chart("votes-by-day", gettext("Votes per day"), of, at, heads, votes, marks=marks),
        Chart(
            "votes-by-hour",
            gettext("Votes per hour, last 48 hours"),
            of,
            [moment.timestamp() for moment in moments],
            [f"{moment:%Y-%m-%d %H:%M}" for moment in moments],
            [Series(gettext("Votes that count"), [row["votes"] for row in hours], is_bars=True)],
            marks=[mark for mark in marks if moments and mark.at >= moments[0].timestamp()],
        ),
        Chart(
            "quality-by-day", gettext("Quality by day, with 95 % intervals"), of, at, heads, quality, is_share=True, marks=marks
        ),
    ]
