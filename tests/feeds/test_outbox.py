"""Events are written down as deliveries, in the transaction in which they happen."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from annotator.choices import Event
from annotator.feeds.outbox import enqueue_event
from annotator.models import Delivery
from tests.factories import CampaignFactory, WebhookFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def test_each_active_webhook_of_the_campaign_that_subscribes_gets_a_delivery(django_assert_num_queries):
    campaign = CampaignFactory()
    subscribed = [WebhookFactory(campaign=campaign, events=["release.ready", "import.finished"]) for _ in range(3)]
    WebhookFactory(campaign=campaign, events=["import.finished"])
    WebhookFactory(campaign=campaign, is_active=False)
    WebhookFactory()

    with django_assert_num_queries(2):
        enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={"release": 1}, now=NOW)

    assert [delivery.webhook for delivery in Delivery.objects.order_by("pk")] == subscribed
    assert Delivery.objects.due(NOW).count() == 3


def test_the_body_says_which_delivery_it_is_and_what_happened_when():
    campaign = CampaignFactory(slug="birds")
    WebhookFactory(campaign=campaign)

    enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={"name": "Vögel", "release": 2}, now=NOW)

    delivery = Delivery.objects.get()
    assert json.loads(delivery.body) == {
        "id": str(delivery.public_id),
        "event": "release.ready",
        "campaign": "birds",
        "created_at": "2026-03-01T12:30:15.250000Z",
        "data": {"name": "Vögel", "release": 2},
    }
    assert (delivery.event, delivery.created_at, delivery.next_attempt_at) == (Event.RELEASE_READY, NOW, NOW)


def test_two_deliveries_of_one_event_have_different_ids():
    campaign = CampaignFactory()
    WebhookFactory.create_batch(2, campaign=campaign)

    enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={}, now=NOW)

    ids = [json.loads(delivery.body)["id"] for delivery in Delivery.objects.all()]
    assert len(set(ids)) == 2
    assert set(ids) == {str(delivery.public_id) for delivery in Delivery.objects.all()}
