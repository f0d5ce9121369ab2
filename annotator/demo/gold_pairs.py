"""The gold pairs of the demo."""

from __future__ import annotations

from collections import defaultdict
from random import SystemRandom

from django.db import transaction

from annotator.demo.album import Album
from annotator.demo.scenes import plan_scenes, true_choice
from annotator.models import Campaign, Pair
from annotator.quality import gold

NOTE = "Computed from the mistakes in the drawings."


@transaction.atomic
def mark_gold(campaign: Campaign, album: Album, first: int, last: int) -> None:
    """Make one pair of half of these prompts gold: the errors that were drawn say what is right. Once it is done, it stays.

    Which, is drawn anew for each demo: whoever knows the scenes, or has judged in another demo, knows nothing of it. Visitors
    meet gold with the prompts that are kept for them as well, so that no prompt tells.
    """
    prompts = [scene.prompt for scene in plan_scenes(last)[first:]]
    pairs = Pair.objects.filter(campaign=campaign, prompt__text__in=prompts)
    if pairs.filter(gold_choice__isnull=False).exists():
        return
    by_prompt = defaultdict(list)
    for pair in pairs.select_related("image_a", "image_b"):
        by_prompt[pair.prompt_id].append(pair)
    chance = SystemRandom()
    for its in chance.sample(list(by_prompt.values()), len(by_prompt) // 2):
        pair = chance.choice(its)
        errors = [album.by_sha256[image.sha256].error for image in (pair.image_a, pair.image_b)]
        gold.set_gold(pair=pair, choice=true_choice(*errors), note=NOTE, by=campaign.created_by)
