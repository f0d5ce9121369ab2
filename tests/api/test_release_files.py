from __future__ import annotations

import hashlib

import pytest

from annotator.models import Release
from tests.api.clients import ApiClient, assert_error, browser_of, client_of
from tests.api.releases import FILES, SHARD, ready_release
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db

SHARD_PATH = "pairs/train-00000-of-00001.parquet"
ETAG = f'"{hashlib.sha256(SHARD).hexdigest()}"'


def address(campaign, path=SHARD_PATH, number=1) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/releases/{number}/files/{path}"


@pytest.fixture
def campaign(storage_folder):
    campaign = MemberFactory(role="manager").campaign
    ready_release(campaign, storage_folder)
    return campaign


@pytest.fixture
def client(campaign) -> ApiClient:
    return client_of(campaign.members.get().user, "export")


@pytest.mark.parametrize("path", FILES)
def test_it_sends_the_bytes(campaign, client, path):
    response = client.get(address(campaign, path))

    assert response.status_code == 200
    assert response.getvalue() == FILES[path]
    assert response["Content-Length"] == str(len(FILES[path]))
    assert response["ETag"] == f'"{hashlib.sha256(FILES[path]).hexdigest()}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Encoding"] == "identity"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=1279000-", 1_279_000, 1_279_999),
        ("bytes=-5", 1_279_995, 1_279_999),
        ("bytes=5-99999999", 5, 1_279_999),
    ],
)
def test_it_sends_a_range(campaign, client, wanted, first, last):
    response = client.get(address(campaign), headers={"Range": wanted})

    assert response.status_code == 206
    assert response.getvalue() == SHARD[first : last + 1]
    assert response["Content-Range"] == f"bytes {first}-{last}/1280000"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["ETag"] == ETAG


def test_ranges_make_up_the_file(campaign, client):
    parts = [
        client.get(address(campaign), headers={"Range": f"bytes={n}-{n + 499_999}"}).getvalue()
        for n in range(0, 1_280_000, 500_000)
    ]

    assert b"".join(parts) == SHARD


def test_it_refuses_a_range_after_the_end(campaign, client):
    response = client.get(address(campaign), headers={"Range": "bytes=1280000-"})

    assert_error(response, 416, "range_not_satisfiable")
    assert response["Content-Range"] == "bytes */1280000"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "rows=0-1", "nonsense"])
def test_it_sends_the_whole_for_a_range_it_does_not_know(campaign, client, wanted):
    response = client.get(address(campaign), headers={"Range": wanted})

    assert (response.status_code, response.getvalue()) == (200, SHARD)


def test_it_sends_nothing_that_the_client_has(campaign, client):
    response = client.get(address(campaign), headers={"If-None-Match": ETAG})

    assert (response.status_code, response.content, response["ETag"]) == (304, b"", ETAG)


def test_a_head_has_the_same_headers(campaign, client):
    response = client.head(address(campaign))

    assert (response.status_code, response.content) == (200, b"")
    assert (response["Content-Length"], response["ETag"], response["Accept-Ranges"]) == ("1280000", ETAG, "bytes")


@pytest.mark.parametrize("accept", ["application/octet-stream", "image/png", "text/html", "nonsense"])
def test_it_does_not_matter_what_is_accepted(campaign, client, accept):
    assert client.get(address(campaign), headers={"Accept": accept}).getvalue() == SHARD
    assert_error(client.get(address(campaign, "nothing"), headers={"Accept": accept}), 404, "not_found")


def test_a_browser_may_download_too(campaign):
    assert browser_of(campaign.members.get().user).get(address(campaign)).getvalue() == SHARD


@pytest.mark.parametrize(
    "path",
    [
        "nothing.parquet",
        "pairs",
        "pairs/",
        "README.md/",
        "/README.md",
        "./README.md",
        "pairs/../README.md",
        "../1/README.md",
        "../../../secret.txt",
        "..%2f..%2f..%2fsecret.txt",
        "%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "/etc/passwd",
        "%00",
        "README.md%00",
        "é",
        "%ff%fe",
        "x" * 3000,
    ],
)
def test_it_serves_only_what_is_in_the_manifest(campaign, client, storage_folder, path):
    (storage_folder / "secret.txt").write_text("secret")
    (storage_folder / "releases" / str(campaign.pk) / "1" / "left-over.txt").write_text("not in the manifest")

    assert_error(client.get(address(campaign, path)), 404, "not_found")
    assert_error(client.get(address(campaign, "left-over.txt")), 404, "not_found")


@pytest.mark.parametrize("state", ["queued", "building", "failed", "cancelled"])
def test_a_release_that_is_not_ready_has_no_files_yet(campaign, client, state):
    ReleaseFactory(campaign=campaign, number=2, state=state)

    assert_error(client.get(address(campaign, "README.md", 2)), 409, "release_not_ready")


@pytest.mark.parametrize("number", ["0", "2", "9" * 30, "9" * 5000])
def test_an_unknown_release_is_not_there(campaign, client, number):
    assert_error(client.get(address(campaign, "README.md", number)), 404, "not_found")


def test_a_file_of_another_campaign_is_not_there(campaign, storage_folder):
    other = MemberFactory(role="manager")

    assert_error(client_of(other.user).get(address(other.campaign)), 404, "not_found")
    assert_error(client_of(other.user).get(address(campaign)), 404, "not_found")


def test_annotators_download_nothing(campaign):
    annotator = MemberFactory(campaign=campaign)

    assert_error(client_of(annotator.user).get(address(campaign)), 403, "not_a_reviewer")
    assert_error(client_of(annotator.user).get(address(campaign, "nothing")), 403, "not_a_reviewer")


def test_somebody_who_lost_access_has_lost_it(campaign, client):
    assert client.get(address(campaign)).getvalue() == SHARD
    campaign.members.update(state="suspended")

    assert_error(client.get(address(campaign), headers={"If-None-Match": ETAG}), 403, "member_suspended")


def test_it_takes_few_queries(campaign, client, django_assert_num_queries):
    client.get(address(campaign)).getvalue()

    with django_assert_num_queries(5):  # token, membership, release, file, and the file again where it is opened
        client.get(address(campaign)).getvalue()
    assert Release.objects.count() == 1
