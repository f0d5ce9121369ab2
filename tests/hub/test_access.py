"""Who may read which dataset over the Hub's protocol, and that what may not be seen looks like what is not there."""

from __future__ import annotations

from itertools import product

import pytest
from django.test import Client

from annotator.models import Campaign
from tests.api.clients import browser_of
from tests.api.releases import ready_release
from tests.factories import CampaignFactory, MemberFactory, ReleaseFactory, UserFactory
from tests.hub.protocol import SHA, api, assert_error, file_at, status_of, with_key
from tests.hub.releases import key_of, manager_key

pytestmark = pytest.mark.django_db


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


def test_what_may_not_be_seen_answers_as_what_is_not_there(campaign):
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
        for route in EVERY_ROUTE:
            hidden, missing = (client.get(route.format(name=name)) for name in ("birds", "bees"))
            for response in (hidden, missing):
                assert_error(response, status, code)
            assert hidden.content == missing.content
            assert dict(hidden.headers) | {"X-Request-ID": ""} == dict(missing.headers) | {"X-Request-ID": ""}
        posted = [client.post(f"/hub/api/datasets/diptych/{name}/paths-info/main", {"paths": "a"}) for name in ("birds", "bees")]
        assert posted[0].status_code == posted[1].status_code == status
        assert client.get("/hub/api/datasets").json() == []


def test_reviewers_managers_and_superusers_may_read(campaign):
    users = [MemberFactory(campaign=campaign, role=role).user for role in ("reviewer", "manager")]
    for user, route in product([*users, UserFactory(is_superuser=True)], EVERY_ROUTE):
        assert status_of(with_key(key_of(user)), route.format(name="birds")) == 200


def test_public_data_is_for_everybody(campaign):
    Campaign.objects.update(data_is_public=True)

    for client, route in product(
        (Client(), with_key("hf_" + "x" * 34), with_key(key_of(UserFactory(), "annotate"))), EVERY_ROUTE
    ):
        assert status_of(client, route.format(name="birds")) == 200
    assert [each["id"] for each in Client().get("/hub/api/datasets?author=diptych").json()] == ["diptych/birds"]
    assert Client().get(api()).json()["private"] is False


def test_a_draft_is_never_public(campaign):
    Campaign.objects.update(data_is_public=True, state="draft")

    for route in EVERY_ROUTE:
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
