from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotator.models import Delivery, Webhook
from tests.api.clients import sent_tasks
from tests.factories import CampaignFactory, DeliveryFactory, MemberFactory, WebhookFactory
from tests.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.django_db

LIST = "/manage/birds/webhooks/"


@pytest.fixture
def manager(settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK
    return MemberFactory(campaign__slug="birds", role="manager")


@pytest.fixture
def pages(manager) -> Client:
    return logged_in(manager)


@pytest.fixture
def webhook(manager) -> Webhook:
    return WebhookFactory(campaign=manager.campaign)


def logged_in(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def page_of(webhook: Webhook) -> str:
    return f"{LIST}{webhook.pk}/"


def test_a_manager_makes_one_and_sees_its_secret_once(manager, pages):
    response = pages.post(LIST, {"url": "https://127.0.0.1/hook", "events": ["release.ready", "import.finished"]})

    assert response.status_code == 200
    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.events, webhook.created_by) == (
        "https://127.0.0.1/hook",
        ["release.ready", "import.finished"],
        manager.user,
    )
    (secret,) = re.findall(r"whsec_[\w+/]{43}=", response.content.decode())
    for address in (LIST, page_of(webhook)):
        page = pages.get(address)
        assert b"https://127.0.0.1/hook" in page.content
        assert secret.encode() not in page.content
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"url": "http://10.1.2.3", "events": ["release.ready"]}, b"<li>Use a URL that starts with https://"),
        ({"url": "https://example.org"}, b"This field is required"),
        ({"url": "https://example.org", "events": ["ping"]}, b"Select a valid choice"),
        ({"events": ["release.ready"]}, b"This field is required"),
        ({"url": "https://x\x00", "events": ["release.ready"]}, b"Null characters"),
    ],
)
def test_what_is_wrong_is_said_beside_it(pages, posted, words):
    response = pages.post(LIST, posted)

    assert (response.status_code, words in response.content) == (400, True)
    assert not Webhook.objects.exists()


def test_a_private_address_is_refused(pages, settings):
    settings.WEBHOOK_NETWORKS = []

    response = pages.post(LIST, {"url": "https://127.0.0.1/", "events": ["release.ready"]})

    assert (response.status_code, b"not public" in response.content) == (400, True)


def test_the_log_shows_what_became_of_each(pages, webhook):
    DeliveryFactory(webhook=webhook, state="delivered", next_attempt_at=None, attempts=1, status=200, event="release.ready")
    DeliveryFactory(webhook=webhook, state="failed", next_attempt_at=None, attempts=9, error="No response within 10 seconds.")
    DeliveryFactory(event="import.finished")

    page = pages.get(page_of(webhook)).content

    assert b"Delivered" in page
    assert b"Failed" in page
    assert b"No response within 10 seconds." in page
    assert b"import.finished" not in page


def test_a_test_is_sent(pages, webhook):
    with sent_tasks() as sent:
        assert pages.post(page_of(webhook) + "ping/").status_code == 302

    delivery = Delivery.objects.get()
    assert (delivery.event, sent) == ("ping", [("send_delivery", [delivery.pk])])


def test_one_is_sent_again(pages, webhook):
    delivery = DeliveryFactory(webhook=webhook, state="failed", next_attempt_at=None, attempts=9)
    with sent_tasks() as sent:
        pages.post(f"{page_of(webhook)}deliveries/{delivery.pk}/resend/")

    delivery.refresh_from_db()
    assert (delivery.state, sent) == ("waiting", [("send_delivery", [delivery.pk])])


def test_it_is_turned_off_and_on(pages, webhook):
    for word, is_active in (("no", False), ("yes", True)):
        pages.post(page_of(webhook) + "state/", {"active": word})
        webhook.refresh_from_db()
        assert webhook.is_active is is_active


def test_one_that_is_off_says_so_instead_of_sending(pages, webhook):
    Webhook.objects.update(is_active=False)

    response = pages.post(page_of(webhook) + "ping/", follow=True)

    assert b"This webhook is off" in response.content
    assert not Delivery.objects.exists()


def test_it_is_removed_with_its_log(pages, webhook):
    DeliveryFactory(webhook=webhook)

    assert pages.post(page_of(webhook) + "remove/").status_code == 302
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


ADDRESSES = ["", "{}/", "{}/state/", "{}/ping/", "{}/remove/", "{}/deliveries/{}/resend/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_for_the_managers_of_the_campaign(manager, webhook, address):
    path = LIST + address.format(webhook.pk, DeliveryFactory(webhook=webhook).pk)
    method = "get" if path.count("/") < 6 else "post"
    annotator, stranger = MemberFactory(campaign=manager.campaign), MemberFactory(role="manager")

    assert getattr(logged_in(annotator), method)(path).status_code == 403
    assert getattr(logged_in(stranger), method)(path).status_code == 404
    assert getattr(Client(), method)(path).status_code == 302
    assert Webhook.objects.get().is_active


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_that_of_another_campaign_is_not_there(pages, address):
    other = WebhookFactory(campaign=CampaignFactory())
    path = LIST + address.format(other.pk, DeliveryFactory(webhook=other).pk)

    assert getattr(pages, "get" if address == "{}/" else "post")(path).status_code == 404


@pytest.mark.parametrize("address", ADDRESSES[2:])
def test_what_changes_something_takes_a_post(pages, webhook, address):
    assert pages.get(LIST + address.format(webhook.pk, 1)).status_code == 405


def test_the_pages_cost_the_same_queries_whatever_they_show(pages, webhook):
    DeliveryFactory(webhook=webhook)
    pages.get(page_of(webhook))

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            pages.get(address)
        return len(counted)

    few = [queries(LIST), queries(page_of(webhook))]
    DeliveryFactory.create_batch(20, webhook=webhook)
    WebhookFactory.create_batch(10, campaign=webhook.campaign)
    assert [queries(LIST), queries(page_of(webhook))] == few
