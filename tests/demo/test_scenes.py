"""The demo's scenes: what they say and what goes wrong in them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from annotator.choices import Choice
from annotator.demo.scenes import (
    CATEGORIES,
    COLOURS,
    GENERATORS,
    MOST_FAULTS,
    SHAPES,
    Group,
    Picture,
    Scene,
    Thing,
    plan_pictures,
    plan_scenes,
    true_choice,
)


def group(count: int, colour: str, shape: str) -> Group:
    return Group((Thing(shape, colour),) * count)


@pytest.mark.parametrize(
    ("scene", "prompt"),
    [
        (Scene("counting", (group(3, "blue", "star"),)), "Three blue stars"),
        (Scene("colour", (group(1, "orange", "heart"), group(1, "red", "circle"))), "An orange heart and a red circle"),
        (
            Scene("colour", (group(1, "red", "star"), group(2, "pink", "square"), group(1, "blue", "diamond"))),
            "A red star, two pink squares and a blue diamond",
        ),
        (
            Scene("composition", (group(3, "red", "circle"), group(1, "blue", "square")), relation="above"),
            "Three red circles above a blue square",
        ),
    ],
)
def test_a_prompt_says_in_plain_english_what_the_scene_holds(scene: Scene, prompt: str):
    assert scene.prompt == prompt


def test_scenes_have_different_prompts_in_all_categories():
    scenes = plan_scenes(40)

    assert len({scene.prompt for scene in scenes}) == 40
    assert Counter(scene.category for scene in scenes) == dict.fromkeys(CATEGORIES, 10)


def test_fewer_scenes_are_the_first_of_more():
    assert plan_scenes(9) == plan_scenes(24)[:9]
    assert plan_pictures(6, 9) == [picture for picture in plan_pictures(0, 24) if 6 <= picture.number < 9]


def test_another_seed_gives_other_scenes():
    assert plan_scenes(12, seed=1) != plan_scenes(12, seed=2)


def test_a_picture_shows_exactly_what_was_asked_unless_it_has_faults():
    scenes = plan_scenes(60)
    for picture in plan_pictures(0, 60):
        assert (picture.scene == scenes[picture.number]) == (picture.faults == ())


def test_a_wrong_colour_or_shape_is_one_that_the_prompt_never_names():
    for picture in plan_pictures(0, 60):
        if not any(fault.startswith(("colour", "shape")) for fault in picture.faults):
            continue
        strangers = [
            value
            for group in picture.scene.groups
            for thing in group.things
            for value in (thing.colour, thing.shape)
            if value not in picture.prompt.lower()
        ]
        assert strangers
        assert set(strangers) <= set(COLOURS) | set(SHAPES)


def test_generators_differ_in_fidelity_in_the_order_they_are_listed():
    pictures = plan_pictures(0, 200)
    faults = [sum(len(p.faults) for p in pictures if p.generator == generator.name) for generator in GENERATORS]

    assert faults == sorted(faults)
    assert faults[0] < faults[-1] / 3
    assert max(len(p.faults) for p in pictures) == MOST_FAULTS


@pytest.mark.parametrize(
    ("error_a", "error_b", "choice"),
    [
        (0, 1, Choice.A),
        (2.5, 2, Choice.B),
        (0.5, 0, Choice.B),
        (0, 0, Choice.BOTH_GOOD),
        (0.5, 0.5, Choice.BOTH_GOOD),
        (1, 1, Choice.BOTH_BAD),
        (3.5, 3.5, Choice.BOTH_BAD),
    ],
)
def test_the_true_choice_is_the_smaller_error_or_what_two_equals_deserve(error_a: float, error_b: float, choice: Choice):
    assert true_choice(error_a, error_b) == choice


def test_every_true_choice_occurs_among_the_pictures():
    by_number: dict[int, list[Picture]] = {}
    for picture in plan_pictures(0, 24):
        by_number.setdefault(picture.number, []).append(picture)
    truths = {true_choice(a.error, b.error) for same in by_number.values() for a, b in combinations(same, 2)}

    assert truths == set(Choice)
