"""Campaigns small enough for their statistics to be counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from annotator.models import Campaign
from annotator.scoring.statistics import compute_statistics, statistics_of
from tests.factories import GeneratorFactory, ImageFactory, MemberFactory, PairFactory, PromptFactory

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def pair_of(campaign: Campaign, a: str = "ours", b: str = "theirs", *, category: str = "", language: str = "", **fields):
    """A pair of images by these two generators."""
    prompt = PromptFactory(campaign=campaign, category=category, language=language)
    makers = [campaign.generators.filter(name=name).first() or GeneratorFactory(campaign=campaign, name=name) for name in (a, b)]
    image_a, image_b = (ImageFactory(prompt=prompt, generator=maker) for maker in makers)
    return PairFactory(campaign=campaign, prompt=prompt, image_a=image_a, image_b=image_b, **fields)


def statistics(campaign: Campaign, now: datetime = NOON) -> dict:
    compute_statistics(campaign=campaign, now=now)
    return statistics_of(campaign)


def people(campaign: Campaign, count: int) -> list:
    return MemberFactory.create_batch(count, campaign=campaign)
