"""Too many requests in a minute: 429 with Retry-After, per token and per address, and never a query for it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from api import throttling
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/"


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """The clock stands in the middle of a minute, and nobody has asked anything in it."""
    cache.clear()
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_020.0)
    yield
    cache.clear()


def assert_throttled(response) -> None:
    assert_error(response, 429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 60


def test_a_token_has_its_requests_and_no_more(settings):
    settings.API_RATE_TOKEN = 3
    user = UserFactory()
    client, other = client_of(user), client_of(user)

    assert [client.get(ADDRESS).status_code for _ in range(3)] == [200] * 3
    assert_throttled(client.get(ADDRESS))
    assert other.get(ADDRESS).status_code == 200


def test_the_next_minute_is_a_new_one(settings, monkeypatch):
    settings.API_RATE_TOKEN = 1
    client = client_of(UserFactory())
    client.get(ADDRESS)
    wait = int(client.get(ADDRESS)["Retry-After"])

    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_020.0 + wait)

    assert client.get(ADDRESS).status_code == 200


def test_a_browser_is_counted_by_its_user(settings):
    settings.API_RATE_TOKEN = 1
    user = UserFactory()
    browser_of(user).get(ADDRESS)

    assert_throttled(browser_of(user).get(ADDRESS))


def test_an_address_is_counted_whatever_it_asks_with(settings):
    settings.API_RATE_ADDRESS = 3
    client_of(UserFactory()).get(ADDRESS)
    ApiClient(headers={"Authorization": "Bearer dpt_wrong"}).get(ADDRESS)
    ApiClient().get("/api/v1/schema/")

    assert_throttled(client_of(UserFactory()).get(ADDRESS))
    assert_throttled(ApiClient().get("/api/v1/schema/"))
    assert ApiClient(REMOTE_ADDR="198.51.100.7").get("/api/v1/schema/").status_code == 200


def test_behind_a_proxy_it_is_the_address_that_the_proxy_saw(settings):
    settings.API_RATE_ADDRESS, settings.TRUSTED_PROXIES = 1, 1
    for address in ("198.51.100.7", "198.51.100.8"):
        assert ApiClient(HTTP_X_FORWARDED_FOR=address).get("/api/v1/schema/").status_code == 200
    assert_throttled(ApiClient(HTTP_X_FORWARDED_FOR="1.1.1.1, 198.51.100.8").get("/api/v1/schema/"))


def test_an_address_that_a_proxy_hides_stops_nobody(settings):
    settings.API_RATE_ADDRESS = 1

    codes = [ApiClient(HTTP_X_FORWARDED_FOR="198.51.100.7").get("/api/v1/schema/").status_code for _ in range(3)]

    assert codes == [200] * 3


def test_nought_is_no_limit(settings):
    settings.API_RATE_TOKEN = settings.API_RATE_ADDRESS = 0

    assert client_of(UserFactory()).get(ADDRESS).status_code == 200


def test_it_costs_no_query():
    client = client_of(MemberFactory(campaign__slug="birds").user, "annotate")
    address = "/api/v1/campaigns/birds/assignments/"
    client.post(address)
    with CaptureQueriesContext(connection) as counted:
        client.post(address)
    with_throttles = len(counted)
    with override_settings(API_RATE_TOKEN=0, API_RATE_ADDRESS=0), CaptureQueriesContext(connection) as counted:
        client.post(address)
    assert len(counted) == with_throttles


def test_a_cache_that_is_away_stops_nobody(settings):
    settings.API_RATE_TOKEN = settings.API_RATE_ADDRESS = 1
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    client = client_of(UserFactory())

    assert [client.get(ADDRESS).status_code for _ in range(3)] == [200] * 3
