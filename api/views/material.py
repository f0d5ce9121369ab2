"""Pairs and prompts of a campaign, for joining results with one's own data."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns.access import campaign_for_reviewer
from annotator.choices import Scope
from api.pagination import NewestFirst
from api.serializers.material import PairSerializer, PromptSerializer, pairs_of, prompts_of
from api.views.base import View, page_of, user_of

READING = (Scope.EXPORT, Scope.MANAGE)
EXTERNAL_ID = OpenApiParameter("external_id", str, description="Return only the one with this `external_id`.")


def wanted(request: Request) -> dict[str, str]:
    """The filter of `external_id`. Text that no row can have finds nothing, and the database cannot take a NUL."""
    external_id = request.query_params.get("external_id")
    return {} if external_id is None else {"external_id": external_id.replace("\x00", "\ufffd")}


class PairList(View):
    pagination_class = NewestFirst
    scopes = {"GET": READING}

    @extend_schema(operation_id="list_pairs", parameters=[EXTERNAL_ID], responses=PairSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the pairs, the newest first, with your own keys and what people answered so far."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return page_of(request, pairs_of(campaign).filter(**wanted(request)), PairSerializer)


class PromptList(View):
    pagination_class = NewestFirst
    scopes = {"GET": READING}

    @extend_schema(operation_id="list_prompts", parameters=[EXTERNAL_ID], responses=PromptSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the prompts, the newest first, with their images and your own keys."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return page_of(request, prompts_of(campaign).filter(**wanted(request)), PromptSerializer)
