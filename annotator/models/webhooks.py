from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Index, Q
from django.utils.translation import gettext_lazy

from annotator.choices import CAMPAIGN_EVENTS, DeliveryState, Event
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of

URL_LIMIT = 1000


class Webhook(models.Model):
    """An external address that receives events of a campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=URL_LIMIT)
    events = ArrayField(models.CharField(max_length=20, choices=Event))
    is_active = models.BooleanField(
        default=True, help_text=gettext_lazy("Whether events are sent. Events while inactive are not stored.")
    )
    encrypted_secret = models.TextField(editable=False, help_text=gettext_lazy("Encrypted with a key derived from SECRET_KEY."))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            CheckConstraint(condition=Q(url__regex="^https?://"), name="webhook_url_is_a_web_address"),
            CheckConstraint(
                condition=Q(events__contained_by=[event.value for event in CAMPAIGN_EVENTS]) & ~Q(events=[]),
                name="webhook_events_known_and_some",
            ),
        ]

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.WAITING, next_attempt_at__lte=now, webhook__is_active=True)


class Delivery(models.Model):
    """One event on its way to one webhook: written with the event, in one transaction, and sent from here."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=20, choices=Event)
    body = models.TextField(help_text=gettext_lazy("The signed request body, the same for every attempt."))
    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    cut_off = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=gettext_lazy("Attempts in a row that began and did not end.")
    )
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text=gettext_lazy("HTTP status of the last response."))
    error = models.CharField(max_length=200, blank=True, help_text=gettext_lazy("Why the last attempt failed."))
    created_at = models.DateTimeField()

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = gettext_lazy("deliveries")
        constraints = [
            one_of("event", Event, name="delivery_event_known"),
            one_of("state", DeliveryState, name="delivery_state_known"),
            CheckConstraint(
                condition=Q(state=DeliveryState.WAITING, next_attempt_at__isnull=False)
                | (~Q(state=DeliveryState.WAITING) & Q(next_attempt_at__isnull=True)),
                name="delivery_waiting_says_until_when",
            ),
        ]
        indexes = [
            # feeds/webhooks.py: what is to be sent now.
            Index(fields=["next_attempt_at"], condition=Q(state=DeliveryState.WAITING), name="delivery_due"),
            # The log of a webhook, newest first.
            Index(fields=["webhook", "-id"], name="delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"
