"""Comparisons of generators, and whether they connect them: counted by hand."""

from __future__ import annotations

import pytest

from tests.factories import ImageFactory, PairFactory, PromptFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import pair_of, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_generators_that_votes_connect_are_one_group(campaign):
    vote(pair_of(campaign, "one", "two"), "a")
    vote(pair_of(campaign, "two", "three"), "both_bad")
    pair_of(campaign, "three", "four")
    pair_of(campaign, "five", "six")
    found = statistics(campaign)["meetings"]
    assert (found["generators"], found["possible"], found["met"]) == (6, 15, 2)
    assert found["groups"] == [["one", "three", "two"], ["five"], ["four"], ["six"]]
    assert found["groups_of_pairs"] == [["four", "one", "three", "two"], ["five", "six"]]


def test_the_combinations_with_the_fewest_votes_come_first(campaign):
    for _ in range(3):
        vote(pair_of(campaign, "one", "two"), "a")
    pair = pair_of(campaign, "three", "two")
    vote(pair, "a")
    vote(pair, "b")
    found = statistics(campaign)["meetings"]
    assert found["listed"] == [
        {"generators": ["one", "three"], "pairs": 0, "votes": 0},
        {"generators": ["three", "two"], "pairs": 1, "votes": 2},
        {"generators": ["one", "two"], "pairs": 3, "votes": 3},
    ]


def test_gold_pairs_and_images_of_one_generator_are_no_comparison(campaign):
    pair_of(campaign, "one", "two", gold_choice="a")
    vote(pair_of(campaign, "one", "one"), "a")
    vote(PairFactory(campaign=campaign), "a")  # of no known generator
    found = statistics(campaign)["meetings"]
    assert found["listed"] == [{"generators": ["one", "two"], "pairs": 0, "votes": 0}]
    assert found["groups_of_pairs"] == [["one"], ["two"]]


def test_images_without_pairs_are_counted_in_all_and_by_category(campaign):
    pair = pair_of(campaign, "one", "two", category="birds")
    ImageFactory.create_batch(2, prompt=pair.prompt)
    ImageFactory(prompt=PromptFactory(campaign=campaign))
    vote(pair_of(campaign, "one", "two", category="cats"), "a")
    found = statistics(campaign)["meetings"]
    assert (found["images"], found["images_without_pairs"]) == (7, 3)
    by_name = {row["category"]: row for row in found["categories"]}
    assert by_name["birds"] == {
        "category": "birds",
        "images": 4,
        "images_without_pairs": 2,
        "pairs": 1,
        "votes": 0,
        "met": 0,
        "groups": 2,
    }
    assert (by_name["cats"]["votes"], by_name["cats"]["met"], by_name["cats"]["groups"]) == (1, 1, 1)


def test_a_category_is_connected_by_its_own_votes_alone(campaign):
    vote(pair_of(campaign, "one", "two", category="birds"), "a")
    vote(pair_of(campaign, "two", "three", category="cats"), "a")
    vote(pair_of(campaign, "one", "two", category="cats"), "a")
    pair_of(campaign, "two", "three", category="birds")
    found = statistics(campaign)["meetings"]
    assert {row["category"]: row["groups"] for row in found["categories"]} == {"birds": 2, "cats": 1}
    assert len(found["groups"]) == 1


def test_an_empty_campaign_has_noughts(campaign):
    found = statistics(campaign)["meetings"]
    assert (found["images"], found["generators"], found["groups"], found["listed"], found["categories"]) == (0, 0, [], [], [])
