"""Webhooks and their deliveries."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import CAMPAIGN_EVENTS
from annotator.models import Delivery, Webhook
from annotator.models.webhooks import URL_LIMIT
from api.serializers.base import Body, Text, YesOrNo


class NewWebhook(Body):
    """A new webhook: an address and the events to send."""

    url = Text(max_length=URL_LIMIT, help_text="A public https address, or an address in one of the WEBHOOK_NETWORKS.")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))


class WebhookChanges(Body):
    """The fields to change. Fields you leave out stay as they are."""

    url = Text(required=False, max_length=URL_LIMIT)
    events = serializers.ListField(
        required=False, child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS])
    )
    active = YesOrNo(required=False)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook of a campaign."""

    active = serializers.BooleanField(source="is_active")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "active", "created_at"]
        read_only_fields = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """A new webhook with its signing secret."""

    secret = serializers.CharField(help_text="The secret that signs deliveries. Store it now: it is shown only once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """The delivery of one event to one webhook. `id` is the event id in the body."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Delivery
        fields = ["id", "event", "state", "attempts", "status", "error", "created_at", "last_attempt_at", "next_attempt_at"]
        read_only_fields = fields
