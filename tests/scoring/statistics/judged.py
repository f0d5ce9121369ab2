"""A campaign with votes for every section of the statistics."""

from __future__ import annotations

from random import Random

from annotator.models import Campaign, Image, Pair
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.statistics import compute_statistics
from tests.factories import (
    GeneratorFactory,
    GroupQuestionFactory,
    ImageFactory,
    MemberFactory,
    PairFactory,
    PromptFactory,
    SelfDescriptionFactory,
)
from tests.released import vote

STRENGTH = {"Aurora": 3.0, "Brook 2": 2.0, "Cedar-XL": 1.0, "Dune": 0.5}
TEXTS = ("An owl in a wood of glass, number {}", "A red cube beside a blue sphere, number {}")


def judge_for_statistics(campaign: Campaign, *, pairs: int = 40, people: int = 12, seed: int = 3) -> None:
    """Pairs of four generators in two categories and languages, judged by people of two groups and a machine, and computed."""
    rng = Random(seed)
    makers = [GeneratorFactory(campaign=campaign, name=name) for name in STRENGTH]
    members = MemberFactory.create_batch(people, campaign=campaign)
    GroupQuestionFactory(campaign=campaign, people_min=3)
    for number, member in enumerate(members):
        SelfDescriptionFactory(member=member, option=["never", "often"][number % 2])
    machine = MemberFactory(campaign=campaign, kind="machine")
    for number in range(pairs):
        prompt = PromptFactory(
            campaign=campaign,
            text=TEXTS[number % 2].format(number),
            category=["animals", "shapes"][number % 2],
            language=["en", "de", ""][number % 3],
        )
        one, other = rng.sample(makers, 2)
        pair = PairFactory(
            campaign=campaign,
            prompt=prompt,
            image_a=ImageFactory(prompt=prompt, generator=one),
            image_b=ImageFactory(prompt=prompt, generator=other),
            image_distance=rng.choice([3, 20, 31]),
            state=rng.choice(["open", "settled"]),
        )
        share = STRENGTH[one.name] / (STRENGTH[one.name] + STRENGTH[other.name])
        for member in rng.sample(members, 3):
            choice = "both_good" if rng.random() < 0.15 else "a" if rng.random() < share else "b"
            vote(pair, choice, member=member, elapsed_ms=rng.randrange(800, 9000), assignment__a_on_left=rng.random() < 0.5)
        vote(pair, "a" if share > 0.5 else "b", member=machine)
    gold = Pair.objects.filter(campaign=campaign).first()
    Pair.objects.filter(pk=gold.pk).update(gold_choice="a")
    vote(gold, "a", member=MemberFactory(campaign=campaign), assignment__kind="gold")
    score_campaign(campaign=campaign)
    compute_statistics(campaign=campaign)


def same_images(pair: Pair) -> None:
    """Let the pair's images look nearly the same."""
    Image.objects.filter(pk__in=[pair.image_a_id, pair.image_b_id]).update(phash=0)
    Pair.objects.filter(pk=pair.pk).update(image_distance=0)
