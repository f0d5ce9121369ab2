"""Uploads to the Hub: what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotator.models import (
    HubAccount,
    Publication,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, release_in

pytestmark = pytest.mark.django_db


def publication(**values: Any) -> Publication:
    return Publication.objects.create(release=release_in("ready"), repository="flowers/birds", **values)


ATTEMPTS = Attempts(
    {
        "publication_state_known": lambda: change(publication(), state="lost"),
        "publication_progress_is_share": lambda: change(publication(), progress=2),
        "publication_done_has_commit": lambda: change(publication(), state="done", finished_at=timezone.now()),
    }
)


@ATTEMPTS.refused_by("publication_one_at_a_time_per_release")
def _() -> None:
    Publication.objects.create(release=publication().release, repository="flowers/trees")


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_release_is_published_again_once_the_first_upload_is_over() -> None:
    first = publication()
    change(first, state="failed", finished_at=timezone.now())
    second = Publication.objects.create(release=first.release, repository="flowers/birds")
    assert list(first.release.publications.all()) == [second, first]


def test_a_campaign_has_one_account_on_the_hub_and_its_token_is_not_in_its_name() -> None:
    account = HubAccount.objects.create(
        campaign=make.CampaignFactory(slug="scenes"), repository="flowers/birds", encrypted_token="s"
    )
    assert str(account) == "scenes on the Hub: flowers/birds"
