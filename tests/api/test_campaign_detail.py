from __future__ import annotations

import pytest

from annotator.models import Campaign, CampaignProgress, Pair
from tests.api.clients import assert_error, client_of
from tests.factories import CampaignFactory, MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db

COUNTS = {
    "pairs_total": 40,
    "pairs_settled": 10,
    "pairs_held": 1,
    "votes_wanted": 120,
    "votes_to_come": 24,
    "votes_live": 37,
    "seats_open": 9,
    "votes_last_hour": 12,
    "annotators_last_hour": 3,
}


def address(campaign) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/"


def campaign_with_progress(**values) -> Campaign:
    campaign = CampaignFactory(**values)
    CampaignProgress.objects.filter(campaign=campaign).update(**COUNTS)
    return campaign


def manager(**values):
    member = MemberFactory(role="manager", **values)
    return member.campaign, client_of(member.user, "manage")


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_those_who_look_after_it_see_its_counts(role):
    member = MemberFactory(role=role, campaign=campaign_with_progress())

    body = client_of(member.user).get(address(member.campaign)).json()

    progress = body["progress"]
    assert progress.pop("updated_at").endswith("Z")
    assert progress == COUNTS | {"share": 0.3083}
    assert body["member"]["role"] == role


def test_an_annotator_sees_a_coarse_share_and_no_counts():
    # Alone in a campaign, an annotator could otherwise see which of their votes did not count: those on gold.
    member = MemberFactory(campaign=campaign_with_progress(), answered_count=7)
    client = client_of(member.user, "annotate")

    body = client.get(address(member.campaign)).json()

    assert body["progress"].keys() == {"share", "updated_at"}
    assert body["progress"]["share"] == 0.3
    assert body["member"] == {"role": "annotator", "state": "active", "answered_count": 7}
    CampaignProgress.objects.update(votes_live=38)
    assert client.get(address(member.campaign)).json()["progress"]["share"] == 0.3


def test_a_manager_who_was_put_out_sees_what_an_annotator_sees():
    member = MemberFactory(role="manager", state="suspended", campaign=campaign_with_progress())

    assert client_of(member.user).get(address(member.campaign)).json()["progress"].keys() == {"share", "updated_at"}


def test_a_superuser_sees_every_campaign():
    campaign = campaign_with_progress()

    body = client_of(UserFactory(is_superuser=True)).get(address(campaign)).json()

    assert body["member"] is None
    assert body["progress"]["votes_live"] == 37


def test_a_campaign_that_was_never_rolled_up_has_no_progress():
    member = MemberFactory(campaign=CampaignFactory(progress_row=None))

    assert client_of(member.user).get(address(member.campaign)).json()["progress"] is None


def test_it_takes_few_queries(django_assert_max_num_queries):
    member = MemberFactory()
    client = client_of(member.user)
    client.get(address(member.campaign))

    with django_assert_max_num_queries(5):  # token, membership, campaign with progress, questions, own place
        client.get(address(member.campaign))


@pytest.mark.parametrize("slug", ["nothing", "a" * 500, "No", "%00", "a%20b", "..", "é"])
def test_it_is_not_there_under_another_slug(slug):
    assert_error(client_of(UserFactory(is_superuser=True)).get(f"/api/v1/campaigns/{slug}/"), 404, "not_found")


def test_a_manager_changes_what_is_sent_and_nothing_else():
    campaign, client = manager(campaign__description="Old", campaign__state="draft")

    response = client.patch(address(campaign), {"name": "New name", "state": "open", "lease_seconds": 60})

    assert response.status_code == 200
    body = response.json()
    assert (body["name"], body["state"], body["lease_seconds"], body["description"]) == ("New name", "open", 60, "Old")
    campaign.refresh_from_db()
    assert (campaign.name, campaign.state, campaign.lease_seconds) == ("New name", "open", 60)


def test_nothing_sent_is_nothing_changed():
    campaign, client = manager()

    assert client.patch(address(campaign), {}).status_code == 200


def test_more_votes_are_wanted_of_every_pair_at_once():
    campaign, client = manager(campaign__votes_wanted=3)
    circulating, settled = PairFactory(campaign=campaign, seats_taken=1), PairFactory(campaign=campaign, state="settled")
    elsewhere = PairFactory()

    assert client.patch(address(campaign), {"votes_wanted": 5}).json()["votes_wanted"] == 5

    wanted = dict(Pair.objects.values_list("pk", "votes_wanted"))
    assert wanted == {circulating.pk: 5, settled.pk: 5, elsewhere.pk: 3}


def test_fewer_votes_wanted_take_no_seat_from_anybody():
    campaign, client = manager(campaign__votes_wanted=3)
    free, taken = PairFactory(campaign=campaign), PairFactory(campaign=campaign, seats_taken=2)

    client.patch(address(campaign), {"votes_wanted": 1})

    wanted = dict(Pair.objects.values_list("pk", "votes_wanted"))
    assert wanted == {free.pk: 1, taken.pk: 2}


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("draft", "open", 200),
        ("open", "paused", 200),
        ("paused", "open", 200),
        ("open", "closed", 200),
        ("closed", "open", 200),
        ("open", "open", 200),
        ("draft", "paused", 409),
        ("open", "draft", 200),  # without votes
        ("closed", "paused", 409),
    ],
)
def test_a_state_changes_in_steps(before, after, status):
    campaign, client = manager(campaign__state=before)

    response = client.patch(address(campaign), {"state": after, "name": "Renamed"})

    assert response.status_code == status
    campaign.refresh_from_db()
    if status == 200:
        assert (campaign.state, campaign.name) == (after, "Renamed")
    else:
        assert_error(response, 409, "state_change_refused")
        assert campaign.state == before
        assert campaign.name != "Renamed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "other"}, "slug"),
        ({"questions": []}, "questions"),
        ({"guideline": "x"}, "guideline"),
        ({"member": {}}, "member"),
        ({"created_at": "2020-01-01"}, "created_at"),
        ({"votes_wanted_": 5}, "votes_wanted_"),
        ({"__class__": "x"}, "__class__"),
        ({"": "x"}, ""),
        ({"state": "gone"}, "state"),
        ({"state": None}, "state"),
        ({"votes_wanted": 10**30}, "votes_wanted"),
        ({"name": "   "}, "name"),
        ({"name": None}, "name"),
    ],
)
def test_it_names_the_field_that_is_wrong(change, field):
    campaign, client = manager()

    assert_error(client.patch(address(campaign), change), 400, "invalid", field)


def test_a_superuser_changes_any():
    campaign = CampaignFactory()

    assert client_of(UserFactory(is_superuser=True)).patch(address(campaign), {"name": "Ours"}).json()["name"] == "Ours"
