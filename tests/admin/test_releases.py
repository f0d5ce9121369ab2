"""Releases and uploads in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.models import HubAccount, Publication, Release
from tests.admin.pages import address, one_of_each

pytestmark = pytest.mark.django_db


def test_a_release_lists_its_files_as_links(client: Client) -> None:
    release = one_of_each()[Release]
    page = client.get(address(Release, "change", release.pk)).content.decode()
    assert reverse("api:release_file", args=[release.campaign.slug, 1, "pairs/train-00000-of-00001.parquet"]) in page


def test_releases_and_uploads_show_how_far_they_are(client: Client) -> None:
    rows = one_of_each()
    for model in (Release, Publication):
        model.objects.filter(pk=rows[model].pk).update(progress=0.25)
        page = client.get(address(model, "changelist")).content.decode()
        assert '<progress value="0.25" max="1" aria-label="25%"></progress> 25%' in page


def test_the_token_of_an_account_on_the_hub_is_shown_nowhere(client: Client) -> None:
    account = one_of_each()[HubAccount]
    HubAccount.objects.filter(pk=account.pk).update(encrypted_token="an-encrypted-token", token_hint="…last")
    change = client.get(address(HubAccount, "change", account.pk)).content.decode()
    assert "…last" in change
    for page in (change, client.get(address(HubAccount, "changelist")).content.decode()):
        assert "an-encrypted-token" not in page
