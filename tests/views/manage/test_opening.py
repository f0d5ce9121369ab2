"""The manager's pages from an empty draft to an open campaign, to the archive, and to the end of a draft."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import CampaignState, Role
from annotator.models import Campaign, Member
from tests.factories import MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(client: Client) -> Campaign:
    manager = UserFactory()
    client.force_login(manager)
    return create_campaign(slug="dusk", name="Scenes at dusk", by=manager, guideline="Look at all of it.")


def address(name: str) -> str:
    return reverse(name, args=["dusk"])


def test_the_button_leads_to_what_is_missing_and_opens_nothing(client: Client, draft: Campaign) -> None:
    assert f'href="{address("open_campaign")}"' in client.get(address("campaign_page")).content.decode()
    assert client.post(address("campaign_state"), {"state": "open"}).url == address("open_campaign")

    page = client.get(address("open_campaign")).content.decode()
    assert f'<a href="{address("imports")}">There are no pairs to judge. Import some.</a>' in page
    assert f'<a href="{address("invites")}">Nobody can annotate.' in page
    assert "disabled" in page

    refused = client.post(address("open_campaign"), follow=True).content.decode()
    assert "cannot be opened yet. There are no pairs to judge." in refused
    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT


def test_a_draft_that_lacks_nothing_opens_and_goes_back_while_it_has_no_votes(client: Client, draft: Campaign) -> None:
    PairFactory(campaign=draft)
    MemberFactory(campaign=draft)

    page = client.get(address("open_campaign")).content.decode()
    assert "Worth a look" in page
    assert "disabled" not in page
    assert client.post(address("open_campaign")).url == address("campaign_page")
    draft.refresh_from_db()
    assert draft.state == CampaignState.OPEN

    assert 'value="draft"' in client.get(address("campaign_page")).content.decode()
    client.post(address("campaign_state"), {"state": "draft"})
    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT


def test_an_archived_campaign_leaves_the_lists_and_comes_back(client: Client, draft: Campaign) -> None:
    open_one = client.post(address("archive_campaign"), follow=True).content.decode()
    assert "Close the campaign before you archive it." in open_one
    Campaign.objects.update(state=CampaignState.CLOSED)

    client.post(address("archive_campaign"))

    client.get(address("campaign_page"))  # says that it is archived
    assert "Scenes at dusk" not in client.get(reverse("campaigns")).content.decode()
    assert "Scenes at dusk" in client.get(reverse("campaigns") + "?archived").content.decode()
    page = client.get(address("campaign_page")).content.decode()
    assert 'value="open"' not in page
    assert "Restore from the archive" in page

    client.post(address("archive_campaign"), {"restore": "yes"})
    assert "Scenes at dusk" in client.get(reverse("campaigns")).content.decode().partition("</h1>")[2]


def test_an_empty_draft_is_deleted_once_its_name_was_typed(client: Client, draft: Campaign) -> None:
    wrong = client.post(address("delete_draft"), {"name": "dawn"})
    assert wrong.status_code == 400
    assert "name-error" in wrong.content.decode()
    assert Campaign.objects.exists()

    gone = client.post(address("delete_draft"), {"name": " dusk "}, follow=True)
    assert "Scenes at dusk is deleted." in gone.content.decode()
    assert not Campaign.objects.exists()


def test_a_draft_with_pairs_says_why_it_stays(client: Client, draft: Campaign) -> None:
    PairFactory(campaign=draft)

    assert "nothing was imported" in client.get(address("delete_draft")).content.decode()
    client.post(address("delete_draft"), {"name": "dusk"})
    assert Campaign.objects.exists()


@pytest.mark.parametrize("name", ["open_campaign", "archive_campaign", "delete_draft"])
def test_only_managers_may(client: Client, draft: Campaign, name: str) -> None:
    Member.objects.update(role=Role.REVIEWER)
    assert client.post(address(name), {"name": "dusk"}).status_code == 403
    client.force_login(UserFactory())
    assert client.post(address(name), {"name": "dusk"}).status_code == 404
    assert Campaign.objects.get().state == CampaignState.DRAFT
