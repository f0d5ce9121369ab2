"""What the card says of confidence: what it is, what it rests on, and whether it came true."""

from __future__ import annotations

import pytest

from annotator.releasing.card.confidence import confidence
from annotator.releasing.card.readme import card


@pytest.fixture
def found(facts):
    known = {
        "question": "overall",
        "pairs": 1200,
        "mean": 0.874,
        "share_sure": 0.61,
        "prior": {
            "pairs_with_two_votes": 1000,
            "mean_split": [{"choice": "a", "share": 0.5}, {"choice": "b", "share": 0.5}],
            "agreement": 0.68,
            "with_the_first": 0.79,
            "nearly_even": 0.12,
        },
        "expected": None,
        "calibration": None,
    }
    facts.statistics["confidence"] = [known]
    return known


def test_it_says_what_confidence_is_and_what_it_rests_on(facts, found, shards):
    text = confidence(facts)

    assert "probability that the label is what most of the campaign's population would answer" in text
    assert "after one vote it is 1" in text
    assert "Mean confidence is 87%; 61% of the labels have 90 % or more." in text
    assert "Two people agree on a pair 68% of the time" in text
    assert "12% of the pairs are nearly even" in text
    assert "which is few" not in text
    assert "How often it came true" not in text
    assert "## Confidence" in card(facts, shards, {})


def test_it_says_when_not_to_trust_it(facts, found):
    found["prior"]["pairs_with_two_votes"] = 40
    assert "learned from 40 pairs with two votes or more, which is few" in confidence(facts)
    found["prior"]["pairs_with_two_votes"] = 0
    assert "**No pair has two votes, so how much people agree is not known.**" in confidence(facts)


def test_it_shows_how_often_it_came_true(facts, found):
    row = {"low": 0.8, "high": 0.9, "pairs": 1100, "said": 0.854, "came_true": 0.861, "lower": 0.84, "upper": 0.88}
    found["calibration"] = {"pairs": 1100, "votes_known": 2, "rows": [row]}

    text = confidence(facts)

    assert "by the first 2 votes of 1,100 pairs" in text
    assert "| 0.85 | 0.86 | 0.84 to 0.88 | 1,100 |" in text


def test_questions_are_told_apart(facts, found):
    facts.statistics["confidence"] = [found, found | {"question": "beauty"}]

    assert "Mean confidence (`beauty`) is" in confidence(facts)


def test_without_votes_it_has_no_section(facts, found, shards):
    found["pairs"] = 0

    assert confidence(facts) == ""
    assert "## Confidence" not in card(facts, shards, {})
