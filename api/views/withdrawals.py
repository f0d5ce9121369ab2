"""What leaves releases that are out: yanked releases, votes of people who withdrew, images that are taken down."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Scope
from annotator.models import Release
from annotator.releasing import take_down, withdrawal
from api.pagination import NewestFirst
from api.serializers.base import NoBody
from api.serializers.releases import (
    NewTakeDown,
    ReleaseSerializer,
    TakeDownSerializer,
    TakenDownSerializer,
    WithdrawnReleaseSerializer,
    Yank,
)
from api.views.base import View, location, page_of, user_of, valid_body
from api.views.releases import release_of


class ReleaseYank(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="yank_release", request=Yank, responses={200: ReleaseSerializer})
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Take a release back for good. Its files are deleted; who asks for it reads the reason."""
        user = user_of(request)
        release = release_of(campaign_for_manager(user, slug), number)
        yanked = withdrawal.yank_release(release=release, reason=valid_body(Yank, request)["reason"], by=user)
        tasks.enqueue(tasks.clear_release, yanked.pk)
        return Response(ReleaseSerializer(yanked).data)


class WithdrawnReleaseList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.MANAGE]}

    @extend_schema(operation_id="list_withdrawn_releases", responses={200: WithdrawnReleaseSerializer(many=True)})
    def get(self, request: Request, slug: str) -> Response:
        """List the releases that hold votes of people who withdrew since, newest first."""
        campaign = campaign_for_manager(user_of(request), slug)
        return page_of(request, withdrawal.holding_withdrawn(campaign), WithdrawnReleaseSerializer)


class ReleaseRebuild(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="rebuild_releases", request=None, responses={202: ReleaseSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Yank all releases that hold votes of people who withdrew, and build one without these votes.

        If there are none, the response is 409.
        """
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        valid_body(NoBody, request)
        new, yanked = withdrawal.rebuild_without_withdrawn(campaign=campaign, by=user)
        build_and_clear([new], yanked)
        return Response(ReleaseSerializer(new).data, status=202, headers=location(request, "release", campaign.slug, new.number))


class TakeDownList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.MANAGE], "POST": [Scope.MANAGE]}

    @extend_schema(operation_id="list_take_downs", responses={200: TakeDownSerializer(many=True)})
    def get(self, request: Request, slug: str) -> Response:
        """List the images that were taken down, newest first."""
        campaign = campaign_for_manager(user_of(request), slug)
        return page_of(request, campaign.take_downs.all(), TakeDownSerializer)

    @extend_schema(operation_id="take_down_image", request=NewTakeDown, responses={201: TakenDownSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Take an image down for good, in this campaign and all others that you manage.

        Its file is deleted, its pairs leave circulation, and releases that hold it are yanked and built again without it.
        """
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        values = valid_body(NewTakeDown, request)
        done = take_down.take_down_image(campaign=campaign, sha256=values["sha256"], reason=values["reason"], by=user)
        build_and_clear(done.new, done.ended)
        about = {
            "sha256": values["sha256"],
            "campaigns": sorted(taken.campaign.slug for taken in done.take_downs),
            "pairs_held": done.pairs_held,
            "releases_yanked": done.releases_yanked,
            "remains_elsewhere": done.remains_elsewhere,
        }
        return Response(about, status=201)


def build_and_clear(new: list[Release], ended: list[Release]) -> None:
    for release in new:
        tasks.enqueue(tasks.build_release, release.pk)
    for release in ended:
        tasks.enqueue(tasks.clear_release, release.pk)
