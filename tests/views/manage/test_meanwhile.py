"""Toasts for what finished while somebody was on another page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from tests.factories import ImportFactory, MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return MemberFactory(role=Role.MANAGER)


@pytest.fixture
def browser(client: Client, manager) -> Client:
    client.force_login(manager.user)
    return client


def toasts(browser: Client, campaign, since) -> list[str]:
    address = reverse("meanwhile", args=[campaign.slug])
    html = browser.get(address, {"since": int(since.timestamp())}).content.decode()
    return [" ".join(words.split()) for words in re.findall(r'<a href="/manage/[^"]+">([^<]*)</a>', html)]


def test_what_finished_since_is_told_and_leads_there(browser, manager):
    now, campaign = timezone.now() - timedelta(seconds=10), manager.campaign
    ImportFactory(campaign=campaign, state="done", file_name="a.jsonl", pairs_added=12, finished_at=now)
    ImportFactory(campaign=campaign, state="failed", file_name="<b>.csv", finished_at=now)
    ImportFactory(campaign=campaign, state="cancelled", finished_at=now)
    ImportFactory(campaign=campaign, state="done", finished_at=now - timedelta(hours=2))
    ImportFactory(state="done", finished_at=now)  # of another campaign
    ReleaseFactory(campaign=campaign, number=3, state="failed", error="No room.", finished_at=now)

    assert toasts(browser, campaign, now - timedelta(minutes=1)) == [
        "The import of &lt;b&gt;.csv failed.",
        "a.jsonl is imported: 12 new pairs.",
        "Building release 3 failed.",
    ]
    assert toasts(browser, campaign, now + timedelta(seconds=5)) == []


def test_nonsense_is_as_good_as_now(browser, manager):
    ImportFactory(campaign=manager.campaign, state="done", finished_at=timezone.now() - timedelta(seconds=5))
    for since in ("", "soon", "-1", "9" * 40):
        response = browser.get(reverse("meanwhile", args=[manager.campaign.slug]), {"since": since})
        assert response.status_code == 200
        assert 'class="toast' not in response.content.decode()


def test_it_is_for_managers(client, manager):
    address = reverse("meanwhile", args=[manager.campaign.slug])
    for user, status in ((MemberFactory(campaign=manager.campaign, role=Role.REVIEWER).user, 403), (MemberFactory().user, 404)):
        client.force_login(user)
        assert client.get(address).status_code == status
    assert "toasts" not in client.get("/").content.decode()
