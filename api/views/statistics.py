"""What the votes of a campaign say about its people, pairs and generators, as a task computed it last.

It speaks of generators and of single annotators, though by pseudonym, so reading it takes a reviewer or a manager.
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
from annotator.scoring.statistics import Statistics, statistics_of
from annotator.scoring.statistics.schema import Leaderboard
from api.documents import serializer_of
from api.views.base import View, user_of

READING = (Scope.EXPORT, Scope.MANAGE)
CONDITION = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of an answer you have.")
UNCHANGED = {304: OpenApiResponse(description="Nothing has changed since the answer with that ETag.")}


@dataclass(frozen=True)
class CampaignLeaderboard(Leaderboard):
    """The generators of a campaign, the best first. Ties count as half a win for each."""

    campaign: str
    computed_at: str | None  # null: not yet
    votes_counted: int


class StatisticsDetail(View):
    scopes = {"GET": READING}

    @extend_schema(operation_id="get_statistics", parameters=[CONDITION], responses={200: serializer_of(Statistics), **UNCHANGED})
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Progress, pace, agreement, gold, bias, coverage and rankings. Computed in the background, within a minute or so of
        new votes; `computed_at` says when, and is null before the first time."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return answer(request, statistics_of(campaign))


class LeaderboardDetail(View):
    scopes = {"GET": READING}

    @extend_schema(
        operation_id="get_leaderboard",
        parameters=[CONDITION],
        responses={200: serializer_of(CampaignLeaderboard), **UNCHANGED},
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The generators with their Bradley–Terry scores and 95 % intervals, as in the statistics."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        document = statistics_of(campaign)
        about = {name: document[name] for name in ("campaign", "computed_at", "votes_counted")}
        return answer(request, {**document["leaderboard"], **about})


def answer(request: Request, document: dict[str, Any]) -> HttpResponseBase:
    """The document, or 304 to those who have it."""
    etag = f'"{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()}"'
    response = Response(document, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    unchanged: HttpResponseBase | None = get_conditional_response(request._request, etag=etag)
    if unchanged is not None:
        unchanged["Cache-Control"] = "private, no-cache"
        unchanged["ETag"] = etag
    return unchanged or response
