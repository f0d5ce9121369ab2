"""What the votes say, for managers: the statistics that a task computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import ConsensusMethod
from annotator.consensus.leaderboard import UNIT_WINS
from annotator.scoring.statistics import statistics_of
from annotator.scoring.statistics.agreement import FEW_PROMPTS
from annotator.scoring.statistics.schema import AUDIT_PAIRS, FIRST_VOTES
from annotator.templatetags.figures import estimated, estimated_share, rate, thousands
from annotator.views.manage import leaderboards
from annotator.views.manage.review import taste_groups
from annotator.views.requests import UserRequest

SHOWN = 20  # rows of a long table; the rest is in the REST API
# Krippendorff's own words for alpha, and what they mean for preferences, on which people may well differ.
ALPHA_WORDS = [
    (0.8, "high agreement"),
    (0.667, "fair agreement"),
    (0.2, "some agreement"),
    (-1.0, "almost no agreement"),
]
USED_WORDS = {FIRST_VOTES: "First {} of every pair", AUDIT_PAIRS: "All {} of audit pairs"}
AGREEMENT_LINES: list[tuple[str, str, Callable[[Any], str]]] = [
    ("Alpha, ordinal", "ordinal", estimated),
    ("Two votes on a pair are the same", "same_answer", estimated_share),
    ("Unanimous pairs", "unanimous", rate),
    ("Share of the leading answer", "leading_share", estimated_share),
    ("Entropy, in bits", "entropy", estimated),
    ("Votes", "votes", thousands),
    ("Pairs", "pairs", thousands),
    ("Prompts", "prompts", thousands),
]


@never_cache
@require_safe
def statistics_page(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    document = statistics_of(campaign)
    board = leaderboards.chosen(document["leaderboards"], request.GET.get("board"), document["leaderboard"])
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
        "board": board,
        "boards": leaderboards.choices(document["leaderboards"], board),
        "ranked": leaderboards.rows_of(board),
        "heat_map": leaderboards.heat_map(board),
        "weaknesses": leaderboards.weaknesses(board),
        "unit_wins": UNIT_WINS,
        "win_rates": by_category(document["win_rates"]),
        "shown": SHOWN,
        "tastes": taste_groups(document),
        "few_prompts": FEW_PROMPTS,
    }
    return render(request, "manage/statistics/statistics.html", context)


def agreement_row(row: dict[str, Any]) -> dict[str, Any]:
    """A question with its figures as lines of a table: a column for the first votes of all pairs, one for the audit pairs.

    A document that an older version computed says nothing of either. It is computed anew within a minute.
    """
    columns = [figures for figures in (row["agreement"], row.get("audit")) if figures and "votes_used" in figures]
    labels = [USED_WORDS[figures["votes_used"]].format(figures["votes_per_pair"]) for figures in columns]
    nominal = [{"value": figures["alpha"], "lower": figures["lower"], "upper": figures["upper"]} for figures in columns]
    lines = [{"name": "Alpha, nominal", "cells": list(zip(labels, map(estimated, nominal), strict=True))}] if columns else []
    for name, key, as_text in AGREEMENT_LINES:
        cells = [(label, as_text(figures[key])) for label, figures in zip(labels, columns, strict=True)]
        lines += [{"name": name, "cells": cells}] if cells else []
    return {**row, "words": alpha_words(row["agreement"]["alpha"]), "labels": labels, "lines": lines}


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


def by_category(win_rates: list[dict[str, Any]]) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """The rows of each category together, all prompts first."""
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for row in win_rates:
        groups.setdefault(row["category"], []).append(row)
    return [(name, sorted(rows, key=lambda row: -(row["wins"]["rate"] or 0))) for name, rows in list(groups.items())[: SHOWN + 1]]
