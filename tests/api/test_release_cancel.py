from __future__ import annotations

import pytest

from annotator.models import Release
from tests.api.clients import assert_error, client_of
from tests.api.test_release_detail import address, member_with
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["queued", "building"])
def test_it_stops_a_release_that_is_not_finished(state):
    campaign, client = member_with("manager", "manage")
    ReleaseFactory(campaign=campaign, state=state, progress=0.4)

    response = client.post(address(campaign) + "cancel/")

    assert response.status_code == 200
    assert (response.json()["state"], response.json()["revision"]) == ("cancelled", None)
    release = Release.objects.get()
    assert release.cancelled_by == campaign.members.get().user
    assert release.finished_at is not None
    assert_error(client.post(address(campaign) + "cancel/"), 409, "release_over")


def test_only_managers_may_and_only_of_their_campaign():
    campaign, reviewer = member_with("reviewer", "manage")
    ReleaseFactory(campaign=campaign, state="queued")
    elsewhere = client_of(MemberFactory(role="manager").user, "manage")

    assert_error(reviewer.post(address(campaign) + "cancel/"), 403, "not_a_manager")
    assert_error(elsewhere.post(address(campaign) + "cancel/"), 404, "not_found")
    assert Release.objects.get().state == "queued"


def test_bad_input():
    campaign, client = member_with("manager", "manage")
    ReleaseFactory(campaign=campaign, state="queued")

    assert_error(client.post(address(campaign, 7) + "cancel/"), 404, "not_found")
    assert_error(client.post(address(campaign) + "cancel/", {"why": "because"}), 400, "invalid", "why")
    assert client.get(address(campaign) + "cancel/").status_code == 405
    assert Release.objects.get().state == "queued"
