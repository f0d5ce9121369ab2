"""Webhooks and what was sent to them."""

from __future__ import annotations

from rest_framework import serializers

from annotator.choices import CAMPAIGN_EVENTS
from annotator.models import Delivery, Webhook
from annotator.models.webhooks import URL_LIMIT
from api.serializers.base import Body, Text, YesOrNo


class NewWebhook(Body):
    """An address to tell, and of what."""

    url = Text(max_length=URL_LIMIT, help_text="https, and out on the internet; or in a network of WEBHOOK_NETWORKS.")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))


class WebhookChanges(Body):
    """What is left out stays."""

    url = Text(required=False, max_length=URL_LIMIT)
    events = serializers.ListField(
        required=False, child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS])
    )
    active = YesOrNo(required=False)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """An address that is told what happens in a campaign."""

    active = serializers.BooleanField(source="is_active")
    events = serializers.ListField(child=serializers.ChoiceField([(event.value, event.label) for event in CAMPAIGN_EVENTS]))

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "active", "created_at"]
        read_only_fields = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """A new webhook."""

    secret = serializers.CharField(help_text="Signs what is sent. Keep it: it is shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One event on its way to one webhook. `id` is that of the body."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Delivery
        fields = ["id", "event", "state", "attempts", "status", "error", "created_at", "last_attempt_at", "next_attempt_at"]
        read_only_fields = fields
