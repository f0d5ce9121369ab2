"""What the votes say, for managers: the statistics that a task computed, and the pairs whose images look nearly the same."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import ConsensusMethod
from annotator.errors import NotFound
from annotator.judging import pair_holds
from annotator.models.material import NEAR_IDENTICAL_DISTANCE
from annotator.scoring import progress
from annotator.scoring.statistics import statistics_of
from annotator.views.manage.forms import PairDecisionForm
from annotator.views.requests import UserRequest

SHOWN = 20  # rows of a long table; the rest is in the REST API
PAIRS_PER_PAGE = 25
CHART_WIDTH = 200  # units of the small charts
# Krippendorff's own words for alpha, and what they mean for preferences, on which people may well differ.
ALPHA_WORDS = [
    (0.8, "high agreement"),
    (0.667, "fair agreement"),
    (0.2, "some agreement"),
    (-1.0, "almost no agreement"),
]


@never_cache
@require_safe
def statistics_page(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    document = statistics_of(campaign)
    context = {
        "campaign": campaign,
        "its": document,
        "computed_at": parse_datetime(document["computed_at"]) if document["computed_at"] else None,
        "agreement": [agreement_row(row) for row in document["agreement"]],
        # A document from before these were noted has none.
        "confidence": document.get("confidence", []),
        "label_methods": label_methods(document.get("label_methods", [])),
        "busiest_day": max((day["votes"] for day in document["throughput"]["days"]), default=0),
        "annotators": document["annotators"][:SHOWN],
        "ranked": ranked(document["leaderboard"]["generators"]),
        "win_rates": by_category(document["win_rates"]),
        "shown": SHOWN,
    }
    return render(request, "manage/statistics/statistics.html", context)


def agreement_row(row: dict[str, Any]) -> dict[str, Any]:
    """A question with its figures in words and its columns: the first votes of all pairs, and all votes of the audit pairs.

    A document that an older version computed says nothing of either. It is computed anew within a minute.
    """
    columns = [figures for figures in (row["agreement"], row.get("audit")) if figures and "votes_used" in figures]
    return {
        **row,
        "words": alpha_words(row["agreement"]["alpha"]),
        "columns": [
            {**figures, "nominal": {"value": figures["alpha"], "lower": figures["lower"], "upper": figures["upper"]}}
            for figures in columns
        ],
    }


def label_methods(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How the labels of each question came about, with the names of methods and the best first among those that were tried."""
    return [
        {
            **fit,
            "name": ConsensusMethod(fit["method"]).label,
            "tried": [
                {**row, "name": ConsensusMethod(row["method"]).label}
                for row in sorted(fit["held_out"], key=lambda row: -(row["log_likelihood"] or 0))
            ],
        }
        for fit in found
    ]


def alpha_words(alpha: float | None) -> str:
    if alpha is None:
        return "not defined: it needs pairs with two or more of these votes, and votes that differ"
    return next((words for least, words in ALPHA_WORDS if alpha >= least), ALPHA_WORDS[-1][1])


def ranked(generators: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the leaderboard, each with where its score and its interval are on the chart."""
    ends = [row[end] for row in generators for end in ("lower", "upper") if row[end] is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)

    def at(score: float) -> str:
        return f"{4 + (score - low) / ((high - low) or 1.0) * (CHART_WIDTH - 8):.1f}"

    return [
        {**row, "chart": {name: at(row[name]) for name in ("score", "lower", "upper")} if row["score"] is not None else None}
        for row in generators
    ]


def by_category(win_rates: list[dict[str, Any]]) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """The rows of each category together, all prompts first."""
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for row in win_rates:
        groups.setdefault(row["category"], []).append(row)
    return [(name, sorted(rows, key=lambda row: -(row["wins"]["rate"] or 0))) for name, rows in list(groups.items())[: SHOWN + 1]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def near_identical(request: UserRequest, slug: str) -> HttpResponse:
    """The pairs whose images look nearly the same, a page at a time; a POST takes one out, or puts it back."""
    campaign = campaign_for_manager(request.user, slug)
    alike = progress.near_identical_pairs(campaign)
    if request.method == "POST":
        form = PairDecisionForm(request.POST)
        pair = alike.filter(pk=form.cleaned_data["pair"]).first() if form.is_valid() else None
        if pair is None:
            raise NotFound("This pair is not on the list of near-identical pairs.")
        if form.cleaned_data["decision"] == "hold":
            pair_holds.hold_pairs(pair_ids=[pair.pk], by=request.user)
            messages.success(request, f"Pair {pair.pk} is held until you return it.")
        else:
            pair_holds.return_pairs(pair_ids=[pair.pk], by=request.user)
            messages.success(request, f"Pair {pair.pk} is in circulation.")
        return redirect("near_identical", slug)
    page = Paginator(alike, PAIRS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "distance": NEAR_IDENTICAL_DISTANCE}
    return render(request, "manage/pairs/near_identical.html", context)
