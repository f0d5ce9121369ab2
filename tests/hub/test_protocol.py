"""The protocol to the letter: what the answers say, and what they do not tell."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.test import Client

from annotator.models import Campaign
from api.hub import dpo
from tests.api.clients import browser_of
from tests.api.releases import README, SHARD, ready_release
from tests.factories import CampaignFactory, MemberFactory, ReleaseFactory, UserFactory
from tests.hub.releases import key_of, manager_key

pytestmark = pytest.mark.django_db

SHARD_PATH = "pairs/train-00000-of-00001.parquet"
SHARD_SHA256 = hashlib.sha256(SHARD).hexdigest()
README_OID = hashlib.sha1(b"blob %d\0" % len(README) + README).hexdigest()
SHA = f"{1:040x}"


@pytest.fixture
def campaign(storage_folder) -> Campaign:
    campaign = CampaignFactory(slug="birds")
    ready_release(campaign, storage_folder)
    return campaign


@pytest.fixture
def reader(campaign) -> Client:
    return with_key(manager_key(campaign))


def with_key(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def status_of(client: Client, path: str) -> int:
    """Reads what is sent, so that nothing stays open."""
    response = client.get(path)
    response.getvalue()
    return response.status_code


def api(path: str = "") -> str:
    return f"/hub/api/datasets/diptych/birds{path}"


def file_at(revision: str, path: str = SHARD_PATH) -> str:
    return f"/hub/datasets/diptych/birds/resolve/{revision}/{path}"


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


# --- what is not told


def assert_error(response, status: int, code: str | None) -> None:
    assert (response.status_code, response.get("X-Error-Code")) == (status, code), response.content
    assert response.json() == {"error": response["X-Error-Message"]}
    assert response["Cache-Control"] == "private, no-store"


EVERY_ROUTE = [
    "/hub/api/datasets/diptych/{name}",
    "/hub/api/datasets/diptych/{name}/revision/main",
    "/hub/api/datasets/diptych/{name}/tree/main",
    "/hub/api/datasets/diptych/{name}/tree/v1/pairs",
    "/hub/api/datasets/diptych/{name}/refs",
    "/hub/api/datasets/diptych/{name}/commits/main",
    "/hub/api/datasets/diptych/{name}/auth-check",
    "/hub/datasets/diptych/{name}/resolve/main/README.md",
    "/hub/datasets/diptych/{name}/resolve/" + SHA + "/README.md",
]


@pytest.mark.parametrize("route", EVERY_ROUTE)
def test_what_may_not_be_seen_answers_as_what_is_not_there(route, campaign):
    annotator = MemberFactory(campaign=campaign).user
    suspended = MemberFactory(campaign=campaign, role="manager", state="suspended").user
    answers = {
        "nobody": (Client(), 401, "RepoNotFound"),
        "stranger": (with_key(key_of(UserFactory(is_staff=True))), 404, "RepoNotFound"),
        "annotator": (with_key(key_of(annotator)), 404, "RepoNotFound"),
        "suspended": (with_key(key_of(suspended)), 404, "RepoNotFound"),
        "no scope": (with_key(manager_key(campaign, "annotate", "import", "manage")), 404, "RepoNotFound"),
        "bad token": (with_key("hf_" + "x" * 34), 401, None),
        # A session is for pages: who is logged in to them is nobody here.
        "browser": (browser_of(MemberFactory(campaign=campaign, role="manager").user), 401, "RepoNotFound"),
    }
    for client, status, code in answers.values():
        hidden, missing = (client.get(route.format(name=name)) for name in ("birds", "bees"))
        for response in (hidden, missing):
            assert_error(response, status, code)
        assert hidden.content == missing.content
        assert dict(hidden.headers) | {"X-Request-ID": ""} == dict(missing.headers) | {"X-Request-ID": ""}
        posted = [client.post(f"/hub/api/datasets/diptych/{name}/paths-info/main", {"paths": "a"}) for name in ("birds", "bees")]
        assert posted[0].status_code == posted[1].status_code == status
        assert client.get("/hub/api/datasets").json() == []


@pytest.mark.parametrize("route", EVERY_ROUTE)
def test_reviewers_managers_and_superusers_may_read(route, campaign):
    users = [MemberFactory(campaign=campaign, role=role).user for role in ("reviewer", "manager")]
    for user in [*users, UserFactory(is_superuser=True)]:
        assert status_of(with_key(key_of(user)), route.format(name="birds")) == 200


@pytest.mark.parametrize("route", EVERY_ROUTE)
def test_public_data_is_for_everybody(route, campaign):
    Campaign.objects.update(data_is_public=True)

    for client in (Client(), with_key("hf_" + "x" * 34), with_key(key_of(UserFactory(), "annotate"))):
        assert status_of(client, route.format(name="birds")) == 200
    assert [each["id"] for each in Client().get("/hub/api/datasets?author=diptych").json()] == ["diptych/birds"]
    assert Client().get(api()).json()["private"] is False


@pytest.mark.parametrize("route", EVERY_ROUTE)
def test_a_draft_is_never_public(route, campaign):
    Campaign.objects.update(data_is_public=True, state="draft")

    assert_error(Client().get(route.format(name="birds")), 401, "RepoNotFound")
    assert Client().get("/hub/api/datasets").json() == []


@pytest.mark.parametrize("state", ["queued", "building", "failed", "cancelled"])
def test_a_release_that_is_not_ready_is_not_there(state, campaign, reader):
    ReleaseFactory(campaign=campaign, number=2, state=state, revision="ab" * 20)

    for revision in ("v2", "ab" * 20):
        assert_error(reader.get(api(f"/revision/{revision}")), 404, "RevisionNotFound")
        assert_error(reader.get(file_at(revision, "README.md")), 404, "RevisionNotFound")
    assert reader.get(api()).json()["sha"] == SHA
    assert [tag["name"] for tag in reader.get(api("/refs")).json()["tags"]] == ["v1"]
    assert len(reader.get(api("/commits/main")).json()) == 1


def test_a_campaign_without_a_release_is_not_there_yet():
    member = MemberFactory(campaign__slug="birds", role="manager")
    ReleaseFactory(campaign=member.campaign, state="building")

    assert_error(with_key(key_of(member.user)).get(api()), 404, "RepoNotFound")


def test_a_release_of_another_campaign_is_not_there(campaign, reader, storage_folder):
    other = CampaignFactory()
    ready_release(other, storage_folder, number=7)

    assert_error(reader.get(file_at(f"{7:040x}", "README.md")), 404, "RevisionNotFound")


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "pairs",
        "pairs/",
        "./README.md",
        "README.md/",
        "/README.md",
        "../1/README.md",
        "..%2f..%2fsecret",
        "%00",
        "é",
        "x" * 3000,
    ],
)
def test_only_what_is_in_the_manifest_is_served(campaign, reader, path):
    response = reader.get(file_at(SHA, path))

    assert_error(response, 404, "EntryNotFound")
    assert response["X-Repo-Commit"] == SHA


@pytest.mark.parametrize(
    "revision", ["v0", "v01", "v2", "V1", "v" + "9" * 5000, "0" * 40, SHA[:12], "refs/pr/1", "refs/convert/parquet", "%00"]
)
def test_an_unknown_revision_is_named(reader, revision):
    assert_error(reader.get(api(f"/revision/{revision}")), 404, "RevisionNotFound")


@pytest.mark.parametrize(
    "path", ["/hub/", "/hub/x", "/hub/api/models/a/b", "/hub/a/b/resolve/main/config.json", "/hub/api/spaces/a/b"]
)
def test_everything_else_is_no_repository(path, reader):
    assert_error(reader.get(path), 404, "RepoNotFound")
    assert_error(Client().get(path), 404, "RepoNotFound")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(method, reader):
    for path in (api(), api("/commit/main"), file_at(SHA), "/hub/api/repos/create", api("/tag/v1")):
        response = getattr(reader, method)(path, "{}", content_type="application/json")
        assert_error(response, 403, None)
    assert "written" in response["X-Error-Message"]


def test_a_logged_in_browser_needs_no_token_against_forgery_to_look_paths_up(campaign):
    Campaign.objects.update(data_is_public=True)
    client = browser_of(UserFactory(), enforce_csrf_checks=True)

    assert client.generic("POST", api("/paths-info/main"), "paths=pairs", "application/x-www-form-urlencoded").status_code == 200


def test_who_one_is(campaign):
    user = MemberFactory(campaign=campaign, user__username="ada").user

    said = with_key(key_of(user)).get("/hub/api/whoami-v2").json()

    assert (said["name"], said["type"], said["auth"]["accessToken"]["role"]) == ("ada", "user", "read")
    assert Client().get("/hub/api/whoami-v2").status_code == 401
    assert Client().get("/hub/api/agent-harnesses").json() == {"standardEnvVars": [], "harnesses": {}}


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


# --- the other repository's card

CARD = b"""---
pretty_name: Birds
license: cc-by-4.0
language: [en]
configs:
- config_name: pairs
  default: true
  data_files: [{split: train, path: pairs/train-*}]
dataset_info:
- config_name: pairs
  features: []
- config_name: diffusion_dpo
  features: [{name: caption, dtype: string}]
  splits: [{name: train, num_bytes: 10, num_examples: 3}, {name: validation, num_bytes: 5, num_examples: 1}]
  download_size: 7
  dataset_size: 15
---
# Birds
"""
PATHS = ["README.md", "diffusion_dpo/train-00000-of-00001.parquet", "diffusion_dpo/validation-00000-of-00001.parquet"]


def test_the_other_card_has_one_config_with_all_names_of_its_splits():
    matter = dpo.front_matter(dpo.card(CARD, PATHS))

    assert (matter["pretty_name"], matter["license"], matter["language"]) == ("Birds", "cc-by-4.0", ["en"])
    (config,) = matter["configs"]
    assert (config["config_name"], config["default"]) == ("diffusion_dpo", True)
    assert {each["split"]: each["path"] for each in config["data_files"]} == {
        "train": "diffusion_dpo/train-*",
        "validation": "diffusion_dpo/validation-*",
        "test": "diffusion_dpo/validation-*",
        "validation_unique": "diffusion_dpo/validation-*",
        "test_unique": "diffusion_dpo/validation-*",
    }
    (info,) = matter["dataset_info"]
    assert {split["name"]: split["num_examples"] for split in info["splits"]} == {
        "train": 3,
        "validation": 1,
        "test": 1,
        "validation_unique": 1,
        "test_unique": 1,
    }
    assert info["dataset_size"] == 30


@pytest.mark.parametrize("present", [["train"], ["test"], ["train", "validation", "test"]])
def test_scripts_find_every_split_that_they_may_ask_for(present):
    card = dpo.card(CARD, [f"diffusion_dpo/{split}-00000-of-00001.parquet" for split in present])
    (config,) = dpo.front_matter(card)["configs"]
    assert [each["split"] for each in config["data_files"]] == list(dpo.SPLITS)
    assert {each["path"].split("/")[1].removesuffix("-*") for each in config["data_files"]} == set(present)
    assert (b"too few pairs to fill all splits" in card) == (len(present) == 1)


def test_the_other_card_changes_only_with_its_edition():
    """Its revision names EDITION and not the bytes: where this fails, raise the one and write down the other."""
    assert (dpo.EDITION, hashlib.sha256(dpo.card(CARD, PATHS)).hexdigest()) == (
        3,
        "c883ee28fb265040673bf9eaac46351487a2673d9740f936f88c095e150c7995",
    )


@pytest.mark.parametrize("text", [b"", b"# No YAML\n", b"---\n- a list\n---\n", b"---\nno end"])
def test_a_card_without_yaml_still_makes_one(text):
    assert dpo.front_matter(dpo.card(text, PATHS))["configs"]
