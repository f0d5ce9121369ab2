"""Releases: build, list, get, cancel, and download files.

They contain other people's votes and the generators' names, so only reviewers and managers can read them.
"""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import releasing, tasks
from annotator.campaigns.access import campaign_for_manager, campaign_for_reviewer
from annotator.choices import ReleaseState, Scope
from annotator.errors import Conflict, NotFound
from annotator.lib import file_responses
from annotator.models import Campaign, Release
from api import idempotency
from api.errors import body_of
from api.pagination import NewestFirst
from api.serializers.base import NoBody
from api.serializers.releases import NewRelease, ReleaseSerializer
from api.views.base import IF_NONE_MATCH, NOT_MODIFIED, View, location, page_of, user_of, valid_body


class ReleaseList(View):
    pagination_class = NewestFirst
    has_etag = True
    scopes = {"GET": [Scope.EXPORT], "POST": [Scope.MANAGE]}

    @extend_schema(
        operation_id="list_releases",
        parameters=[IF_NONE_MATCH],
        responses={200: ReleaseSerializer(many=True), 304: NOT_MODIFIED},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the campaign's releases, newest first."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return page_of(request, campaign.releases.select_related("replaced_by").prefetch_related("files"), ReleaseSerializer)

    @extend_schema(
        operation_id="create_release", parameters=[idempotency.PARAMETER], request=NewRelease, responses={202: ReleaseSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Build a release from the current votes. A worker builds it: get the release until its state is `ready`."""
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        values = valid_body(NewRelease, request)

        def make() -> Response:
            release = releasing.create_release(
                campaign=campaign,
                by=user,
                configs=values.get("configs", ()),
                shard_bytes=values.get("shard_bytes"),
                shard_count=values.get("shard_count"),
            )
            tasks.enqueue(tasks.build_release, release.pk)
            headers = location(request, "release", campaign.slug, release.number)
            return Response(ReleaseSerializer(release).data, status=202, headers=headers)

        return idempotency.idempotent(request, user=user, digest=idempotency.digest_of(request.data), make=make)


class ReleaseDetail(View):
    has_etag = True
    scopes = {"GET": [Scope.EXPORT]}

    @extend_schema(operation_id="get_release", parameters=[IF_NONE_MATCH], responses={200: ReleaseSerializer, 304: NOT_MODIFIED})
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Get a release and its files, each with its size and sha256."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return Response(ReleaseSerializer(release_of(campaign, number)).data)


class ReleaseCancel(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="cancel_release", request=None, responses={200: ReleaseSerializer})
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Stop building a release. If the build has already ended, the response is 409."""
        user = user_of(request)
        release = release_of(campaign_for_manager(user, slug), number)
        valid_body(NoBody, request)
        cancelled = releasing.cancel_release(release=release, by=user)
        tasks.enqueue(tasks.clear_release, release.pk)
        return Response(ReleaseSerializer(cancelled).data)


class IgnoreAccept(BaseContentNegotiation):
    """A file has one format, so the Accept header is ignored. Errors are JSON, as everywhere."""

    def select_parser(self, request, parsers):  # type: ignore[no-untyped-def]
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):  # type: ignore[no-untyped-def]
        return renderers[0], renderers[0].media_type


class ReleaseFileBytes(View):
    scopes = {"GET": [Scope.EXPORT]}
    content_negotiation_class = IgnoreAccept

    @extend_schema(
        operation_id="get_release_file",
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="A range of bytes, for example bytes=0-1023."),
            IF_NONE_MATCH,
        ],
        responses={
            **{(status, kind): OpenApiTypes.BINARY for status in (200, 206) for kind in file_responses.content_types()},
            304: NOT_MODIFIED,
            416: OpenApiResponse(description="The range starts after the end of the file."),
        },
    )
    def get(self, request: Request, slug: str, number: int, path: str) -> HttpResponseBase:
        """Download a file, or a range of its bytes. The ETag is the sha256 of the file."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        release = release_of(campaign, number)
        if release.state == ReleaseState.YANKED:
            raise Conflict(f"This release was yanked. {release.yank_reason}", code="release_yanked")
        if release.state != ReleaseState.READY:
            raise Conflict(f"This release is not ready. Its state is {release.state}.", code="release_not_ready")
        file = release.files.filter(path=path).first() if "\x00" not in path else None
        if file is None:
            raise NotFound("This file does not exist in the release.")
        try:
            return file_responses.serve(
                request,
                open_file=lambda: releasing.open_file(release, file.path),
                size=file.size,
                sha256=file.sha256,
                name=file.path,
                stored_as=releasing.stored_name(release, file),
            )
        except file_responses.RangeNotSatisfiable as error:
            return Response(body_of("range_not_satisfiable", str(error)), status=416, headers=error.headers)


def release_of(campaign: Campaign, number: int) -> Release:
    release = campaign.releases.filter(number=number).first()
    if release is None:
        raise NotFound("This release does not exist.")
    return release
