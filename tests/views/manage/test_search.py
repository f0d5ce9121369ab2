"""The search of the console: what is found, and that nobody finds what they may not open."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import MemberState, Role
from tests.factories import CampaignFactory, MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/manage/-/search/"


def found(client: Client, words: str, campaign=None) -> list[str]:
    """The addresses of the hits, after opening each of them."""
    response = client.get(ADDRESS, {"q": words} | ({"in": campaign.slug} if campaign else {}), headers={"HX-Request": "true"})
    assert response.status_code == 200
    links = [link for link in re.findall(r'href="([^"]*)"', response.content.decode()) if link != reverse("tokens")]
    assert [client.get(link).status_code for link in links] == [200] * len(links)
    return links


@pytest.fixture
def manager():
    return MemberFactory(role=Role.MANAGER, campaign__name="Shapes", campaign__slug="shapes", user__username="mira")


@pytest.fixture
def browser(client: Client, manager) -> Client:
    client.force_login(manager.user)
    return client


def test_pages_campaigns_people_and_pairs_are_found(browser, manager):
    campaign = manager.campaign
    annotator = MemberFactory(campaign=campaign, user__username="nobuko")
    other = MemberFactory(user=manager.user, role=Role.MANAGER, campaign__name="Dusk at sea").campaign
    pair = PairFactory(campaign=campaign, external_id="dusk-17")

    assert found(browser, "webhook", campaign) == [reverse("webhooks", args=["shapes"])]
    assert found(browser, "dusk at", campaign) == [reverse("campaign_page", args=[other.slug])]
    assert found(browser, "NOBU", campaign) == [reverse("member_page", args=["shapes", annotator.pk])]
    assert found(browser, annotator.public_id, campaign) == [reverse("member_page", args=["shapes", annotator.pk])]
    assert found(browser, "dusk-17", campaign) == [reverse("pair_page", args=["shapes", pair.pk])]
    assert reverse("pair_page", args=["shapes", pair.pk]) in found(browser, f"#{pair.pk}", campaign)
    assert len(found(browser, "", campaign)) > 15  # where one can go, before anything is typed


def test_nobody_finds_what_they_may_not_open(client, manager):
    hidden = MemberFactory(campaign__name="Hidden", user__username="hidden-one")
    PairFactory(campaign=hidden.campaign, external_id="hidden-pair")
    PairFactory(campaign=manager.campaign, external_id="hidden-too")
    user = manager.user
    MemberFactory(user=user, role=Role.MANAGER, state=MemberState.PAUSED, campaign__name="Hidden from the paused")
    MemberFactory(user=user, campaign__name="Hidden from annotators")
    client.force_login(user)

    assert found(client, "hidden") == []
    assert found(client, "hidden", hidden.campaign) == []
    assert found(client, "hidden-pair", hidden.campaign) == []

    reviewer = MemberFactory(campaign=manager.campaign, role=Role.REVIEWER)
    client.force_login(reviewer.user)
    assert found(client, "webhook", manager.campaign) == []
    assert found(client, "", manager.campaign)


def test_annotators_and_strangers_are_refused(client, manager):
    assert client.get(ADDRESS).status_code == 302
    for user in (UserFactory(), MemberFactory(campaign=manager.campaign).user):
        client.force_login(user)
        assert client.get(ADDRESS, {"q": "mira"}).status_code == 403
    client.force_login(UserFactory(is_superuser=True))
    CampaignFactory(name="Of nobody")
    assert "Of nobody" in client.get(ADDRESS, {"q": "of nobody"}).content.decode()
    assert client.post(ADDRESS).status_code == 405


def test_it_is_a_page_without_a_script(browser, manager):
    page = browser.get(ADDRESS, {"q": "no such <thing>", "in": "shapes"}).content.decode()

    assert "Nothing found for “no such &lt;thing&gt;”" in page
    assert 'action="/manage/-/search/"' in page
    assert f'href="{ADDRESS}?in=shapes"' in browser.get(reverse("members", args=["shapes"])).content.decode()
