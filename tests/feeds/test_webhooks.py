"""Webhooks, from an event to what arrives at a real HTTPS server."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook as Client
from standardwebhooks import WebhookVerificationError

from annotator import tasks
from annotator.choices import CAMPAIGN_EVENTS, Event
from annotator.errors import Conflict, Invalid
from annotator.feeds import webhooks
from annotator.feeds.outbox import enqueue_event
from annotator.lib import safe_http
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.lib.encryption import encrypt
from annotator.models import Campaign, Delivery, Webhook
from tests.api.clients import sent_tasks
from tests.factories import CampaignFactory, DeliveryFactory, WebhookFactory
from tests.waiting import wait_until
from tests.webhook_receiver import LOOPBACK, Receiver

pytestmark = pytest.mark.django_db

ALL = [event.value for event in CAMPAIGN_EVENTS]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path_factory.mktemp("receiver"))
    yield receiver
    receiver.stop()


@pytest.fixture
def receiver(certified: Receiver, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The server, trusted, and allowed to be on this machine."""
    settings.WEBHOOK_NETWORKS = LOOPBACK
    monkeypatch.setenv("SSL_CERT_FILE", str(certified.certificate))
    safe_http.trusted.cache_clear()
    certified.received.clear()
    certified.status, certified.answer, certified.answer_headers, certified.stalls = 200, b"", {}, False
    certified.released.clear()
    yield certified
    safe_http.trusted.cache_clear()


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(slug="birds", votes_wanted=1)


def listen(campaign: Campaign, receiver: Receiver, *events: str) -> tuple[Webhook, str]:
    return webhooks.create_webhook(campaign=campaign, url=receiver.url(), events=events or ALL, by=None)


def send_all() -> None:
    for delivery_id in webhooks.due_deliveries():
        webhooks.send_delivery(delivery_id=delivery_id)


# --- what arrives


def test_a_message_says_what_happened_and_can_be_verified(campaign, receiver):
    _, secret = listen(campaign, receiver)
    enqueue_event(campaign=campaign, event=Event.RELEASE_READY, data={"release": 3, "revision": "a" * 40})
    send_all()

    (message,) = receiver.received
    body = json.loads(message.body)
    delivery = Delivery.objects.get()
    assert message.path == "/hook"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["diptych-event"] == "release.ready"
    assert message.headers["webhook-id"] == body["id"] == str(delivery.public_id)
    assert (body["event"], body["campaign"], body["data"]) == (
        "release.ready",
        "birds",
        {"release": 3, "revision": "a" * 40},
    )
    assert Client(secret).verify(message.body, message.headers) == body
    with pytest.raises(WebhookVerificationError):
        Client(secret).verify(message.body.replace(b"birds", b"words"), message.headers)
    assert (delivery.state, delivery.status, delivery.attempts, delivery.error) == ("delivered", 200, 1, "")


def test_a_secret_from_before_the_standard_signs_the_same_key_in_the_standard_alphabet(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    key = b"\xfb\xff" * 16
    known_before = "whsec_" + base64.urlsafe_b64encode(key).decode().rstrip("=")
    assert {"-", "_"} <= set(known_before.removeprefix("whsec_"))
    webhook.encrypted_secret = encrypt(known_before, purpose=webhooks.PURPOSE)
    webhook.save(update_fields=["encrypted_secret"])
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    (message,) = receiver.received
    rewritten = "whsec_" + known_before.removeprefix("whsec_").replace("-", "+").replace("_", "/") + "="
    assert base64.b64decode(rewritten.removeprefix("whsec_"), validate=True) == key
    assert Client(rewritten).verify(message.body, message.headers)["event"] == "ping"


# --- what does not arrive


def test_it_is_tried_again_with_longer_and_longer_waits_and_then_given_up(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    receiver.status = 503
    now = timezone.now()
    delivery = webhooks.ping(webhook=webhook, by=None, now=now)
    waits = []
    while delivery.state == "waiting":
        webhooks.send_delivery(delivery_id=delivery.pk, now=delivery.next_attempt_at - timedelta(milliseconds=1))
        tried_at = delivery.next_attempt_at
        webhooks.send_delivery(delivery_id=delivery.pk, now=tried_at)
        delivery.refresh_from_db()
        waits.append(delivery.next_attempt_at and delivery.next_attempt_at - tried_at)

    assert waits == [*webhooks.WAITS, None]
    assert (delivery.state, delivery.status, delivery.attempts) == ("failed", 503, len(webhooks.WAITS) + 1)
    assert len(receiver.received) == len(webhooks.WAITS) + 1
    assert len({message.body for message in receiver.received}) == 1
    assert len({message.headers["webhook-id"] for message in receiver.received}) == 1
    assert len({message.headers["webhook-signature"] for message in receiver.received}) == len(receiver.received)


def test_one_that_comes_to_itself_gets_it(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    receiver.status = 500
    delivery = webhooks.ping(webhook=webhook, by=None)
    send_all()
    receiver.status = 204
    delivery.refresh_from_db()
    webhooks.send_delivery(delivery_id=delivery.pk, now=delivery.next_attempt_at)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.status, delivery.attempts) == ("delivered", 204, 2)
    webhooks.send_delivery(delivery_id=delivery.pk)
    assert len(receiver.received) == 2


def test_no_redirect_is_followed(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    receiver.status, receiver.answer_headers = 302, {"Location": receiver.url("/elsewhere")}
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    assert [message.path for message in receiver.received] == ["/hook"]
    assert Delivery.objects.get().status == 302
    assert Delivery.objects.get().state == "waiting"


def test_nobody_waits_for_one_that_does_not_answer(campaign, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "SECONDS", 0.3)
    webhook, _ = listen(campaign, receiver)
    receiver.stalls = True
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.error) == (None, "No response within 0.3 seconds.")


def test_of_an_endless_answer_only_a_little_is_read(campaign, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "ANSWER_LIMIT", 1000)
    webhook, _ = listen(campaign, receiver)
    receiver.answer = b"x" * 50_000_000
    webhooks.ping(webhook=webhook, by=None)
    start = time.monotonic()
    send_all()

    assert Delivery.objects.get().state == "delivered"
    assert time.monotonic() - start < webhooks.SECONDS


def test_a_certificate_that_nobody_trusts_is_no_connection(campaign, receiver, monkeypatch):
    webhook, _ = listen(campaign, receiver)
    monkeypatch.delenv("SSL_CERT_FILE")
    safe_http.trusted.cache_clear()
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    assert not receiver.received
    assert Delivery.objects.get().error.startswith("No connection")


def test_a_name_that_has_become_private_is_refused_when_it_is_sent(campaign, receiver, settings):
    webhook, _ = listen(campaign, receiver)
    settings.WEBHOOK_NETWORKS = []
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    assert not receiver.received
    assert Delivery.objects.get().error == webhooks.PRIVATE


@pytest.mark.django_db(transaction=True)
def test_an_attempt_is_noted_before_it_is_made_so_that_one_that_is_cut_off_is_made_again(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    delivery = webhooks.ping(webhook=webhook, by=None)
    receiver.stalls = True

    def send() -> None:
        webhooks.send_delivery(delivery_id=delivery.pk)
        connection.close()

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: receiver.received, why="the message")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert webhooks.due_deliveries() == []
    assert delivery.cut_off == 1
    assert webhooks.due_deliveries(now=timezone.now() + webhooks.LOST_AFTER) == [delivery.pk]
    receiver.released.set()
    sender.join()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.cut_off) == ("delivered", 0)


def test_one_that_stops_its_workers_three_times_is_given_up_with_a_reason_until_it_is_sent_again(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    delivery = webhooks.ping(webhook=webhook, by=None)
    Delivery.objects.update(cut_off=ATTEMPTS_MAX)
    webhooks.send_delivery(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error, delivery.next_attempt_at) == ("failed", webhooks.GIVEN_UP, None)
    assert not receiver.received
    webhooks.resend(delivery=delivery, by=None)
    webhooks.send_delivery(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, len(receiver.received)) == ("delivered", 1)


def test_another_secret_key_says_what_to_do(campaign, receiver, settings):
    webhook, _ = listen(campaign, receiver)
    settings.SECRET_KEY = "another"
    webhooks.ping(webhook=webhook, by=None)
    send_all()

    assert "Create the webhook again" in Delivery.objects.get().error


# --- setting one up


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/", "https://"),
        ("example.org", "https://"),
        ("ftp://example.org/", "https://"),
        ("https://", "https://"),
        ("https://user:word@example.org/", "Remove the user name"),
        ("https://example.org/#x", "Remove the user name"),
        ("https://example.org:99999/", "Invalid URL"),
        ("https://[::1/", "Invalid URL"),
        ("https://127.0.0.1/", "not public"),
        ("https://localhost/", "not public"),
        ("https://10.1.2.3/", "not public"),
        ("https://169.254.169.254/latest/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::ffff:10.0.0.1]/", "not public"),
        ("https://0x7f000001/", "not public"),
        ("https://no-such-name.invalid/", "cannot be found"),
        ("https://example.org/" + "x" * 1000, "at most"),
        ("https://exa mple.org/", ""),
        ("https://example.org/\x00", ""),
    ],
)
def test_an_address_that_is_none_for_us_is_refused(campaign, url, words):
    with pytest.raises(Invalid) as refused:
        webhooks.create_webhook(campaign=campaign, url=url, events=ALL, by=None)

    assert words in refused.value.errors["url"][0]
    assert not Webhook.objects.exists()


def test_without_tls_it_goes_to_networks_of_the_operator_only(campaign, settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK
    plain = Receiver()
    try:
        webhook, _ = listen(campaign, plain)
        with pytest.raises(Invalid, match="not valid") as refused:
            webhooks.create_webhook(campaign=campaign, url="http://10.1.2.3/", events=ALL, by=None)
        webhooks.ping(webhook=webhook, by=None)
        send_all()
        settings.WEBHOOK_NETWORKS = []
        webhooks.ping(webhook=webhook, by=None)
        send_all()
    finally:
        plain.stop()

    assert "https://" in refused.value.errors["url"][0]
    assert len(plain.received) == 1
    assert sorted(delivery.error for delivery in Delivery.objects.all()) == ["", webhooks.PRIVATE]


def test_a_change_is_checked_as_well(campaign, receiver, settings):
    webhook, _ = listen(campaign, receiver)
    settings.WEBHOOK_NETWORKS = []
    for change in ({"url": "https://10.0.0.1/"}, {"events": []}, {"events": ["ping"]}):
        with pytest.raises(Invalid):
            webhooks.change_webhook(webhook=webhook, by=None, **change)


def test_the_secret_is_not_in_the_database(campaign, receiver):
    webhook, secret = listen(campaign, receiver)

    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret not in webhook.encrypted_secret


def test_there_is_an_end_to_them(campaign, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "WEBHOOKS_LIMIT", 1)
    listen(campaign, receiver)

    with pytest.raises(Conflict):
        listen(campaign, receiver)


def test_one_that_is_off_is_sent_nothing_until_it_is_on_again(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    delivery = webhooks.ping(webhook=webhook, by=None)
    webhooks.change_webhook(webhook=webhook, is_active=False, by=None)
    webhook.refresh_from_db()

    send_all()
    webhooks.send_delivery(delivery_id=delivery.pk)
    assert not receiver.received
    for verb in (
        lambda: webhooks.ping(webhook=webhook, by=None),
        lambda: webhooks.resend(delivery=delivery_of(webhook), by=None),
    ):
        with pytest.raises(Conflict):
            verb()

    webhooks.change_webhook(webhook=webhook, is_active=True, by=None)
    send_all()
    assert len(receiver.received) == 1


def delivery_of(webhook: Webhook) -> Delivery:
    return Delivery.objects.select_related("webhook").get(webhook=webhook)


def test_a_delivery_that_was_given_up_can_be_sent_again(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    DeliveryFactory(webhook=webhook, state="failed", attempts=9, next_attempt_at=None)

    webhooks.resend(delivery=delivery_of(webhook), by=None)
    send_all()

    assert (delivery_of(webhook).state, delivery_of(webhook).attempts) == ("delivered", 1)


# --- the tasks


def test_the_beat_sends_what_is_due_whatever_became_of_the_broker(campaign, receiver):
    webhook, _ = listen(campaign, receiver)
    due = webhooks.ping(webhook=webhook, by=None)
    DeliveryFactory(webhook=webhook, next_attempt_at=timezone.now() + timedelta(hours=1))
    DeliveryFactory(webhook=WebhookFactory(is_active=False))

    with sent_tasks() as sent:
        tasks.send_due_deliveries()

    assert sent == [("send_delivery", [due.pk])]
    for _ in range(2):
        tasks.send_delivery(due.pk)
    assert len(receiver.received) == 1


def test_the_log_goes_back_a_month(campaign):
    webhook = WebhookFactory(campaign=campaign)
    old = timezone.now() - timedelta(days=31)
    DeliveryFactory(webhook=webhook, state="delivered", next_attempt_at=None, created_at=old)
    kept = [DeliveryFactory(webhook=webhook, created_at=old), DeliveryFactory(webhook=webhook)]

    tasks.forget_what_is_over()

    assert list(Delivery.objects.order_by("pk")) == kept
