from __future__ import annotations

import pytest

from annotator.models import Delivery, Webhook
from tests.api.clients import ApiClient, assert_error, client_of, sent_tasks
from tests.factories import DeliveryFactory, MemberFactory, WebhookFactory
from tests.webhook_receiver import LOOPBACK

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/birds/webhooks/"
BODY = {"url": "https://127.0.0.1/hook", "events": ["import.finished", "release.ready"]}


@pytest.fixture
def manager(settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK
    return MemberFactory(campaign__slug="birds", role="manager")


@pytest.fixture
def client(manager) -> ApiClient:
    return client_of(manager.user, "manage")


def test_one_is_made_and_its_secret_told_once(client):
    response = client.post(ADDRESS, BODY)

    assert response.status_code == 201
    made = response.json()
    assert made.keys() == {"id", "url", "events", "active", "created_at", "secret"}
    assert (made["url"], made["events"], made["active"]) == (BODY["url"], ["release.ready", "import.finished"], True)
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert client.get(response["Location"]).json() == shown
    assert client.get(ADDRESS).json()["results"] == [shown]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://example.org"}, "url"),
        ({"url": 5}, "url"),
        ({"events": []}, "events"),
        ({"events": ["ping"]}, "events.0"),
        ({"events": "release.ready"}, "events"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_what_is_wrong_is_named(client, change, field):
    assert_error(client.post(ADDRESS, BODY | change), 400, "invalid", field)
    webhook = client.post(ADDRESS, BODY).json()["id"]
    assert_error(client.patch(f"{ADDRESS}{webhook}/", change), 400, "invalid", field)


def test_a_private_address_is_refused(client, settings):
    settings.WEBHOOK_NETWORKS = []

    assert_error(client.post(ADDRESS, BODY), 400, "invalid", "url")


def test_it_is_changed_and_removed(client):
    address = f"{ADDRESS}{client.post(ADDRESS, BODY).json()['id']}/"

    changed = client.patch(address, {"active": False, "events": ["campaign.complete"]}).json()
    assert (changed["active"], changed["events"], changed["url"]) == (False, ["campaign.complete"], BODY["url"])
    assert client.delete(address).status_code == 204
    assert_error(client.get(address), 404, "not_found")


def test_a_test_is_sent_and_in_the_log(client, manager):
    webhook = WebhookFactory(campaign=manager.campaign)
    with sent_tasks() as sent:
        response = client.post(f"{ADDRESS}{webhook.pk}/ping/")

    delivery = Delivery.objects.get()
    assert (response.status_code, response.json()["id"]) == (202, str(delivery.public_id))
    assert sent == [("send_delivery", [delivery.pk])]
    (logged,) = client.get(f"{ADDRESS}{webhook.pk}/deliveries/").json()["results"]
    assert logged == response.json()
    assert (logged["event"], logged["state"], logged["attempts"]) == ("ping", "waiting", 0)


def test_one_that_is_off_is_not_tested(client, manager):
    webhook = WebhookFactory(campaign=manager.campaign, is_active=False)

    assert_error(client.post(f"{ADDRESS}{webhook.pk}/ping/"), 409, "webhook_inactive")


@pytest.mark.parametrize("path", ["", "ping/", "deliveries/"])
def test_that_of_another_campaign_is_not_there(client, path):
    other = DeliveryFactory().webhook

    ask = client.post if path == "ping/" else client.get
    assert_error(ask(f"{ADDRESS}{other.pk}/{path}"), 404, "not_found")
    assert_error(client.delete(f"{ADDRESS}{other.pk}/"), 404, "not_found")
    assert Webhook.objects.count() == 1
