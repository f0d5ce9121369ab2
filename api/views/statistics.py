"""The statistics of a campaign, as a task last computed them.

They name generators, and single annotators by pseudonym, so only reviewers and managers can read them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns.access import campaign_for_reviewer
from annotator.choices import Scope
from annotator.scoring.statistics import Statistics, leaderboard_in, statistics_of
from annotator.scoring.statistics.schema import Leaderboard
from api.documents import serializer_of
from api.views.base import View, user_of

READING = (Scope.EXPORT, Scope.MANAGE)
CONDITION = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the response you already have."
)
UNCHANGED = {304: OpenApiResponse(description="Not changed since the response with this ETag.")}


QUESTION = OpenApiParameter("question", str, description="The slug of a question. Default: the first question.")
CATEGORY = OpenApiParameter("category", str, description="A category of prompts. Default: all prompts.")


@dataclass(frozen=True)
class CampaignLeaderboard(Leaderboard):
    """The generators of a campaign, best first, on one question and in one category. A tie counts as half a win for both."""

    campaign: str
    computed_at: str | None  # null: not yet
    votes_counted: int


class StatisticsDetail(View):
    scopes = {"GET": READING}

    @extend_schema(operation_id="get_statistics", parameters=[CONDITION], responses={200: serializer_of(Statistics), **UNCHANGED})
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Get progress, pace, agreement, gold accuracy, bias, coverage and rankings. They are computed in the background, about a
        minute after new votes. `computed_at` is the time of the last computation, or null before the first."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return answer(request, statistics_of(campaign))


class LeaderboardDetail(View):
    scopes = {"GET": READING}

    @extend_schema(
        operation_id="get_leaderboard",
        parameters=[QUESTION, CATEGORY, CONDITION],
        responses={
            200: serializer_of(CampaignLeaderboard),
            404: OpenApiResponse(description="No such leaderboard."),
            **UNCHANGED,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Get the generators with scores, 95 % intervals, the ranks each may have, and the probability that one beats another.
        Choose a question and a category."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        document = statistics_of(campaign)
        found = leaderboard_in(document, question=request.GET.get("question"), category=request.GET.get("category"))
        about = {name: document[name] for name in ("campaign", "computed_at", "votes_counted")}
        return answer(request, {**found, **about})


def answer(request: Request, document: dict[str, Any]) -> HttpResponseBase:
    """The document, or 304 if the client already has it."""
    etag = f'"{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()}"'
    response = Response(document, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    unchanged: HttpResponseBase | None = get_conditional_response(request._request, etag=etag)
    if unchanged is not None:
        unchanged["Cache-Control"] = "private, no-cache"
        unchanged["ETag"] = etag
    return unchanged or response
