"""An empty campaign."""

from __future__ import annotations

import pytest

from tests.factories import CampaignFactory


@pytest.fixture
def campaign():
    return CampaignFactory(slug="scenes")
