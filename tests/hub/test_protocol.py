"""The protocol to the letter: what the answers say, and what they do not tell."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from annotator.models import ReleaseFile
from tests.api.releases import README, SHARD, ready_release
from tests.factories import CampaignFactory, ReleaseFactory, UserFactory
from tests.hub.protocol import README_OID, SHA, SHARD_PATH, SHARD_SHA256, api, assert_error, file_at, with_key
from tests.hub.releases import key_of

pytestmark = pytest.mark.django_db


# --- bytes


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_file_comes_with_what_clients_keep_it_by(reader, method):
    response = getattr(reader, method)(file_at(SHA))

    assert response.status_code == 200
    assert response.getvalue() == (SHARD if method == "get" else b"")
    assert response["X-Repo-Commit"] == SHA
    assert response["ETag"] == response["X-Linked-ETag"] == f'"{SHARD_SHA256}"'
    assert response["Content-Length"] == response["X-Linked-Size"] == str(len(SHARD))
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Encoding"] == "identity"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Authorization" in response["Vary"]
    assert "X-Xet-Hash" not in response


def test_a_text_file_has_the_name_that_git_gives_it(reader):
    assert reader.head(file_at(SHA, "README.md"))["ETag"] == f'"{README_OID}"'


@pytest.mark.parametrize("revision", ["main", "v1", "refs%2Ftags%2Fv1", "refs/tags/v1", "refs%2Fheads%2Fmain"])
def test_a_name_of_a_revision_is_not_kept(reader, revision):
    response = reader.get(file_at(revision))

    assert (response.status_code, response.getvalue(), response["X-Repo-Commit"]) == (200, SHARD, SHA)
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=1279000-", 1_279_000, 1_279_999), ("bytes=-8", 1_279_992, 1_279_999)],
)
def test_a_range_is_sent(reader, wanted, first, last):
    response = reader.get(file_at(SHA), headers={"Range": wanted})

    assert (response.status_code, response.getvalue()) == (206, SHARD[first : last + 1])
    assert response["Content-Range"] == f"bytes {first}-{last}/1280000"
    assert response["X-Repo-Commit"] == SHA


def test_a_few_bytes_of_a_release_of_many_files_cost_what_they_cost_of_one_of_few(reader, campaign):
    release = campaign.releases.get()
    made = (
        ReleaseFile(release=release, path=f"images/train-{number:05d}.parquet", size=1, sha256="0" * 64) for number in range(2000)
    )
    ReleaseFile.objects.bulk_create(made)
    rows: list[int] = []

    def count(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        rows.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count):
        response = reader.get(file_at(SHA), headers={"Range": "bytes=0-3"})
        assert response.getvalue() == SHARD[:4]
    assert sum(rows) < 10


def test_a_range_after_the_end_is_refused(reader):
    response = reader.get(file_at(SHA), headers={"Range": "bytes=1280000-"})

    assert (response.status_code, response["Content-Range"]) == (416, "bytes */1280000")


def test_what_the_client_has_is_not_sent_again(reader):
    response = reader.get(file_at(SHA), headers={"If-None-Match": f'"{SHARD_SHA256}"'})

    assert (response.status_code, response.content, response["X-Repo-Commit"]) == (304, b"", SHA)


def test_a_file_that_storage_has_lost_is_missing(campaign, reader, storage_folder):
    (storage_folder / "releases" / str(campaign.pk) / "1" / SHARD_PATH).unlink()

    assert_error(reader.get(file_at(SHA)), 404, "EntryNotFound")


def test_the_store_sends_the_bytes_where_it_is_told_to(reader, settings):
    settings.SEND_FILES = "store"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": "diptych",
                "endpoint_url": "http://store.example.org",
                "access_key": "key",
                "secret_key": "secret",
                "querystring_auth": True,
            },
        },
    }

    response = reader.get(file_at(SHA), headers={"Range": "bytes=0-99"})

    assert (response.status_code, response.content) == (302, b"")
    assert response["Location"].startswith("http://store.example.org/diptych/releases/")
    assert SHARD_PATH in response["Location"]
    assert "Signature=" in response["Location"]
    # Clients take these from the redirect: what comes after it is the store's.
    assert (response["X-Repo-Commit"], response["X-Linked-Size"]) == (SHA, "1280000")
    assert reader.head(file_at(SHA)).status_code == 200


def test_the_proxy_sends_the_bytes_where_it_is_told_to(campaign, reader, settings):
    settings.SEND_FILES = "proxy"

    response = reader.get(file_at(SHA))

    assert (response.status_code, response.content) == (200, b"")
    assert response["X-Accel-Redirect"] == f"/stored/releases/{campaign.pk}/1/{SHARD_PATH}"
    assert (response["ETag"], response["X-Repo-Commit"]) == (f'"{SHARD_SHA256}"', SHA)
    assert reader.head(file_at(SHA))["Content-Length"] == "1280000"
    assert "X-Accel-Redirect" not in reader.head(file_at(SHA))


# --- what a dataset is


def test_the_tree_lists_a_folder(reader):
    card, folder = reader.get(api("/tree/main")).json()
    (shard,) = reader.get(api("/tree/main/pairs")).json()

    assert card == {"type": "file", "oid": README_OID, "size": len(README), "path": "README.md"}
    assert (folder["type"], folder["path"], folder.keys()) == ("directory", "pairs", {"type", "oid", "size", "path"})
    assert len(shard.pop("oid")) == len(folder["oid"]) == 40
    assert shard == {
        "type": "file",
        "size": len(SHARD),
        "path": SHARD_PATH,
        "lfs": {"oid": SHARD_SHA256, "size": len(SHARD), "pointerSize": 132},
    }


def test_a_long_tree_comes_in_pages(campaign, reader, monkeypatch):
    monkeypatch.setattr("api.hub.views.PAGE_SIZE", 2)
    seen, address, pages = [], api("/tree/v1?recursive=true"), 0
    while address:
        response = reader.get(address)
        seen += [entry["path"] for entry in response.json()]
        link = response.get("Link", "")
        assert not link or link.startswith("<http://testserver/hub/api/datasets/")
        address, pages = link.partition("<")[2].partition(">")[0].removeprefix("http://testserver"), pages + 1

    assert (seen, pages) == (["README.md", "pairs", SHARD_PATH], 2)


@pytest.mark.parametrize("kind", ["form", "json"])
def test_paths_are_looked_up(reader, kind):
    paths = ["README.md", "pairs", "nothing", "pairs/"] + ["no"] * 1500
    if kind == "form":
        body, content_type = "&".join(f"paths={path}" for path in paths) + "&expand=True", "application/x-www-form-urlencoded"
    else:
        body, content_type = json.dumps({"paths": paths, "expand": True}), "application/json"

    found = reader.post(api("/paths-info/main"), body, content_type=content_type).json()

    assert [entry["path"] for entry in found] == ["README.md", "pairs"]
    assert found[0]["lastCommit"]["id"] == SHA


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", "application/json"),
        (b"[1]", "application/json"),
        (b'{"paths": 5}', "application/json"),
        (b'{"paths": [5]}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"paths=a&" * 20_000, "application/x-www-form-urlencoded"),
    ],
)
def test_paths_that_cannot_be_read_are_refused(reader, body, content_type):
    response = reader.post(api("/paths-info/main"), body, content_type=content_type)

    assert (response.status_code, "paths" in response["X-Error-Message"]) == (400, True)


def test_a_body_that_is_too_large_is_refused(reader):
    response = reader.post(api("/paths-info/main"), b"x" * 1_100_000, content_type="application/json")

    assert response.status_code == 413


def test_who_asked_for_a_release_is_told_to_nobody(campaign, reader):
    name = UserFactory(username="somebody-in-particular")
    ReleaseFactory(
        campaign=campaign, number=2, state="ready", revision="ab" * 20, created_by=name, finished_at="2026-01-01T00:00Z"
    )

    for path in ("", "/commits/main", "/refs"):
        assert b"particular" not in reader.get(api(path)).content


def test_releases_with_the_same_content_are_one_commit(campaign, reader, storage_folder):
    ready_release(campaign, storage_folder, number=2)
    ReleaseFactory(campaign=campaign, number=3, state="ready", revision=SHA, finished_at="2026-01-03T00:00Z")

    assert sorted(commit["id"] for commit in reader.get(api("/commits/main")).json()) == [SHA, f"{2:040x}"]
    assert [tag["targetCommit"] for tag in reader.get(api("/refs")).json()["tags"]] == [SHA, f"{2:040x}", SHA]


# --- how much it asks of the database


def test_a_file_takes_few_queries(campaign, reader, django_assert_num_queries):
    reader.get(file_at(SHA)).getvalue()
    for number in range(2, 12):
        ReleaseFactory(
            campaign=campaign, number=number, state="ready", revision=f"{number:040x}", finished_at="2026-01-01T00:00Z"
        )

    with django_assert_num_queries(4):  # token, releases with their campaign, files, and the file again where it is opened
        reader.get(file_at(SHA)).getvalue()
    with django_assert_num_queries(3):
        reader.head(file_at(SHA))


def test_a_list_takes_as_many_queries_for_many(campaign, storage_folder, django_assert_num_queries):
    client = with_key(key_of(UserFactory(is_superuser=True)))
    for _ in range(5):
        ready_release(CampaignFactory(), storage_folder)
    client.get("/hub/api/datasets")

    with django_assert_num_queries(3):  # token, and the releases of either kind of repository
        assert len(client.get("/hub/api/datasets").json()) == 6
