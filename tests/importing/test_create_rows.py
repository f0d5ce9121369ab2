"""Checked lines become rows, without a file or a picture."""

from __future__ import annotations

from typing import Any

import pytest

from annotator.importing.create_rows import Added, ReadyLine, StoredImage, add_lines, text_hash
from annotator.models import Campaign, Generator, Image, Pair, Prompt
from annotator.models.material import RING_SIZE
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(votes_wanted=4, pairing_rule="all_pairs")


def ready(number: int, *images: int, prompt: str = "A red cube", is_pair: bool = True, **changes: Any) -> ReadyLine:
    """A line with these images; image `n` has the sha256 of n and the perceptual hash n."""
    line = {
        "prompt": prompt,
        "category": "",
        "language": "",
        "external_id": None,
        "metadata": {},
        "is_pair": is_pair,
        "gold_choice": None,
        "gold_note": "",
        "images": [{"field": f"image {n}", "generator": f"g{n}", "seed": n, "parameters": {"steps": n}} for n in images],
    }
    stored = [StoredImage(f"{n:064x}", "PNG", 64, 48, 1000 + n, phash=n) for n in images]
    return ReadyLine(number, line | changes, stored)


def add(campaign: Campaign, *lines: ReadyLine) -> Added:
    return add_lines(campaign=campaign, lines=lines)


def test_a_pair_has_all_that_its_line_says(campaign):
    added = add(campaign, ready(1, 1, 2, category="shapes", language="en", external_id="p-1", metadata={"round": 3}))

    assert (added.pairs_added, added.pairs_known, added.errors) == (1, 0, {})
    pair = Pair.objects.get()
    assert (pair.external_id, pair.metadata, pair.votes_wanted, pair.image_distance) == ("p-1", {"round": 3}, 4, 2)
    assert 0 <= pair.ring < RING_SIZE
    assert (pair.prompt.text, pair.prompt.category, pair.prompt.language) == ("A red cube", "shapes", "en")
    assert pair.prompt.text_sha256 == text_hash("A red cube")
    assert {(image.generator.name, image.seed, image.parameters["steps"], image.byte_size) for image in pair.images} == {
        ("g1", 1, 1, 1001),
        ("g2", 2, 2, 1002),
    }


def test_what_is_there_is_found_again_within_and_across_calls(campaign):
    lines = [ready(1, 1, 2), ready(2, 2, 1), ready(3, 1, 2, 3, is_pair=False)]
    first, again = add(campaign, *lines), add(campaign, *lines)

    assert (first.pairs_added, first.pairs_known) == (3, 2)
    assert (again.pairs_added, again.pairs_known) == (0, 5)
    assert [model.objects.count() for model in (Prompt, Generator, Image, Pair)] == [1, 3, 3, 3]


def test_a_refused_line_adds_nothing_and_the_others_come_in(campaign):
    twin = ready(2, 7, 7, prompt="Another prompt")
    taken = ready(4, 5, 6, prompt="A third prompt", external_id="p-1")

    added = add(campaign, ready(1, 1, 2, external_id="p-1"), twin, ready(3, 3, 4), taken)

    assert {number: error.field for number, error in added.errors.items()} == {2: "image 7", 4: "external_id"}
    assert added.pairs_added == Pair.objects.count() == 2
    assert set(Generator.objects.values_list("name", flat=True)) == {"g1", "g2", "g3", "g4"}
    assert set(Prompt.objects.values_list("text", flat=True)) == {"A red cube"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gold_choice": "b"}, "gold_choice"),  # the known answer is another one
        ({"external_id": "p-2"}, "external_id"),  # the pair has another name
    ],
)
def test_a_line_that_contradicts_what_is_known_changes_nothing(campaign, changes, field):
    add(campaign, ready(1, 1, 2, gold_choice="a", external_id="p-1"))
    before = Pair.objects.values().get()

    added = add(campaign, ready(1, 1, 2, **changes))

    assert added.errors[1].field == field
    assert Pair.objects.values().get() == before


def test_another_campaign_shares_nothing(campaign):
    other = CampaignFactory(votes_wanted=2)
    add(campaign, ready(1, 1, 2, external_id="p-1"))

    added = add(other, ready(1, 1, 2, external_id="p-1"))

    assert (added.pairs_added, added.errors) == (1, {})
    assert set(Pair.objects.values_list("campaign", "votes_wanted")) == {(campaign.pk, 4), (other.pk, 2)}
