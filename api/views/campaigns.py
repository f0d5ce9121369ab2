"""Campaigns: create, list, get, and change their state and rules."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns import lifecycle, questions
from annotator.campaigns.access import campaign_for_manager, campaign_for_reader, require_may_create_campaigns
from annotator.choices import Scope
from annotator.models import Campaign, User
from api import idempotency
from api.pagination import NewestFirst
from api.permissions import ANY_SCOPE
from api.serializers.campaigns import CampaignChanges, CampaignSerializer, NewCampaign, campaigns_for
from api.views.base import IF_NONE_MATCH, NOT_MODIFIED, View, location, page_of, user_of, valid_body


class CampaignList(View):
    pagination_class = NewestFirst
    scopes = {"GET": ANY_SCOPE, "POST": [Scope.MANAGE]}

    @extend_schema(operation_id="list_campaigns", responses=CampaignSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the campaigns you are a member of."""
        user = user_of(request)
        return page_of(request, campaigns_for(user), CampaignSerializer, user=user)

    @extend_schema(
        operation_id="create_campaign",
        parameters=[idempotency.PARAMETER],
        request=NewCampaign,
        responses={201: CampaignSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a campaign. You become its manager. Only staff and users who may add campaigns can do this."""
        user = user_of(request)
        require_may_create_campaigns(user)
        body = valid_body(NewCampaign, request)

        def make() -> Response:
            campaign = lifecycle.create_campaign(
                slug=body["slug"],
                name=body["name"],
                description=body["description"],
                state=body["state"],
                rules=lifecycle.rules_in(body),
                questions=[
                    questions.NewQuestion(
                        question["slug"], question["text"], tuple(question["choices"]), question.get("translations")
                    )
                    for question in body["questions"]
                ],
                guideline=body["guideline"],
                by=user,
            )
            return Response(shown(campaign, user), status=201, headers=location(request, "campaign", campaign.slug))

        return idempotency.idempotent(request, user=user, digest=idempotency.digest_of(request.data), make=make)


class CampaignDetail(View):
    has_etag = True
    scopes = {"GET": ANY_SCOPE, "PATCH": [Scope.MANAGE]}

    @extend_schema(
        operation_id="get_campaign", parameters=[IF_NONE_MATCH], responses={200: CampaignSerializer, 304: NOT_MODIFIED}
    )
    def get(self, request: Request, slug: str) -> Response:
        """Get a campaign with its rules and its progress."""
        user = user_of(request)
        campaign, _ = campaign_for_reader(user, slug)
        return Response(shown(campaign, user))

    @extend_schema(operation_id="change_campaign", request=CampaignChanges, responses=CampaignSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields you send: all of them, or none if one is not valid. An impossible change of state returns 409."""
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        body = valid_body(CampaignChanges, request)
        lifecycle.change_campaign(
            campaign=campaign,
            by=user,
            state=body.get("state"),
            name=body.get("name"),
            description=body.get("description"),
            rules=lifecycle.rules_in(body),
        )
        return Response(shown(campaign, user))


def shown(campaign: Campaign, user: User) -> dict[str, object]:
    return CampaignSerializer(campaigns_for(user).get(pk=campaign.pk), context={"user": user}).data
