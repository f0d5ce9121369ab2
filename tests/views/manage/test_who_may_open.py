"""Who may open the manager's pages: managers and superusers, whatever the page and the method."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import CampaignState, MemberState, Role
from annotator.models import Campaign, Member
from tests.factories import CampaignFactory, ImportFactory, MemberFactory, ReleaseFactory, UserFactory

pytestmark = pytest.mark.django_db

# name, further arguments, whether it can be looked at, whether it can be posted to
PAGES = [
    ("campaign_page", [], True, False),
    ("campaign_progress", [], True, False),
    ("campaign_state", [], False, True),
    ("campaign_settings", [], True, True),
    ("edit_guideline", [], True, True),
    ("preview_guideline", [], False, True),
    ("guideline_versions", [], True, False),
    ("members", [], True, True),
    ("member_state", [1], False, True),
    ("member_suspension", [1], True, True),
    ("plan", [], True, False),
    ("imports", [], True, True),
    ("import_page", [1], True, False),
    ("releases", [], True, True),
    ("take_downs", [], True, True),
    ("release_page", [1], True, False),
]
pages = pytest.mark.parametrize(
    ("name", "get", "post"), [(name, *may) for name, _, *may in PAGES], ids=[page[0] for page in PAGES]
)


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, campaign__name="Scenes at dusk", user__username="mira")


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


@pytest.fixture
def browser(client: Client, manager: Member) -> Client:
    client.force_login(manager.user)
    return client


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


def row_for(name: str, campaign: Campaign) -> list[int]:
    """The further argument of an address, for a row that exists."""
    if name in ("member_state", "member_suspension"):
        return [MemberFactory(campaign=campaign).pk]
    if name == "import_page":
        return [ImportFactory(campaign=campaign).pk]
    return [ReleaseFactory(campaign=campaign).number] if name == "release_page" else []


@pages
def test_a_manager_opens_it(browser: Client, campaign: Campaign, name, get, post) -> None:
    path = address(name, campaign, *row_for(name, campaign))
    assert browser.get(path).status_code == (200 if get else 405)
    assert browser.head(path).status_code == (200 if get else 405)
    assert browser.put(path).status_code == 405
    if not post:
        assert browser.post(path).status_code == 405


def test_a_superuser_opens_each_without_being_a_member(client: Client, campaign: Campaign) -> None:
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    for name, _, get, _ in PAGES:
        path = address(name, campaign, *row_for(name, campaign))
        assert client.get(path).status_code == (200 if get else 405), name


def test_nobody_else_does(client: Client, campaign: Campaign) -> None:
    pages = [(address(name, campaign, *row_for(name, campaign)), get, post) for name, _, get, post in PAGES]
    for path, get, _ in pages:
        assert (client.get if get else client.post)(path).status_code == 302, path  # to the log-in
    others = [
        (MemberFactory(role=Role.MANAGER).user, 404),  # of another campaign
        (UserFactory(is_staff=True), 404),
        (MemberFactory(campaign=campaign).user, 403),
        (MemberFactory(campaign=campaign, role=Role.REVIEWER).user, 403),
        (MemberFactory(campaign=campaign, role=Role.MANAGER, state=MemberState.PAUSED).user, 403),
    ]
    for user, status in others:
        client.force_login(user)
        for path, get, post in pages:
            assert not get or client.get(path).status_code == status, path
            mine = {"state": "closed", "text": "Mine.", "name": "Mine"}
            assert not post or client.post(path, mine).status_code == status, path
    campaign.refresh_from_db()
    assert (campaign.state, campaign.name, campaign.guidelines.count()) == (CampaignState.OPEN, "Scenes at dusk", 0)


def test_an_unknown_campaign_is_not_found(browser: Client) -> None:
    for name, more, get, _ in PAGES:
        path = reverse(name, args=["nowhere", *more])
        assert (browser.get(path) if get else browser.post(path)).status_code == 404, name


@pytest.mark.parametrize("name", ["member_state", "member_suspension", "import_page", "release_page"])
def test_a_row_of_another_campaign_is_not_found(browser: Client, campaign: Campaign, name: str) -> None:
    theirs = row_for(name, CampaignFactory())
    for number in (*theirs, 2**62):
        path = address(name, campaign, number)
        response = browser.post(path, {"state": "paused"}) if name == "member_state" else browser.get(path)
        assert response.status_code == 404


def test_a_number_too_large_for_the_database_is_not_found(browser: Client, campaign: Campaign) -> None:
    for name in ("import_page", "release_page", "member_suspension"):
        assert browser.get(address(name, campaign, 10**30)).status_code == 404
    assert browser.post(address("member_state", campaign, 10**30), {"state": "paused"}).status_code == 404
