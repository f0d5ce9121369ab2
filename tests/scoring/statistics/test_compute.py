"""The numbers of the statistics, against campaigns small enough to be counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from annotator.models import Campaign, Vote
from annotator.scoring.statistics import compute_statistics, statistics_of
from annotator.scoring.statistics.prompts import entropy_of
from annotator.scoring.statistics.rounding import gini
from tests.factories import (
    CampaignFactory,
    GeneratorFactory,
    ImageFactory,
    MemberFactory,
    PairFactory,
    PromptFactory,
    QuestionFactory,
)
from tests.released import vote

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory(slug="scenes")


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


def test_before_anything_was_computed_there_are_noughts_and_nulls(campaign):
    empty = statistics_of(campaign)
    assert (empty["computed_at"], empty["votes_counted"], empty["progress"]["pairs"]) == (None, 0, 0)
    computed = statistics(campaign)
    assert computed.keys() == empty.keys()
    assert computed["computed_at"] == "2026-11-02T12:00:00+00:00"
    assert computed["agreement"][0]["agreement"] == {"alpha": None, "lower": None, "upper": None, "pairs": 0, "votes": 0}
    assert computed["leaderboard"] == {"refusal": None, "generators": []}


def test_progress_counts_pairs_and_votes(campaign):
    one, two, _ = pair_of(campaign, state="settled"), pair_of(campaign), pair_of(campaign, gold_choice="a")
    held = pair_of(campaign, state="held")
    anna, bert = people(campaign, 2)
    MemberFactory(campaign=campaign, kind="machine")
    for pair, member in ((one, anna), (one, bert), (two, anna), (held, anna)):
        vote(pair, "a", member=member)
    progress = statistics(campaign)["progress"]
    assert progress == {
        "pairs": 4,
        "pairs_gold": 1,
        "pairs_settled": 1,
        "pairs_held": 1,
        "votes": 3,
        "votes_wanted": 6,
        "share": 0.5,
        "annotators": 2,
        "machines": 1,
    }


def test_only_live_regular_votes_of_people_are_counted(campaign):
    pair = pair_of(campaign)
    anna, bert = people(campaign, 2)
    vote(pair, "a", member=anna)
    for kind in ("gold", "repeat", "training"):
        vote(pair, "b", member=bert, assignment__kind=kind)
    vote(pair, "b", member=MemberFactory(campaign=campaign, kind="machine"))
    vote(pair, "b", member=MemberFactory(campaign=campaign, state="withdrawn"))
    void = vote(pair, "b", member=MemberFactory(campaign=campaign))
    Vote.objects.filter(pk=void.pk).update(void_reason="undone", voided_at=timezone.now())
    result = statistics(campaign)
    assert result["votes_counted"] == 1
    assert [row["annotator"] for row in result["annotators"]] == [anna.public_id]


def test_throughput_is_of_the_last_hour_the_last_day_and_each_day(campaign):
    anna, bert = people(campaign, 2)
    pairs = [pair_of(campaign) for _ in range(3)]
    for pair, member, ago, elapsed in (
        (pairs[0], anna, timedelta(minutes=10), 1000),
        (pairs[1], anna, timedelta(minutes=20), 4000),
        (pairs[2], anna, timedelta(hours=5), 3000),
        (pairs[0], bert, timedelta(hours=5), 2000),
        (pairs[1], bert, timedelta(days=2), None),
    ):
        vote(pair, "a", member=member, created_at=NOON - ago, elapsed_ms=elapsed)
    throughput = statistics(campaign)["throughput"]
    assert (throughput["votes_last_hour"], throughput["votes_last_day"]) == (2, 4)
    assert throughput["days"] == [
        {"day": "2026-11-02", "votes": 4, "annotators": 2},
        {"day": "2026-10-31", "votes": 1, "annotators": 1},
    ]
    assert throughput["median_elapsed_ms"] == 2500  # of 3000 and 2000
    assert throughput["median_votes_per_hour"] == 1.25  # of 3 votes in 2 hours, and 2 in 2


def test_agreement_is_of_each_question_and_category(campaign):
    QuestionFactory(campaign=campaign, slug="beauty", position=1)
    anna, bert = people(campaign, 2)
    # Alpha by hand: N = 8, N_a = 4, N_b = 4; D_o = 2/8, D_e = (64 - 32) / 56.
    for choices, category in (("aa", "birds"), ("bb", "birds"), ("ab", "cats"), ("ba", "cats")):
        pair = pair_of(campaign, category=category)
        for member, choice in zip((anna, bert), choices, strict=True):
            vote(pair, choice, member=member)
    overall, beauty = statistics(campaign)["agreement"]
    assert overall["question"] == "overall"
    assert overall["agreement"]["alpha"] == pytest.approx(1 - (4 / 8) / (32 / 56), abs=1e-6)
    assert overall["agreement"]["lower"] < overall["agreement"]["alpha"] < overall["agreement"]["upper"]
    assert (overall["agreement"]["pairs"], overall["agreement"]["votes"]) == (4, 8)
    by_category = {row["category"]: row["agreement"]["alpha"] for row in overall["categories"]}
    assert by_category == {"birds": 1.0, "cats": pytest.approx(1 - 1 / (8 / 12))}
    assert beauty["question"] == "beauty"
    assert beauty["agreement"]["alpha"] is None


def test_gold_and_repeats(campaign):
    anna, bert = people(campaign, 2)
    gold, in_review = pair_of(campaign, gold_choice="a"), pair_of(campaign, gold_choice="a", gold_in_review_since=NOON)
    for pair, member, choice in ((gold, anna, "a"), (gold, bert, "both_bad"), (in_review, anna, "b")):
        vote(pair, choice, member=member, assignment__kind="gold")
    for first, second in (("a", "a"), ("b", "a"), ("both_good", "both_good")):
        pair = pair_of(campaign)
        vote(pair, first, member=anna)
        vote(pair, second, member=anna, assignment__kind="repeat")
    result = statistics(campaign)["gold"]
    assert (result["pairs"], result["annotators"]) == (1, 2)
    assert (result["accuracy"]["k"], result["accuracy"]["n"], result["accuracy"]["rate"]) == (1, 2, 0.5)
    # Clopper–Pearson of 1 of 2: 1 - sqrt(0.975) and sqrt(0.975).
    assert result["accuracy"]["lower"] == pytest.approx(1 - math.sqrt(0.975), abs=1e-6)
    assert result["accuracy"]["upper"] == pytest.approx(math.sqrt(0.975), abs=1e-6)
    assert (result["repeats_alike"]["k"], result["repeats_alike"]["n"]) == (2, 3)


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


def test_concentration(campaign):
    anna, bert = people(campaign, 2)
    people(campaign, 1)  # who never voted
    for number in range(4):
        pair = pair_of(campaign)
        vote(pair, "a", member=anna)
        if number == 0:
            vote(pair, "a", member=bert)
    result = statistics(campaign)
    assert result["concentration"] == {
        "annotators": 2,
        "gini": pytest.approx(0.3),
        "top_1_share": 0.8,
        "top_5_share": 1.0,
        "top_10_share": 1.0,
        "effective_annotators": pytest.approx(1 / (0.64 + 0.04), abs=1e-6),
    }
    assert [(row["votes"], row["share"]) for row in result["annotators"]] == [(4, 0.8), (1, 0.2)]


@pytest.mark.parametrize(
    ("values", "expected"), [([5], 0), ([3, 3, 3], 0), ([1, 3], 0.25), ([0, 0, 0, 1], 0.75), ([1, 2, 3, 4], 0.25)]
)
def test_gini(values, expected):
    assert gini(values) == pytest.approx(expected)


def test_labels_that_hang_on_one_annotator(campaign):
    anna, bert, carl = people(campaign, 3)
    for choices in ("aab", "ab", "a", "aaa"):
        pair = pair_of(campaign)
        for member, choice in zip((anna, bert, carl), choices, strict=False):
            vote(pair, choice, member=member)
    result = statistics(campaign)
    assert result["leave_one_out"] == {
        "pairs": 4,
        "most_changed": 2,
        "most_changed_share": 0.5,
        "pairs_that_hang_on_one": 2,
    }
    # aab: without Anna or Bert a tie; without Carl still a. ab: without either, the other. a: only Anna judged it.
    rows = {row["annotator"]: (row["labels_changed"], row["labels_lost"]) for row in result["annotators"]}
    assert rows == {anna.public_id: (2, 1), bert.public_id: (2, 0), carl.public_id: (0, 0)}


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


def test_machines_are_compared_with_people_and_change_nothing(campaign):
    machine = MemberFactory(campaign=campaign, kind="machine")
    for choices, said in (("aa", "a"), ("bb", "a"), ("ab", "a"), ("", "a")):
        pair = pair_of(campaign)
        for choice in choices:
            vote(pair, choice)
        vote(pair, said, member=machine)
    result = statistics(campaign)
    (row,) = result["machines"]
    assert (row["machine"], row["votes"], row["agreement"]["k"], row["agreement"]["n"]) == (machine.public_id, 4, 1, 2)
    assert result["votes_counted"] == 6


def test_pairs_that_look_alike_are_counted(campaign):
    for distance in (0, 6, 7, None):
        pair_of(campaign, image_distance=distance)
    assert statistics(campaign)["near_identical"] == {"distance": 6, "pairs": 2, "pairs_compared": 3}


def test_another_campaign_is_left_alone(campaign):
    other = pair_of(CampaignFactory())
    vote(other, "a")
    vote(pair_of(campaign), "a")
    assert statistics(campaign)["votes_counted"] == 1


def test_nobody_is_named(campaign):
    member = MemberFactory(campaign=campaign, user__username="anna-the-annotator")
    vote(pair_of(campaign), "a", member=member)
    text = str(statistics(campaign))
    assert member.public_id in text
    assert "anna" not in text
