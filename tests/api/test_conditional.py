"""What is asked for again and again says so when it has not changed."""

from __future__ import annotations

import pytest

from annotator.models import Campaign
from tests.api.clients import ApiClient, client_of
from tests.api.releases import ready_release
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db

C = "/api/v1/campaigns/birds/"
ADDRESSES = [C, C + "releases/", C + "releases/1/", C + "releases/1/files/README.md", "/api/v1/schema/"]


@pytest.fixture
def client(storage_folder) -> ApiClient:
    member = MemberFactory(campaign__slug="birds", role="manager")
    ready_release(member.campaign, storage_folder)
    return client_of(member.user)


@pytest.mark.parametrize("address", ADDRESSES)
def test_whoever_has_it_gets_304(client, address):
    response = client.get(address)
    assert response.getvalue()
    etag = response["ETag"]

    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = client.get(address, headers={"If-None-Match": known})
        assert (response.status_code, response["ETag"]) == (304, etag)
        assert response.getvalue() == b""
        assert "no-cache" in response["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": '"another"'}).getvalue()
    head = client.head(address)
    assert (head.status_code, head["ETag"]) == (200, etag)


def test_what_changed_has_another_etag(client):
    campaign, releases = client.get(C)["ETag"], client.get(C + "releases/")["ETag"]
    client.patch(C, {"name": "Renamed"})
    ReleaseFactory(campaign=Campaign.objects.get(), number=2)

    assert client.get(C, headers={"If-None-Match": campaign}).status_code == 200
    assert client.get(C + "releases/", headers={"If-None-Match": releases}).status_code == 200


def test_an_etag_is_of_what_the_one_who_asks_is_shown(client):
    annotator = client_of(MemberFactory(campaign=Campaign.objects.get()).user)

    assert annotator.get(C)["ETag"] != client.get(C)["ETag"]
    assert {"Authorization", "Cookie"} <= {name.strip() for name in client.get(C)["Vary"].split(",")}


def test_an_error_has_none(client):
    assert "ETag" not in client.get("/api/v1/campaigns/fish/", headers={"If-None-Match": "*"})


def test_yaml_and_json_are_told_apart():
    yaml = ApiClient(headers={"Accept": "application/vnd.oai.openapi"}).get("/api/v1/schema/")

    assert yaml["ETag"] != ApiClient().get("/api/v1/schema/")["ETag"]
