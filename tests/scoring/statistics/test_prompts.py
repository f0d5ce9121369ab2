"""Coverage, lengths and what is nearly the same: counted by hand."""

from __future__ import annotations

import pytest

from annotator.scoring.statistics.prompts import entropy_of
from tests.factories import PromptFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_coverage_by_category_and_language(campaign):
    birds = pair_of(campaign, category="birds", language="en", state="settled")
    pair_of(campaign, category="birds", language="de")
    pair_of(campaign)
    for member in people(campaign, 2):
        vote(birds, "a", member=member)
    result = statistics(campaign)
    assert result["categories"] == [
        {"name": "birds", "prompts": 2, "pairs": 2, "settled": 1, "votes": 2},
        {"name": "", "prompts": 1, "pairs": 1, "settled": 0, "votes": 0},
    ]
    assert [row["name"] for row in result["languages"]] == ["de", "en", ""]


def test_prompts_lengths_categories_and_near_duplicates(campaign):
    texts = {
        "A red cube on a blue table, in the light of the late afternoon": "still life",
        "a red cube on a blue table in the light of the late afternoon!": "still life",
        "An owl": "animals",
        "Two dogs that run along a beach": "animals",
    }
    for text, category in texts.items():
        PromptFactory(campaign=campaign, text=text, category=category)
    prompts = statistics(campaign)["prompts"]
    assert (prompts["prompts"], prompts["categories"]) == (4, 2)
    assert (prompts["category_entropy"], prompts["category_evenness"]) == (1.0, 1.0)
    assert (prompts["characters"]["smallest"], prompts["characters"]["largest"]) == (6, 62)
    assert (prompts["words"]["smallest"], prompts["words"]["median"], prompts["words"]["largest"]) == (2, 10.5, 14)
    near = prompts["near_duplicates"]
    assert (near["prompts"], near["groups"], near["examples"]) == (2, 1, [list(texts)[:2]])


@pytest.mark.parametrize(("counts", "bits"), [([], None), ([7], 0.0), ([1, 1], 1.0), ([2, 1, 1], 1.5)])
def test_entropy(counts, bits):
    assert entropy_of(counts) == bits


def test_pairs_that_look_alike_are_counted(campaign):
    for distance in (0, 6, 7, None):
        pair_of(campaign, image_distance=distance)
    assert statistics(campaign)["near_identical"] == {"distance": 6, "pairs": 2, "pairs_compared": 3}
