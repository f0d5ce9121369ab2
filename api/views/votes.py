"""The vote feed of a campaign, for programs: in pages, as JSON lines, or as an Arrow stream."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns.access import campaign_for_reviewer
from annotator.choices import Scope
from annotator.lib.lazy_import import lazy_import
from annotator.models import Campaign
from api.serializers.votes import VotePageSerializer
from api.views.base import View, user_of, whole_number

if TYPE_CHECKING:
    from annotator.feeds import vote_feed
    from annotator.feeds.vote_feed import Cursor
else:
    vote_feed = lazy_import("annotator.feeds.vote_feed")  # it brings pyarrow: 50 MB

NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
CURSOR_HEADER = "Diptych-Cursor"
SIZE, SIZE_LIMIT = 100, 1000
PARAMETERS = [
    OpenApiParameter(
        "cursor",
        {"type": "string", "pattern": r"^([ab]-[0-9]{1,20}-[0-9]{1,19}-[0-9a-f]{16})?$"},
        description=f"Where to continue. Take it from `next`, `previous` or the header {CURSOR_HEADER}.",
    ),
    OpenApiParameter("since", OpenApiTypes.DATETIME, description="Return only votes that changed at or after this time."),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": SIZE_LIMIT, "default": SIZE},
        description="Votes per page. Streams have no pages.",
    ),
]
CURSOR_ANSWERED = OpenApiParameter(
    CURSOR_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The position after the last vote of this response. Use it as `cursor` later to get newer votes.",
    response=[200],
)


class NDJSONRenderer(JSONRenderer):
    """Only selects the format by `Accept`: the view streams, and errors are JSON."""

    media_type = NDJSON
    format = "ndjson"


class ArrowRenderer(JSONRenderer):
    media_type = ARROW
    format = "arrow"


class VoteList(View):
    scopes = {"GET": [Scope.EXPORT]}
    renderer_classes = [JSONRenderer, NDJSONRenderer, ArrowRenderer]

    @extend_schema(
        operation_id="list_votes",
        parameters=[*PARAMETERS, CURSOR_ANSWERED],
        responses={
            (200, "application/json"): VotePageSerializer,
            (200, NDJSON): OpenApiTypes.STR,
            (200, ARROW): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """List the votes in the order of their last change. A voided vote appears again, with its `void_reason`.

        `Accept` selects pages of JSON, or all votes as JSON lines or as an Arrow stream. Keep the cursor and use it to get new
        votes: no vote is skipped, and none is repeated unless it changed. After a backup is restored, older cursors return
        409 with the code `cursor_expired`. Then start again without a cursor.
        """
        campaign = campaign_for_reviewer(user_of(request), slug)
        size = whole_number(request, "page_size", low=1, high=SIZE_LIMIT) or SIZE
        since = since_of(request)
        cursor = request.query_params.get("cursor")
        position = vote_feed.read_cursor(cursor) if cursor else None
        if request.accepted_renderer.media_type == JSONRenderer.media_type:
            return page(request, campaign, position, since, size)
        return stream(request, campaign, position, since)


def page(request: Request, campaign: Campaign, position: Cursor | None, since: datetime | None, size: int) -> Response:
    found = vote_feed.page_of_votes(campaign=campaign, position=position, since=since, size=size)
    body = {
        "next": address(request, found.position) if found.has_more else None,
        "previous": address(request, found.previous) if found.previous else None,
        "results": found.votes,
    }
    return Response(body, headers={CURSOR_HEADER: str(found.position)})


def stream(request: Request, campaign: Campaign, position: Cursor | None, since: datetime | None) -> StreamingHttpResponse:
    if position is not None and position.is_before:
        raise ValidationError(
            {"cursor": [f"A stream only goes forward. Use the cursor from `next` or from the header {CURSOR_HEADER}."]}
        )
    votes = vote_feed.stream_of_votes(campaign=campaign, position=position, since=since)
    kind = request.accepted_renderer.media_type
    headers = {CURSOR_HEADER: str(votes.position), "Vary": "Accept, Authorization, Cookie"}
    return StreamingHttpResponse(votes.lines() if kind == NDJSON else votes.arrow(), content_type=kind, headers=headers)


def address(request: Request, position: Cursor) -> str:
    """This address with another cursor."""
    parameters = request.query_params.copy()
    parameters["cursor"] = str(position)
    return request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")


def since_of(request: Request) -> datetime | None:
    """`since`, a time or a date in UTC. Raises ValidationError."""
    raw = request.query_params.get("since")
    if raw is None:
        return None
    wrong = ValidationError({"since": ["Use a date and time like 2026-01-31T12:00:00Z."]})
    try:
        found: Any = parse_datetime(raw) or parse_date(raw)
    except ValueError as error:
        raise wrong from error
    if found is None:
        raise wrong
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)  # noqa: DTZ001 - made aware below
    try:
        aware = timezone.make_aware(found) if timezone.is_naive(found) else found
        return aware.astimezone(timezone.get_default_timezone())
    except OverflowError as error:
        raise wrong from error
