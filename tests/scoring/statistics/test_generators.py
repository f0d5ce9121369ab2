"""Sides, win rates, the leaderboard and cycles: counted by hand."""

from __future__ import annotations

import math

import pytest

from tests.factories import PairFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_sides_are_counted_overall_by_annotator_and_by_generator(campaign):
    anna, bert = people(campaign, 2)
    for member, choice, a_on_left in (
        (anna, "a", True),
        (anna, "b", False),
        (anna, "a", False),
        (anna, "both_bad", True),
        (bert, "b", True),
    ):
        vote(pair_of(campaign), choice, member=member, assignment__a_on_left=a_on_left)
    result = statistics(campaign)
    position = result["position"]
    assert (position["left"]["k"], position["left"]["n"], position["ties"]) == (2, 4, 1)
    assert position["p_value"] == 1.0
    assert [(row["left"]["k"], row["left"]["n"]) for row in result["annotators"]] == [(2, 3), (0, 1)]
    ours, theirs = position["generators"]
    assert (ours["generator"], theirs["generator"]) == ("ours", "theirs")
    # Ours is image a: on the left in the first and the last, taken in the first; on the right in the other two, taken once.
    assert [(ours[side]["k"], ours[side]["n"]) for side in ("on_left", "on_right")] == [(1, 2), (1, 2)]
    assert [(theirs[side]["k"], theirs[side]["n"]) for side in ("on_left", "on_right")] == [(1, 2), (1, 2)]
    assert ours["side_effect"] == 0.0


def test_images_of_no_known_generator_count_for_the_sides_and_not_for_generators(campaign):
    vote(PairFactory(campaign=campaign), "a")
    result = statistics(campaign)
    assert result["position"]["left"]["n"] == 1
    assert (result["position"]["generators"], result["win_rates"], result["leaderboard"]["generators"]) == ([], [], [])


def test_win_rates_overall_and_by_category(campaign):
    for category, choice in (("birds", "a"), ("birds", "a"), ("cats", "b"), ("cats", "both_good")):
        vote(pair_of(campaign, category=category), choice)
    rates = {(row["generator"], row["category"]): row for row in statistics(campaign)["win_rates"]}
    assert (rates["ours", None]["wins"]["k"], rates["ours", None]["wins"]["n"], rates["ours", None]["ties"]) == (2, 3, 1)
    assert (rates["theirs", None]["wins"]["k"], rates["theirs", None]["wins"]["n"]) == (1, 3)
    assert rates["ours", "birds"]["wins"]["rate"] == 1.0
    assert rates["ours", "birds"]["wins"]["lower"] == pytest.approx(math.sqrt(0.025), abs=1e-6)
    assert (rates["ours", "cats"]["wins"]["rate"], rates["ours", "cats"]["ties"]) == (0.0, 1)


def test_the_leaderboard_of_two_is_the_log_odds(campaign):
    for choice in "aaab":
        vote(pair_of(campaign), choice)
    board = statistics(campaign)["leaderboard"]
    assert board["refusal"] is None
    first, second = board["generators"]
    assert (first["generator"], second["generator"]) == ("ours", "theirs")
    assert first["score"] - second["score"] == pytest.approx(math.log(3), abs=1e-5)
    assert first["lower"] < first["score"] < first["upper"]
    assert (first["n_comparisons"], first["n_wins"], first["n_losses"], first["n_ties"]) == (4, 3, 1, 0)


def test_a_leaderboard_that_cannot_be_says_why_in_words(campaign):
    for choice in "aaa":
        vote(pair_of(campaign), choice)
    board = statistics(campaign)["leaderboard"]
    assert "ours won every comparison with the rest" in board["refusal"]
    assert [(row["generator"], row["score"], row["n_wins"]) for row in board["generators"]] == [
        ("ours", None, 3),
        ("theirs", None, 0),
    ]


def test_cycles_are_named(campaign):
    for a, b in (("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")):
        vote(pair_of(campaign, a, b), "a")
    cycles = statistics(campaign)["cycles"]
    assert (cycles["cycles"], cycles["triads"]) == (1, 1)
    assert cycles["listed"] == [{"generators": ["paper", "rock", "scissors"], "margin": 1}]
