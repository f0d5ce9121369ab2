"""A release's page while it is built, and its button that stops it."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.models import Release, ReleaseShard
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db

PAGE = "/manage/birds/releases/1/"


@pytest.fixture
def manager():
    return MemberFactory(campaign__slug="birds", role="manager")


@pytest.fixture
def pages(manager):
    client = Client()
    client.force_login(manager.user)
    return client


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
