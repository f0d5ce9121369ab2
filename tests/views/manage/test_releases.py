"""The pages of a campaign's releases: asking for one, what it shows while it is built and when it is ready, cancelling it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import ReleaseState
from annotator.models import Campaign, Member, Release, ReleaseFile, ReleaseShard
from tests.factories import MemberFactory, ReleaseFactory

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


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


def test_it_says_how_far_it_is(manager, pages):
    release = ReleaseFactory(campaign=manager.campaign, state="queued")
    assert "Waiting for a worker." in pages.get(PAGE).content.decode()
    Release.objects.update(state="building")
    assert "Reading votes and pairs." in pages.get(PAGE).content.decode()
    for number in range(3):
        ReleaseShard.objects.create(release=release, path=f"pairs/train-0000{number}-of-00003.parquet")
    page = pages.get(PAGE).content.decode()
    assert "0 of 3 files written." in page
    assert f'action="{PAGE}cancel/"' in page


def test_the_button_cancels_it(manager, pages):
    ReleaseFactory(campaign=manager.campaign, state="building")
    page = pages.post(PAGE + "cancel/", follow=True).content.decode()
    assert "Release 1 is cancelled." in page
    assert f"cancelled by {manager.user}" in " ".join(page.split())
    assert f'action="{PAGE}cancel/"' not in page
    assert Release.objects.get().cancelled_by == manager.user


def test_one_that_is_over_stays_as_it_is_and_says_so(manager, pages):
    ReleaseFactory(campaign=manager.campaign, state="failed", error="The storage is full.")
    assert "can no longer be cancelled" in pages.post(PAGE + "cancel/", follow=True).content.decode()
    assert Release.objects.get().state == "failed"


@pytest.mark.parametrize(("role", "status"), [("reviewer", 403), ("annotator", 403), (None, 404)])
def test_only_managers_may(manager, role, status):
    ReleaseFactory(campaign=manager.campaign, state="queued")
    other = MemberFactory(campaign=manager.campaign, role=role) if role else MemberFactory(role="manager")
    client = Client()
    client.force_login(other.user)
    assert client.post(PAGE + "cancel/").status_code == status
    assert Release.objects.get().state == "queued"


def test_bad_numbers_and_methods(manager, pages):
    assert pages.post("/manage/birds/releases/9/cancel/").status_code == 404
    ReleaseFactory(campaign=manager.campaign, state="queued")
    assert pages.get(PAGE + "cancel/").status_code == 405


def test_a_release_is_asked_for(
    pages: Client, campaign: Campaign, manager: Member, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr("annotator.tasks.build_release.apply_async", lambda args, retry: sent.extend(args))
    with django_capture_on_commit_callbacks(execute=True):
        response = pages.post(address("releases", campaign))
    assert response.url == address("release_page", campaign, 1)
    release = Release.objects.get(campaign=campaign)
    assert (release.number, release.created_by, sent) == (1, manager.user, [release.pk])


def test_a_ready_release_lists_its_files(pages: Client, campaign: Campaign) -> None:
    release = ReleaseFactory(campaign=campaign, state=ReleaseState.READY, revision="0" * 40, finished_at=timezone.now())
    ReleaseFile.objects.create(release=release, path="pairs/train-00000-of-00001.parquet", size=12_345_678, sha256="a" * 64)
    html = pages.get(address("release_page", campaign, 1)).content.decode()
    assert reverse("api:release_file", args=[campaign.slug, 1, "pairs/train-00000-of-00001.parquet"]) in html
    assert "12.3 MB" in html
    assert "export HF_ENDPOINT=http://testserver/hub\n" in html
    assert f"load_dataset('diptych/{campaign.slug}', revision='v1')" in html


@pytest.mark.parametrize("state", [ReleaseState.QUEUED, ReleaseState.BUILDING, ReleaseState.FAILED])
def test_an_unready_release_says_why(pages: Client, campaign: Campaign, state: ReleaseState) -> None:
    ReleaseFactory(campaign=campaign, state=state, error="Out of room." if state == ReleaseState.FAILED else "")
    html = pages.get(address("release_page", campaign, 1)).content.decode()
    assert str(state.label) in html
    assert ("Out of room." in html) == (state == ReleaseState.FAILED)
    assert "load_dataset" not in html
