"""What webhooks are told of, written down in the transaction in which it happens: all of it is sent, and nothing else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from annotator.choices import Event
from annotator.models import Campaign, Delivery, Webhook


def enqueue_event(*, campaign: Campaign, event: Event, data: Mapping[str, Any], now: datetime | None = None) -> None:
    """A delivery to each active webhook of the campaign that wants to know. Call inside the transaction of the event."""
    wanted = Webhook.objects.filter(campaign=campaign, is_active=True, events__contains=[event.value])
    now = now or timezone.now()
    Delivery.objects.bulk_create(new_delivery(webhook, campaign, event, data, now) for webhook in wanted.order_by("pk"))


def new_delivery(webhook: Webhook, campaign: Campaign, event: Event, data: Mapping[str, Any], now: datetime) -> Delivery:
    """Not saved yet. Its id is in the body, so that whoever gets it twice knows."""
    public_id = uuid.uuid4()
    body = {
        "id": str(public_id),
        "event": event.value,
        "campaign": campaign.slug,
        "created_at": now.isoformat().replace("+00:00", "Z"),
        "data": data,
    }
    text = json.dumps(body, ensure_ascii=False)
    return Delivery(public_id=public_id, webhook=webhook, event=event, body=text, next_attempt_at=now, created_at=now)
