"""How far the votes can be trusted, as the card says it."""

from __future__ import annotations

import dataclasses

from annotator.releasing.card.readme import card
from annotator.scoring.statistics.rounding import rate_of
from tests.releasing.card.made_up_facts import agreement


def test_it_says_how_far_people_agree(facts, shards):
    assert "so agreement cannot be measured" in card(facts, shards, {})
    figures = {"alpha": 0.3123, "lower": 0.2, "upper": 0.42, "pairs": 8, "votes": 24}
    facts.statistics["agreement"] = [agreement("overall", **figures)]
    text = card(facts, shards, {})
    assert "| `overall` | 0.312 | 0.200 to 0.420 | 8 | 24 |" in text
    assert "two votes on the same pair agree in 62.5% of cases" in text
    assert "Agreement is low (alpha 0.31)" in text
    facts.statistics["agreement"] = [agreement("overall", pairs=8, votes=24)]
    assert "| `overall` | not defined: all votes are the same | – | 8 | 24 |" in card(facts, shards, {})


def test_it_says_how_people_were_checked(facts, shards):
    rates = {"accuracy": rate_of(45, 50), "repeats_alike": rate_of(8, 10)}
    facts.statistics["gold"] |= {"annotators": 7} | {name: dataclasses.asdict(rate) for name, rate in rates.items()}
    facts.rules = {
        **dict.fromkeys(["limit_per_day", "limit_total"]),
        "pairing_rule": "ring",
        "votes_wanted": 2,
        "votes_max": 5,
        "stop_confidence": 0.9,
        "gold_rate": 0.1,
        "repeat_rate": 0.0,
        "limit_share": 0.2,
    }
    text = card(facts, shards, {})
    assert "Correct answers: 90.0% (95 % interval 78.2% to 96.7%) of 50 answers by 7 annotators." in text
    assert "got the same answer in 80.0% (95 % interval 44.4% to 97.5%) of 10 cases" in text
    assert "10% gold pairs and at most 20% of all votes per person" in text
    assert "2 votes per pair, and more, up to 5, until the label was 90% probable" in text
    assert "two neighbours on a ring in random order" in text


def test_it_says_whether_people_favoured_a_side(facts, shards):
    facts.statistics["position"]["left"] = dataclasses.asdict(rate_of(12, 20))
    assert "Of 20 votes for one of the images, 60.0% (95 % interval 36.1% to 80.9%) chose the left image" in card(
        facts, shards, {}
    )
