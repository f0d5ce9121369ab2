"""Webhooks and deliveries: what the database refuses, and what is due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from annotator.models import (
    Delivery,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "webhook_url_is_a_web_address": lambda: make.WebhookFactory(url="ftp://hooks.test/"),
        "webhook_events_known_and_some": lambda: make.WebhookFactory(events=[]),
        "delivery_event_known": lambda: make.DeliveryFactory(event="release.lost"),
        "delivery_state_known": lambda: make.DeliveryFactory(state="lost", next_attempt_at=None),
        "delivery_waiting_says_until_when": lambda: make.DeliveryFactory(next_attempt_at=None),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_delivery_is_due_when_it_waits_its_time_has_come_and_its_webhook_is_active() -> None:
    due = make.DeliveryFactory()
    now = due.next_attempt_at
    make.DeliveryFactory(next_attempt_at=now + timedelta(seconds=1))
    make.DeliveryFactory(state="delivered", next_attempt_at=None)
    make.DeliveryFactory(next_attempt_at=now, webhook__is_active=False)
    assert list(Delivery.objects.due(now)) == [due]
