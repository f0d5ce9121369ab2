"""A campaign with a release, somebody who may read it, and machines with the Hub's clients."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.models import Campaign
from tests.api.releases import ready_release
from tests.factories import CampaignFactory
from tests.hub.clients import HubClient
from tests.hub.protocol import with_key
from tests.hub.releases import manager_key


@pytest.fixture(autouse=True)
def _few_charts(few_charts: None) -> None:
    """Nothing here asks what is drawn of a release."""


@pytest.fixture
def campaign(storage_folder) -> Campaign:
    campaign = CampaignFactory(slug="birds")
    ready_release(campaign, storage_folder)
    return campaign


@pytest.fixture
def reader(campaign) -> Client:
    return with_key(manager_key(campaign))


@pytest.fixture
def hub(live_server, tmp_path, campaign) -> HubClient:
    """A manager's machine."""
    return HubClient(f"{live_server.url}/hub", tmp_path / "home", manager_key(campaign))


@pytest.fixture
def stranger(live_server, tmp_path) -> HubClient:
    """A machine without a token."""
    return HubClient(f"{live_server.url}/hub", tmp_path / "elsewhere")
