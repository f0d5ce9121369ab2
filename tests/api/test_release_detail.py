from __future__ import annotations

import hashlib

import pytest

from tests.api.clients import assert_error, client_of
from tests.api.releases import README, SHARD, ready_release
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db


def address(campaign, number=1) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/releases/{number}/"


def member_with(role: str, *scopes: str):
    member = MemberFactory(role=role)
    return member.campaign, client_of(member.user, *scopes)


def test_it_is_a_manifest(storage_folder):
    campaign, client = member_with("reviewer", "export")
    ready_release(campaign, storage_folder)

    response = client.get(address(campaign))

    assert response.status_code == 200
    body = response.json()
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "number": 1,
        "revision": f"{1:040x}",
        "state": "ready",
        "progress": 1.0,
        "configs": [],
        "shard_bytes": None,
        "shard_count": None,
        "yank_reason": "",
        "replaced_by": None,
        "error": "",
        "files": [
            {"path": "README.md", "size": len(README), "sha256": hashlib.sha256(README).hexdigest()},
            {"path": "pairs/train-00000-of-00001.parquet", "size": len(SHARD), "sha256": hashlib.sha256(SHARD).hexdigest()},
        ],
    }


def test_one_that_failed_says_why():
    campaign, client = member_with("manager", "export")
    ReleaseFactory(campaign=campaign, state="failed", error="The storage is full.", progress=0.5)

    body = client.get(address(campaign)).json()

    assert (body["state"], body["error"], body["revision"]) == ("failed", "The storage is full.", None)


def test_it_takes_few_queries(django_assert_num_queries, storage_folder):
    campaign, client = member_with("manager", "export")
    ready_release(campaign, storage_folder)
    client.get(address(campaign))

    with django_assert_num_queries(4):  # token, membership, release, files
        client.get(address(campaign))


@pytest.mark.parametrize("number", ["0", "2", "9" * 30, "9" * 5000, "-1", "v1"])
def test_it_is_not_there_under_another_number(number, storage_folder):
    campaign, client = member_with("manager", "export")
    ready_release(campaign, storage_folder)

    assert_error(client.get(address(campaign, number)), 404, "not_found")


def test_it_is_not_there_under_another_campaign(storage_folder):
    campaign, client = member_with("manager", "export")
    ready_release(MemberFactory().campaign, storage_folder)

    assert_error(client.get(address(campaign)), 404, "not_found")


def test_annotators_do_not_see_it(storage_folder):
    campaign, client = member_with("annotator")
    ready_release(campaign, storage_folder)

    assert_error(client.get(address(campaign)), 403, "not_a_reviewer")
