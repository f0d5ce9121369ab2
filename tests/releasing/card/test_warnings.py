"""What the card warns of, and that it does not where there is no reason."""

from __future__ import annotations

import pytest

from annotator.releasing.card import contents
from annotator.releasing.card.warnings import adaptive_overlap, few_people, few_prompts, warnings


def test_a_large_campaign_with_fixed_overlap_is_warned_of_nothing(facts):
    facts.votes_by_annotator, facts.prompts_voted = [100] * 30, 500
    assert warnings(facts) == []


def test_each_warning_is_among_the_limits_on_the_card(facts):
    facts.statistics["overlap"]["votes_max"] = 7
    assert len(warnings(facts)) == 3
    for warning in warnings(facts):
        assert f"- {warning}\n" in contents.limits(facts)


def test_it_warns_of_adaptive_overlap(facts):
    facts.statistics["overlap"] |= {"votes_wanted": 2, "votes_max": 7, "pairs_stopped_early": 1234}
    warning = adaptive_overlap(facts)
    assert warning.startswith("Overlap was adaptive: votes on a pair stopped when its leading answer was probable enough, on")
    assert "1,234 pairs before 7 votes" in warning
    assert "people can seem to agree more than they do" in warning
    assert "votes with `is_first` in `votes`, or the pairs with `is_audit`" in warning


def test_where_the_pairing_rule_asks_for_more_votes_it_says_so(facts):
    facts.statistics["overlap"] |= {"votes_wanted": 2, "votes_max": 7}
    facts.rules = {"pairing_rule": "information_gain"}
    warning = adaptive_overlap(facts)
    assert warning.startswith("Overlap was adaptive: the pairing rule gave more votes to pairs that say more")
    assert "leading answer" not in warning


def test_it_warns_of_pairs_with_more_votes_than_the_rules_say_now(facts):
    facts.statistics["overlap"] |= {"votes_wanted": 3, "pairs_beyond": 12}
    assert adaptive_overlap(facts).startswith("12 pairs have more than 3 votes: the rules were changed")


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ([50] * 9, "Only 9 people voted."),
        ([7], "Only 1 person voted."),
        ([900, *[10] * 20], "as if 1.5 people had given equally many"),
        ([50] * 10, ""),
        ([], ""),
    ],
)
def test_it_warns_of_few_people_and_of_votes_that_hang_on_few(facts, votes, words):
    facts.votes_by_annotator = votes
    assert words in few_people(facts)
    assert bool(few_people(facts)) == bool(words)


@pytest.mark.parametrize(
    ("prompts", "words"), [(49, "Only 49 prompts have votes."), (1, "Only 1 prompt has votes."), (50, ""), (0, "")]
)
def test_it_warns_of_few_prompts(facts, prompts, words):
    facts.prompts_voted = prompts
    assert words in few_prompts(facts)
    assert bool(few_prompts(facts)) == bool(words)
