"""Progress, pace and agreement: counted by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from annotator.scoring.statistics import statistics_of
from tests.factories import CampaignFactory, MemberFactory, QuestionFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import NOON, pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_before_anything_was_computed_there_are_noughts_and_nulls(campaign):
    empty = statistics_of(campaign)
    assert (empty["computed_at"], empty["votes_counted"], empty["progress"]["pairs"]) == (None, 0, 0)
    computed = statistics(campaign)
    assert computed.keys() == empty.keys()
    assert computed["computed_at"] == "2026-11-02T12:00:00+00:00"
    agreement = computed["agreement"][0]["agreement"]
    assert {name: agreement[name] for name in ("alpha", "lower", "upper", "pairs", "votes")} == {
        **dict.fromkeys(("alpha", "lower", "upper")),
        **dict.fromkeys(("pairs", "votes"), 0),
    }
    assert (computed["stopping"], computed["overlap"]) == (None, empty["overlap"])
    assert (computed["leaderboard"]["refusal"], computed["leaderboard"]["generators"]) == (None, [])
    assert [board["question"] for board in computed["leaderboards"]] == ["overall"]


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
