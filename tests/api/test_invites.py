from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotator.models import Invite, Member
from tests.api.clients import ApiClient, assert_error, client_of
from tests.factories import InviteFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/birds/invites/"


@pytest.fixture
def client() -> ApiClient:
    return client_of(MemberFactory(campaign__slug="birds", role="manager").user, "manage")


def test_one_without_limits_is_made_and_lets_somebody_join(client):
    response = client.post(ADDRESS, {})

    assert response.status_code == 201
    made = response.json()
    assert (made["state"], made["role"], made["for_crowd"], made["signed"]) == ("usable", "annotator", False, False)
    assert (made["expires_at"], made["uses_max"], made["uses"], made["revoked_at"]) == (None, None, 0, None)
    browser = Client()
    browser.force_login(UserFactory(username="ana"))
    browser.post(made["url"])
    assert Member.objects.get(user__username="ana").invite_id == made["id"]
    assert client.get(response["Location"]).json() == made | {"uses": 1}
    assert client.get(ADDRESS).json()["results"] == [made | {"uses": 1}]


def test_limits_in_number_and_time_are_kept_and_the_state_says_when_they_are_reached(client):
    soon = timezone.now() + timedelta(hours=1)
    made = client.post(ADDRESS, {"note": "class", "role": "reviewer", "expires_at": soon.isoformat(), "uses_max": 2}).json()

    assert (made["note"], made["role"], made["uses_max"], made["state"]) == ("class", "reviewer", 2, "usable")
    Invite.objects.update(uses=2)
    assert client.get(f"{ADDRESS}{made['id']}/").json()["state"] == "used_up"
    Invite.objects.update(expires_at=timezone.now())
    assert client.get(f"{ADDRESS}{made['id']}/").json()["state"] == "expired"


def test_one_for_a_crowd_platform_ends_in_its_parameters_and_keeps_its_key(client):
    made = client.post(ADDRESS, {"for_crowd": True, "platform_key": "s" * 40, "platform_customer": "study-0001"})

    assert made.json()["url"].endswith("?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}")
    assert made.json()["signed"]
    assert b"s" * 40 not in made.content


def test_it_is_revoked_for_good_and_again_without_a_change(client):
    invite = InviteFactory(campaign__slug="other", campaign=Member.objects.get().campaign)
    first, again = (client.post(f"{ADDRESS}{invite.pk}/revoke/") for _ in range(2))

    assert (first.status_code, first.json()["state"]) == (200, "revoked")
    assert again.json() == first.json()
    assert "revoked" in Client().get(first.json()["url"]).content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"note": "x" * 101}, "note"),
        ({"uses_max": 0}, "uses_max"),
        ({"uses_max": "5"}, "uses_max"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"for_crowd": True, "role": "manager"}, "role"),
        ({"for_crowd": "yes"}, "for_crowd"),
        ({"platform_key": "s" * 40}, "platform_key"),
        ({"for_crowd": True, "platform_key": "short"}, "platform_key"),
        ({"for_crowd": True, "platform_customer": "a b"}, "platform_customer"),
        ({"uses": 3}, "uses"),
    ],
)
def test_what_is_wrong_is_named(client, body, field):
    assert_error(client.post(ADDRESS, body), 400, "invalid", field)
    assert not Invite.objects.exists()


def test_the_same_key_makes_one_link(client):
    one, other = (client.post(ADDRESS, {}, headers={"Idempotency-Key": "mine"}) for _ in range(2))

    assert one.json() == other.json()
    assert Invite.objects.count() == 1


@pytest.mark.parametrize("path", ["", "revoke/"])
def test_that_of_another_campaign_is_not_there(client, path):
    other = InviteFactory()

    assert_error((client.post if path else client.get)(f"{ADDRESS}{other.pk}/{path}"), 404, "not_found")
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_list_costs_the_same_however_long_it_is(client, django_assert_num_queries):
    campaign = Member.objects.get().campaign
    client.get(ADDRESS)
    for count in (1, 10):
        InviteFactory.create_batch(count, campaign=campaign)
        with django_assert_num_queries(3):  # token, member with campaign, links
            client.get(ADDRESS)
