from __future__ import annotations

import pytest

from annotator.models import Release
from tests.api.clients import assert_error, client_of, sent_tasks
from tests.api.releases import ready_release
from tests.factories import MemberFactory, ReleaseFactory, UserFactory

pytestmark = pytest.mark.django_db


def address(campaign) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/releases/"


def member_with(role: str, *scopes: str, **values):
    member = MemberFactory(role=role, **values)
    return member.campaign, client_of(member.user, *scopes)


def test_a_release_is_asked_for_and_left_to_a_worker():
    campaign, client = member_with("manager", "manage", "export")

    with sent_tasks() as tasks:
        response = client.post(address(campaign))

    release = Release.objects.get()
    assert response.status_code == 202, response.content
    assert response["Location"] == f"http://testserver{address(campaign)}1/"
    body = response.json()
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "number": 1,
        "revision": None,
        "state": "queued",
        "progress": 0.0,
        "configs": [],
        "shard_bytes": None,
        "shard_count": None,
        "yank_reason": "",
        "replaced_by": None,
        "files": [],
        "error": "",
    }
    assert (release.campaign, release.created_by) == (campaign, campaign.members.get().user)
    assert tasks == [("build_release", [release.pk])]
    assert client.get(response["Location"]).json()["number"] == 1


def test_it_lists_releases_newest_first(storage_folder):
    campaign, client = member_with("reviewer", "export")
    ready_release(campaign, storage_folder)
    ReleaseFactory(campaign=campaign, number=2, state="building", progress=0.25)
    ReleaseFactory()

    body = client.get(address(campaign)).json()

    assert body.keys() == {"next", "previous", "results"}
    assert [(release["number"], release["state"], len(release["files"])) for release in body["results"]] == [
        (2, "building", 0),
        (1, "ready", 2),
    ]


def test_pages_follow_each_other(storage_folder):
    campaign, client = member_with("manager", "export")
    for number in range(1, 6):
        ReleaseFactory(campaign=campaign, number=number, state="failed")

    numbers, following = [], f"{address(campaign)}?page_size=2"
    while following:
        page = client.get(following).json()
        numbers.append([release["number"] for release in page["results"]])
        following = page["next"]

    assert numbers == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize("number", [2, 20])
def test_it_asks_the_database_as_often_for_many_as_for_few(number, django_assert_num_queries, storage_folder):
    campaign, client = member_with("manager", "export")
    for each in range(1, number + 1):
        ready_release(campaign, storage_folder, each)
    client.get(address(campaign))

    with django_assert_num_queries(4):  # token, membership, releases, files
        assert len(client.get(address(campaign)).json()["results"]) == number


def test_annotators_read_no_releases():
    # They hold other people's votes and the generators' names.
    campaign, client = member_with("annotator")

    assert_error(client.get(address(campaign)), 403, "not_a_reviewer")


@pytest.mark.parametrize("role", ["reviewer", "manager"])
@pytest.mark.parametrize("state", ["paused", "suspended", "withdrawn"])
def test_those_who_were_put_out_read_and_build_none(role, state):
    campaign, client = member_with(role, state=state)

    assert_error(client.get(address(campaign)), 403, f"member_{state}")
    assert_error(client.post(address(campaign)), 403, f"member_{state}")


def test_a_superuser_reads_and_builds_them():
    campaign, _ = member_with("manager")
    client = client_of(UserFactory(is_superuser=True))

    assert client.post(address(campaign)).status_code == 202
    assert len(client.get(address(campaign)).json()["results"]) == 1


def test_what_is_in_it_and_how_it_is_cut_is_chosen():
    campaign, client = member_with("manager")

    made = client.post(address(campaign), {"configs": ["images", "labels"], "shard_bytes": 2_000_000}).json()

    assert (made["configs"], made["shard_bytes"], made["shard_count"]) == (["labels", "images"], 2_000_000, None)
    assert_error(client.post(address(campaign), {"number": 7}), 400, "invalid", "number")
    assert_error(client.post(address(campaign), {"configs": ["everything"]}), 400, "invalid", "configs.0")
    assert_error(client.post(address(campaign), {"shard_count": 0}), 400, "invalid", "shard_count")
    both = {"shard_count": 2, "shard_bytes": 2_000_000}
    assert_error(client.post(address(campaign), both), 400, "invalid", "shard_count")
