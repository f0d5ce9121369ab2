"""What leaves releases that are out, on the pages of their managers."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.models import Campaign, Member, Release, ReleaseAnnotator
from tests.api.releases import ready_release
from tests.factories import MemberFactory, PairFactory

pytestmark = pytest.mark.django_db

PAGE = "/manage/birds/releases/1/"


@pytest.fixture
def manager() -> Member:
    return MemberFactory(campaign__slug="birds", role="manager")


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


@pytest.fixture
def pages(manager: Member) -> Client:
    client = Client()
    client.force_login(manager.user)
    return client


def address(name: str, campaign: Campaign) -> str:
    return reverse(name, args=[campaign.slug])


def test_a_release_is_yanked_with_a_reason_and_its_name_typed(manager, pages, storage_folder):
    ready_release(manager.campaign, storage_folder)
    answer = pages.post(PAGE + "yank/", {"reason": "The guideline was wrong.", "name": "v2"}, follow=True)
    assert "Type v1 to confirm." in answer.content.decode()
    answer = pages.post(PAGE + "yank/", {"reason": "The guideline was wrong.", "name": "v1"}, follow=True)
    page = " ".join(answer.content.decode().split())
    assert "Release 1 is yanked." in page
    assert "UTC: The guideline was wrong." in page
    assert Release.objects.get().yanked_by == manager.user


def test_releases_with_votes_of_people_who_withdrew_are_shown_and_rebuilt_in_one_act(manager, pages, campaign, storage_folder):
    release = ready_release(campaign, storage_folder)
    gone = MemberFactory(campaign=campaign, state="withdrawn")
    ReleaseAnnotator.objects.create(release=release, member=gone)
    page = " ".join(pages.get(address("releases", campaign)).content.decode().split())
    assert "1 person withdrew" in page
    page = pages.post(address("rebuild_releases", campaign), follow=True).content.decode()
    assert "1 release is yanked. Release 2 is being built without these votes." in page
    assert list(Release.objects.order_by("number").values_list("state", flat=True)) == ["yanked", "queued"]
    page = pages.post(address("rebuild_releases", campaign), follow=True).content.decode()
    assert "No release holds votes of somebody who withdrew." in page


def test_an_image_is_taken_down_on_its_page(manager, pages, campaign):
    pair = PairFactory(campaign=campaign)
    where = address("take_downs", campaign)
    assert "On the page of each of its pairs" in pages.get(where).content.decode()
    assert pages.post(where, {"sha256": "0" * 63, "reason": "Asked for."}).status_code == 400
    page = pages.post(where, {"sha256": pair.image_a.sha256, "reason": "The artist asked for it."}, follow=True).content.decode()
    assert "The image is taken down. Campaigns: 1. Pairs held: 1. Releases yanked: 0." in page
    assert "The artist asked for it." in page
