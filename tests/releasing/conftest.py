"""A campaign with real images, and its votes."""

from __future__ import annotations

import pytest

from tests.factories import CampaignFactory, GuidelineFactory
from tests.released import make_pair, vote_all


@pytest.fixture
def campaign():
    campaign = CampaignFactory(slug="scenes", name="Scenes")
    GuidelineFactory(campaign=campaign)
    return campaign


@pytest.fixture
def judged(campaign):
    """Pairs of every label, one not judged, one gold, in all three splits."""
    outcomes = [
        ("aab", "train"),
        ("bbb", "train"),
        ("ab", "train"),
        ("ggx", "validation"),
        ("xx", "test"),
        ("a", "test"),
        ("", "train"),
    ]
    pairs = [make_pair(campaign, number, split=split) for number, (_, split) in enumerate(outcomes)]
    for pair, (choices, _) in zip(pairs, outcomes, strict=True):
        vote_all(pair, choices)
    return [*pairs, make_pair(campaign, len(pairs), gold_choice="b")]
