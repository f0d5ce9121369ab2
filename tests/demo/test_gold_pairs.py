"""Which pairs of the demo are gold is drawn, and right."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest

from annotator.demo.gold_pairs import mark_gold
from annotator.demo.scenes import GENERATORS, plan_pictures, plan_scenes, true_choice
from annotator.models import Pair
from tests.factories import CampaignFactory, ImageFactory, PairFactory, PromptFactory

pytestmark = pytest.mark.django_db
PROMPTS = 8


def gold_of_new_campaign() -> tuple[set[tuple[str, int]], list[Pair]]:
    """The gold pairs by prompt and place."""
    campaign = CampaignFactory()
    pictures = list(plan_pictures(0, PROMPTS))
    by_sha256 = {}
    for number, scene in enumerate(plan_scenes(PROMPTS)):
        prompt = PromptFactory(campaign=campaign, text=scene.prompt)
        its = pictures[number * len(GENERATORS) : (number + 1) * len(GENERATORS)]
        images = [ImageFactory(prompt=prompt) for _ in its]
        by_sha256 |= {image.sha256: picture for image, picture in zip(images, its, strict=True)}
        for image_a, image_b in pairwise(images):
            PairFactory(campaign=campaign, prompt=prompt, image_a=image_a, image_b=image_b)
    album = SimpleNamespace(by_sha256=by_sha256)
    mark_gold(campaign, album, 0, PROMPTS)
    mark_gold(campaign, album, 0, PROMPTS)  # done once
    pairs = list(campaign.pairs.filter(gold_choice__isnull=False).select_related("prompt", "image_a", "image_b"))
    for pair in pairs:
        assert pair.gold_choice == true_choice(*(by_sha256[image.sha256].error for image in (pair.image_a, pair.image_b)))
    first = campaign.pairs.order_by("pk").first().pk
    return {(pair.prompt.text, pair.pk - first) for pair in pairs}, pairs


def test_one_pair_of_half_of_the_prompts_is_gold_and_another_in_each_demo():
    found = [gold_of_new_campaign()[0] for _ in range(4)]

    assert {len(gold) for gold in found} == {PROMPTS // 2}
    assert all(len({prompt for prompt, _ in gold}) == PROMPTS // 2 for gold in found)
    assert len({frozenset(gold) for gold in found}) > 1  # the same four times: once in ten billion
