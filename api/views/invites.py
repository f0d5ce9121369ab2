"""Invite links: create, list, get and revoke."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns import invites
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Role, Scope
from annotator.errors import NotFound
from annotator.models import Campaign, Invite
from api import idempotency
from api.pagination import NewestFirst
from api.serializers.base import NoBody
from api.serializers.invites import InviteSerializer, NewInvite
from api.views.base import View, location, page_of, user_of, valid_body


class InviteList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.MANAGE], "POST": [Scope.MANAGE]}

    @extend_schema(operation_id="list_invites", responses=InviteSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the campaign's invite links, newest first."""
        campaign = campaign_for_manager(user_of(request), slug)
        return page_of(request, campaign.invites.all(), InviteSerializer)

    @extend_schema(
        operation_id="create_invite",
        parameters=[idempotency.PARAMETER],
        request=NewInvite,
        responses={201: InviteSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Create an invite link, without limits or with limits in number and time. Send its `url` to people so that they join."""
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        body = valid_body(NewInvite, request)

        def make() -> Response:
            invite = invites.create_invite(
                campaign=campaign,
                by=user,
                note=body.get("note", ""),
                role=body.get("role", Role.ANNOTATOR),
                for_crowd=body.get("for_crowd", False),
                expires_at=body.get("expires_at"),
                uses_max=body.get("uses_max"),
                platform_key=body.get("platform_key", ""),
                platform_customer=body.get("platform_customer", ""),
            )
            return Response(shown(request, invite), status=201, headers=location(request, "invite", slug, invite.pk))

        return idempotency.idempotent(request, user=user, digest=idempotency.digest_of(request.data), make=make)


class InviteDetail(View):
    scopes = {"GET": [Scope.MANAGE]}

    @extend_schema(operation_id="get_invite", responses=InviteSerializer)
    def get(self, request: Request, slug: str, invite_id: int) -> Response:
        """Get an invite link and how many people joined with it."""
        return Response(shown(request, invite_of(campaign_for_manager(user_of(request), slug), invite_id)))


class InviteRevoke(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="revoke_invite", request=None, responses={200: InviteSerializer})
    def post(self, request: Request, slug: str, invite_id: int) -> Response:
        """Revoke an invite link. Members who joined with it stay. Revoking again changes nothing."""
        user = user_of(request)
        invite = invite_of(campaign_for_manager(user, slug), invite_id)
        valid_body(NoBody, request)
        return Response(shown(request, invites.revoke_invite(invite=invite, by=user)))


def shown(request: Request, invite: Invite) -> dict[str, object]:
    return InviteSerializer(invite, context={"request": request}).data


def invite_of(campaign: Campaign, invite_id: int) -> Invite:
    """Raises NotFound."""
    invite = campaign.invites.filter(pk=invite_id).first()
    if invite is None:
        raise NotFound("This invite link does not exist.")
    return invite
