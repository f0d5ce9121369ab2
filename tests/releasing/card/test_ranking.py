"""The card's leaderboard: its tables, how it says to read them, and what makes it weak."""

from __future__ import annotations

import pytest

from annotator.releasing.card import ranking
from annotator.scoring.statistics.leaderboards import REFUSED
from tests.releasing.card.made_up_boards import board, ranked


@pytest.fixture
def two(facts):
    facts.statistics["leaderboard"] = board(ranked("flux|dev", 1.2345), ranked("sd", -1.2345, p_first=0.001, rank_lower=2))
    facts.statistics["leaderboards"] = [facts.statistics["leaderboard"]]
    return facts


def test_it_says_why_there_is_no_leaderboard(facts):
    assert "is an empty table: no votes were cast on images of two different generators." in ranking.leaderboard(facts, {})
    facts.statistics["leaderboard"]["refusal"] = f"{REFUSED}a won every comparison. Add comparisons."
    assert "is an empty table: a won every comparison." in ranking.leaderboard(facts, {})


def test_it_is_a_table_with_its_pictures_below(two):
    two.without_generators = 2
    text = ranking.leaderboard(two, {"leaderboard": "![scores](x.png)", "beats": "![beats](y.png)"})
    assert "| flux\\|dev | 1.234 | 0.734 to 1.734 | 1 to 2 | 50 % | 1,200 | 900 | 3 |" in text
    assert "| sd | -1.234 | -1.734 to -0.734 | 2 | <1 % | 1,200 | 900 | 3 |" in text
    assert "The scores leave out 2 pairs: a generator is not stated" in text
    assert text.index("![scores](x.png)") < text.index("![beats](y.png)")


def test_it_explains_the_unit_and_how_to_compare_two(two):
    text = ranking.leaderboard(two, {})
    assert "wins about 7.3 of ten votes" in text
    assert "on 60 prompts, by 30 people" in text
    assert "does not say whether they differ" in text


def test_who_beats_whom_is_bold_where_it_is_clear(two):
    text = ranking.leaderboard(two, {})
    assert "| flux\\|dev |  | **75 %** |" in text
    assert "| sd | **25 %** |  |" in text
    two.statistics["leaderboard"]["p_beats_lower"] = [[None, 0.45], [0.05, None]]
    two.statistics["leaderboard"]["p_beats_upper"] = [[None, 0.95], [0.55, None]]
    assert "| flux\\|dev |  | 75 % |" in ranking.leaderboard(two, {})


def test_it_says_what_makes_it_weak(two):
    plain = ranking.leaderboard(two, {})
    assert "few" not in plain
    assert "stopped early" not in plain
    assert "fragile" not in plain
    two.statistics["leaderboard"] |= {
        "annotators": 4,
        "votes_per_pair": 3,
        "votes_left_out": 250,
        "side": {"effect": 0.31, "is_used": True},
        "order_changes": [{"upper": "flux|dev", "lower": "sd", "votes": 7, "share": 0.01}],
    }
    text = ranking.leaderboard(two, {})
    assert "People or prompts are few" in text
    assert "only the first 3 votes of each pair, and all votes of audit pairs, count. 250 later ones do not." in text
    assert "The advantage of the left image, 0.31" in text
    assert "without 7 votes, chosen to matter most, sd would be above flux\\|dev" in text


def test_ties_are_shown_both_ways_where_they_differ(two):
    model = {
        "differs": False,
        "largest_difference": 0.034,
        "swapped": [["flux|dev", "sd"]],
        "generators": [ranked("sd", 0.2), ranked("flux|dev", -0.2)],
    }
    two.statistics["leaderboard"]["davidson"] = model
    assert "Davidson" not in ranking.leaderboard(two, {})
    model["differs"] = True
    text = ranking.leaderboard(two, {})
    assert "differs by up to 3.4%. sd is then above flux\\|dev." in text
    assert "| sd | 0.200 | -0.300 to 0.700 |" in text


def test_other_questions_and_categories_are_named_with_their_first(two):
    two.statistics["leaderboards"] += [
        board(ranked("sd", 0.3, p_first=0.8), category="birds", votes=100),
        board(question="beauty", refusal="no"),
    ]
    text = ranking.leaderboard(two, {})
    assert "| overall | birds | sd | 80 % | 100 |" in text
    assert "beauty" not in text
