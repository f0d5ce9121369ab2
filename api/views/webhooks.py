"""Webhooks: create, list, get, change, delete, test, and list deliveries."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Scope
from annotator.errors import NotFound
from annotator.feeds import webhooks
from annotator.models import Campaign, Webhook
from api import idempotency
from api.pagination import NewestFirst
from api.serializers.base import NoBody
from api.serializers.webhooks import (
    DeliverySerializer,
    NewWebhook,
    WebhookChanges,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)
from api.views.base import View, location, page_of, user_of, valid_body


class WebhookList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.MANAGE], "POST": [Scope.MANAGE]}

    @extend_schema(operation_id="list_webhooks", responses=WebhookSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the campaign's webhooks, newest first."""
        campaign = campaign_for_manager(user_of(request), slug)
        return page_of(request, campaign.webhooks.all(), WebhookSerializer)

    @extend_schema(
        operation_id="create_webhook",
        parameters=[idempotency.PARAMETER],
        request=NewWebhook,
        responses={201: WebhookWithSecretSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Create a webhook. Diptych sends the events to its https address. Only this response contains the signing `secret`."""
        user = user_of(request)
        campaign = campaign_for_manager(user, slug)
        body = valid_body(NewWebhook, request)

        def make() -> Response:
            webhook, secret = webhooks.create_webhook(campaign=campaign, url=body["url"], events=body["events"], by=user)
            shown = WebhookSerializer(webhook).data | {"secret": secret}
            return Response(shown, status=201, headers=location(request, "webhook", slug, webhook.pk))

        return idempotency.idempotent(request, user=user, digest=idempotency.digest_of(request.data), make=make)


class WebhookDetail(View):
    scopes = {"GET": [Scope.MANAGE], "PATCH": [Scope.MANAGE], "DELETE": [Scope.MANAGE]}

    @extend_schema(operation_id="get_webhook", responses=WebhookSerializer)
    def get(self, request: Request, slug: str, webhook_id: int) -> Response:
        """Get a webhook, without its secret."""
        webhook = webhook_of(campaign_for_manager(user_of(request), slug), webhook_id)
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(operation_id="change_webhook", request=WebhookChanges, responses=WebhookSerializer)
    def patch(self, request: Request, slug: str, webhook_id: int) -> Response:
        """Change the fields you send. While `active` is false, no events are sent."""
        user = user_of(request)
        webhook = webhook_of(campaign_for_manager(user, slug), webhook_id)
        body = valid_body(WebhookChanges, request)
        webhook = webhooks.change_webhook(
            webhook=webhook, url=body.get("url"), events=body.get("events"), is_active=body.get("active"), by=user
        )
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(operation_id="remove_webhook", responses={204: None})
    def delete(self, request: Request, slug: str, webhook_id: int) -> Response:
        """Delete a webhook and its pending deliveries."""
        user = user_of(request)
        webhook = webhook_of(campaign_for_manager(user, slug), webhook_id)
        webhooks.remove_webhook(webhook=webhook, by=user)
        return Response(status=204)


class WebhookPing(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="ping_webhook", request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, slug: str, webhook_id: int) -> Response:
        """Send a `ping` event to test a webhook."""
        user = user_of(request)
        webhook = webhook_of(campaign_for_manager(user, slug), webhook_id)
        valid_body(NoBody, request)
        delivery = webhooks.ping(webhook=webhook, by=user)
        tasks.enqueue(tasks.send_delivery, delivery.pk)
        return Response(DeliverySerializer(delivery).data, status=202)


class DeliveryList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.MANAGE]}

    @extend_schema(operation_id="list_deliveries", responses=DeliverySerializer(many=True))
    def get(self, request: Request, slug: str, webhook_id: int) -> Response:
        """List the pending deliveries and those of the last month, newest first."""
        webhook = webhook_of(campaign_for_manager(user_of(request), slug), webhook_id)
        return page_of(request, webhook.deliveries.all(), DeliverySerializer)


def webhook_of(campaign: Campaign, webhook_id: int) -> Webhook:
    webhook = campaign.webhooks.filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound("This webhook does not exist.")
    return webhook
