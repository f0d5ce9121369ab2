"""Webhooks and their deliveries. Pending deliveries are rows in a table, and are retried until they arrive.

An attempt is noted before it is made, with the time of the next one: a worker that dies, and a broker that forgets, delay a
delivery and lose none. One that stops its workers again and again is given up. One that arrived and was not noted is sent
again; its id in the body tells.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from standardwebhooks import Webhook as Signer

from annotator.choices import CAMPAIGN_EVENTS, DeliveryState, Event
from annotator.errors import Conflict, Invalid
from annotator.feeds.outbox import new_delivery
from annotator.lib import audit
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.lib.encryption import DecryptionFailed, decrypt, encrypt
from annotator.lib.safe_http import MAX_PORT, AddressRefused, CheckedNetwork, is_public, resolve, trusted
from annotator.models import Campaign, Delivery, User, Webhook
from annotator.models.audit import AuditAction
from annotator.models.webhooks import URL_LIMIT

PURPOSE = "secret of a webhook"
SECRET_PREFIX = "whsec_"  # noqa: S105 - by it one that is found in a file is known for what it is
KEY_BYTES = 32
URL_SAFE_TO_STANDARD = str.maketrans("-_", "+/")
WEBHOOKS_LIMIT = 20  # of a campaign
SECONDS = 10.0  # for an attempt, from the name to the end of the answer
STEP_SECONDS = 5.0  # for any one wait in it
ANSWER_LIMIT = 64 * 1024  # bytes that are read of an answer, and thrown away
# After the first attempt, the second, …; after the last wait a delivery is given up.
WAITS = [
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
]
LOST_AFTER = timedelta(minutes=2)  # an attempt of which nothing was heard for so long was cut off
KEPT_FOR = timedelta(days=30)
BATCH = 1000
GIVEN_UP = f"Its worker stopped {ATTEMPTS_MAX} times in a row while sending it. See the workers' log, then send it again."
PRIVATE = "The address is not public. Webhooks are sent to public addresses and to the networks in WEBHOOK_NETWORKS."
ONLY_HTTPS = "Use a URL that starts with https://."


def create_webhook(*, campaign: Campaign, url: str, events: Collection[str], by: User | None) -> tuple[Webhook, str]:
    """A webhook and its secret, which cannot be had again. Raises Invalid, naming the fields, and Conflict."""
    errors = _wrong_url(url) | _wrong_events(events)
    if errors:
        raise Invalid(gettext("Some values are not valid."), errors=errors)
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once are counted one after the other
        if campaign.webhooks.count() >= WEBHOOKS_LIMIT:
            raise Conflict(
                gettext("A campaign can have %(webhooks_limit)s webhooks. Delete one first.")
                % {"webhooks_limit": WEBHOOKS_LIMIT},
                code="too_many_webhooks",
            )
        webhook = Webhook.objects.create(
            campaign=campaign,
            url=url,
            events=_in_order(events),
            encrypted_secret=encrypt(secret, purpose=PURPOSE),
            created_by=by,
        )
        audit.record(AuditAction.WEBHOOK_CREATED, by=by, campaign=campaign, target=url)
    return webhook, secret


def change_webhook(
    *,
    webhook: Webhook,
    by: User | None,
    url: str | None = None,
    events: Collection[str] | None = None,
    is_active: bool | None = None,
) -> Webhook:
    """Change what is given. Raises Invalid as `create_webhook` does."""
    errors = (_wrong_url(url) if url is not None else {}) | (_wrong_events(events) if events is not None else {})
    if errors:
        raise Invalid(gettext("Some values are not valid."), errors=errors)
    with transaction.atomic():
        locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        before = _settings_of(locked)
        locked.url = locked.url if url is None else url
        locked.events = locked.events if events is None else _in_order(events)
        locked.is_active = locked.is_active if is_active is None else is_active
        locked.save(update_fields=["url", "events", "is_active"])
        if changes := audit.differences(before, _settings_of(locked)):
            audit.record(AuditAction.WEBHOOK_CHANGED, by=by, campaign=locked.campaign, target=locked.url, changes=changes)
    return locked


def _settings_of(webhook: Webhook) -> dict[str, Any]:
    return {"url": webhook.url, "events": webhook.events, "is_active": webhook.is_active}


@transaction.atomic
def remove_webhook(*, webhook: Webhook, by: User | None) -> None:
    """What waits to be sent to it goes with it, and its log."""
    audit.record(AuditAction.WEBHOOK_DELETED, by=by, campaign=webhook.campaign, target=webhook.url)
    webhook.delete()


def ping(*, webhook: Webhook, by: User | None, now: datetime | None = None) -> Delivery:
    """A test delivery, due at once. The caller sends `send_delivery` to a worker. Raises Conflict if the webhook is inactive."""
    _require_active(webhook)
    now = now or timezone.now()
    delivery = new_delivery(webhook, webhook.campaign, Event.PING, {}, now)
    delivery.save()
    return delivery


def resend(*, delivery: Delivery, by: User | None, now: datetime | None = None) -> Delivery:
    """Let a delivery be sent now, whatever became of it, and with all its attempts before it. Raises Conflict."""
    _require_active(delivery.webhook)
    with transaction.atomic():
        locked = Delivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
        locked.state, locked.attempts, locked.cut_off = DeliveryState.WAITING, 0, 0
        locked.next_attempt_at = now or timezone.now()
        locked.save(update_fields=["state", "attempts", "cut_off", "next_attempt_at"])
    return locked


def _require_active(webhook: Webhook) -> None:
    if not webhook.is_active:
        raise Conflict(gettext("This webhook is off. Turn it on first."), code="webhook_inactive")


def _in_order(events: Collection[str]) -> list[str]:
    return [event.value for event in CAMPAIGN_EVENTS if event in events]


def _wrong_events(events: Collection[str]) -> dict[str, list[str]]:
    known = [event.value for event in CAMPAIGN_EVENTS]
    if events and set(events) <= set(known):
        return {}
    return {"events": [f"Use one or more of {', '.join(known)}."]}


def _wrong_url(url: str) -> dict[str, list[str]]:
    why = _why_refused(url)
    return {"url": [why]} if why else {}


def _why_refused(url: str) -> str:
    """What speaks against an address, or "". Its name is resolved, and once more at every attempt."""
    if len(url) > URL_LIMIT:
        return f"Use at most {URL_LIMIT} characters."
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return "Invalid URL."
    schemes = ("https", "http") if settings.WEBHOOK_NETWORKS else ("https",)
    if target.scheme not in schemes or not url.startswith(f"{target.scheme}://") or not target.host:
        return ONLY_HTTPS
    port = target.port or (443 if target.scheme == "https" else 80)
    if not 0 < port <= MAX_PORT:
        return "Invalid URL: the port is not valid."
    if target.userinfo or target.fragment:
        return "Remove the user name, the password and the part after #."
    try:
        addresses = resolve(target.host, port)
    except (OSError, UnicodeError):
        return "The host name cannot be found."
    if target.scheme == "http" and not all(is_inside(address) for address in addresses):
        return ONLY_HTTPS
    if not addresses or not all(is_allowed(address) for address in addresses):
        return PRIVATE
    return ""


def is_allowed(address: str) -> bool:
    return is_inside(address) or is_public(address)


def is_inside(address: str) -> bool:
    """Whether it is in a network of the operator's own, where TLS is no must."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(parsed in network for network in settings.WEBHOOK_NETWORKS)


def due_deliveries(*, now: datetime | None = None) -> list[int]:
    """The ids of deliveries that a worker is to send now."""
    due = Delivery.objects.due(now or timezone.now())
    return list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:BATCH])


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the status of the answer, or why there was none."""

    status: int | None
    error: str = ""

    @property
    def has_arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_delivery(*, delivery_id: int, now: datetime | None = None) -> None:
    """Make one attempt at a delivery, if it is due and nobody else is at it. Must not be called inside a transaction."""
    now = now or timezone.now()
    with transaction.atomic():
        due = Delivery.objects.due(now).filter(pk=delivery_id).select_for_update(no_key=True, skip_locked=True, of=("self",))
        delivery = due.select_related("webhook").first()
        if delivery is None:
            return
        if delivery.cut_off >= ATTEMPTS_MAX:
            delivery.state, delivery.next_attempt_at, delivery.error = DeliveryState.FAILED, None, GIVEN_UP
            delivery.save(update_fields=["state", "next_attempt_at", "error"])
            return
        delivery.attempts += 1
        delivery.cut_off += 1
        delivery.last_attempt_at, delivery.next_attempt_at = now, now + LOST_AFTER
        delivery.save(update_fields=["attempts", "cut_off", "last_attempt_at", "next_attempt_at"])
    _note(delivery, attempt(delivery, now=now), now)


def _note(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """Write down what came of the attempt, unless it was sent again meanwhile."""
    values: dict[str, object] = {"status": outcome.status, "error": outcome.error, "cut_off": 0}
    if outcome.has_arrived:
        values |= {"state": DeliveryState.DELIVERED, "next_attempt_at": None}
    elif delivery.attempts > len(WAITS):
        values |= {"state": DeliveryState.FAILED, "next_attempt_at": None}
    else:
        values |= {"next_attempt_at": now + WAITS[delivery.attempts - 1]}
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, next_attempt_at=delivery.next_attempt_at)
    mine.update(**values)


def attempt(delivery: Delivery, *, now: datetime) -> Outcome:
    """POST it. No redirect is followed, and of the answer only the status is kept."""
    try:
        secret = decrypt(delivery.webhook.encrypted_secret, purpose=PURPOSE)
        return Outcome(_post(delivery, signed_headers(secret, delivery, now)))
    except DecryptionFailed:
        return Outcome(None, "The secret cannot be read: SECRET_KEY has changed. Create the webhook again.")
    except AddressRefused:
        return Outcome(None, PRIVATE)
    except httpcore.TimeoutException:
        return Outcome(None, f"No response within {SECONDS:g} seconds.")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, httpx.InvalidURL, OSError, ValueError):
        return Outcome(None, "No connection, or it broke. Check the host name, the port and the certificate.")


def signed_headers(secret: str, delivery: Delivery, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks (https://www.standardwebhooks.com), by which its clients verify the message.

    Secrets from before Diptych spoke that standard hold their key in the URL-safe alphabet.
    """
    signer = Signer(secret.removeprefix(SECRET_PREFIX).translate(URL_SAFE_TO_STANDARD))
    message_id = str(delivery.public_id)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(message_id, now, delivery.body),
    }


def _post(delivery: Delivery, signed: dict[str, str]) -> int:
    target = httpx.URL(delivery.webhook.url)
    headers = [
        (b"Host", target.netloc),
        (b"User-Agent", b"Diptych"),
        (b"Content-Type", b"application/json"),
        (b"Diptych-Event", delivery.event.encode()),
        *((name.encode(), value.encode()) for name, value in signed.items()),
    ]
    body = delivery.body.encode()
    headers.append((b"Content-Length", str(len(body)).encode()))
    may_go_to = is_allowed if target.scheme == "https" else is_inside
    network = CheckedNetwork(resolver=resolve, is_allowed=may_go_to, deadline=time.monotonic() + SECONDS)
    address = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    timeout = {"connect": STEP_SECONDS, "read": STEP_SECONDS, "write": STEP_SECONDS, "pool": STEP_SECONDS}
    with (
        httpcore.ConnectionPool(ssl_context=trusted(), network_backend=network, retries=0) as pool,
        pool.stream("POST", address, headers=headers, content=body, extensions={"timeout": timeout}) as response,
    ):
        left = ANSWER_LIMIT
        for part in response.iter_stream():  # read, so that the other side is not cut off in the middle of a small answer
            left -= len(part)
            if left <= 0:
                break
        return response.status


def forget_old(now: datetime | None = None) -> None:
    """The log goes back a month."""
    over = Delivery.objects.exclude(state=DeliveryState.WAITING)
    over.filter(created_at__lte=(now or timezone.now()) - KEPT_FOR).delete()
