"""Votes as columns: what the database refuses."""

from __future__ import annotations

import pytest

from annotator.models import VoteChunk
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts({})


@ATTEMPTS.refused_by("vote_chunk_once_per_campaign_and_number")
def _() -> None:
    campaign = make.CampaignFactory()
    for _time in range(2):
        VoteChunk.objects.create(campaign=campaign, number=1, columns=b"")


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])
