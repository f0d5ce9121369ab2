"""Prompts, images and pairs: what the database refuses, and which pairs collect votes."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from annotator.models import (
    Generator,
    Pair,
    Prompt,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, check_at_once

pytestmark = pytest.mark.django_db


def of_another_prompt(image: str) -> None:
    pair = make.PairFactory()
    prompt = make.PromptFactory(campaign=pair.campaign)
    check_at_once(lambda: change(pair, **{image: make.ImageFactory(prompt=prompt)}))


ATTEMPTS = Attempts(
    {
        "pair_gold_use_known": lambda: change(make.PairFactory(), gold_use="none"),
        "pair_review_is_of_gold": lambda: change(make.PairFactory(), gold_in_review_since=timezone.now()),
        "prompt_text_sha256_form": lambda: make.PromptFactory(text_sha256="short"),
        "prompt_text_not_empty": lambda: make.PromptFactory(text=""),
        "image_sha256_form": lambda: make.ImageFactory(sha256="A" * 64),
        "image_format_known": lambda: make.ImageFactory(format="BMP"),
        "image_has_size": lambda: make.ImageFactory(width=0),
        "pair_seats_within_votes_wanted": lambda: change(make.PairFactory(votes_wanted=2), seats_taken=3),
        "pair_left_seats_within_seats": lambda: change(make.PairFactory(), seats_a_on_left=1),
        "pair_votes_wanted_range": lambda: make.PairFactory(votes_wanted=101),
        "pair_ring_not_negative": lambda: make.PairFactory(ring=-1),
        "pair_inclusion_probability_range": lambda: change(make.PairFactory(), inclusion_probability=0.0),
        "pair_state_known": lambda: change(make.PairFactory(), state="lost"),
        "pair_gold_choice_known": lambda: change(make.PairFactory(), gold_choice="left"),
        "pair_prompt_in_campaign": lambda: check_at_once(lambda: make.PairFactory(prompt=make.PromptFactory())),
        "pair_image_a_of_prompt": lambda: of_another_prompt("image_a"),
        "pair_image_b_of_prompt": lambda: of_another_prompt("image_b"),
    }
)


@ATTEMPTS.refused_by("generator_name_unique_in_campaign")
def _() -> None:
    generator = make.GeneratorFactory()
    Generator.objects.create(campaign=generator.campaign, name=generator.name)


@ATTEMPTS.refused_by("prompt_text_unique_in_campaign")
def _() -> None:
    prompt = make.PromptFactory()
    Prompt.objects.create(campaign=prompt.campaign, text=prompt.text, text_sha256=prompt.text_sha256)


@ATTEMPTS.refused_by("prompt_external_id_unique_in_campaign")
def _() -> None:
    prompt = make.PromptFactory(external_id="p1")
    make.PromptFactory(campaign=prompt.campaign, external_id="p1")


@ATTEMPTS.refused_by("image_once_per_prompt_generator_seed")
def _() -> None:
    image = make.ImageFactory()  # no generator and no seed: two absent ones are the same
    make.ImageFactory(prompt=image.prompt, sha256=image.sha256)


@ATTEMPTS.refused_by("pair_external_id_unique_in_campaign")
def _() -> None:
    pair = make.PairFactory(external_id="x")
    make.PairFactory(campaign=pair.campaign, external_id="x")


@ATTEMPTS.refused_by("pair_once_in_either_order")
def _() -> None:
    pair = make.PairFactory()
    make.PairFactory(campaign=pair.campaign, prompt=pair.prompt, image_a=pair.image_b, image_b=pair.image_a)


@ATTEMPTS.refused_by("pair_images_differ")
def _() -> None:
    pair = make.PairFactory()
    change(pair, image_b=pair.image_a)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_pair_cannot_have_an_image_of_another_campaign():
    image = make.ImageFactory()
    with pytest.raises(DatabaseError, match="pair_image_b_of_prompt"), transaction.atomic():
        check_at_once(lambda: make.PairFactory(image_b=image))


def test_pairs_in_circulation_are_open_and_not_gold() -> None:
    pair = make.PairFactory()
    make.PairFactory(campaign=pair.campaign, state="held")
    gold = make.PairFactory(campaign=pair.campaign, gold_choice="a")
    assert list(Pair.objects.circulating()) == [pair]
    assert (gold.is_gold, pair.is_gold) == (True, False)
    assert pair.images == (pair.image_a, pair.image_b)
