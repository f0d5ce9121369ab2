"""How the data came about, as the card says it."""

from __future__ import annotations

import pytest

from annotator.releasing.card import origin
from annotator.releasing.card.readme import card


def test_it_says_how_much_there_is(facts, shards):
    text = card(facts, shards, {})
    assert "10 pairs of images of the same prompt, 4 prompts, 2 generators, 24 votes by 2 annotators." in text
    assert "| mean votes per pair with votes | 3.00 |" in text
    assert "| 3 | 8 |" in text
    assert "| `tie` | two or more choices lead | 2 |" in text


def test_it_says_what_was_asked_and_quotes_every_guideline_that_was_in_force(facts, shards):
    text = card(facts, shards, {})
    assert "**Which is better?** (`overall`). Choices: `a`, `b`, both good and both bad" in text
    assert "**Which is prettier?** (`beauty`). Choices: `a` and `b`" in text
    assert "The first question is primary." in text
    assert "### Version 2\n\nVotes under this version: 29.\n\n> # How\n>\n> Look at *both*." in text
    assert "### Version 3\n\nVotes under this version: 0.\n\n> Newest." in text
    assert "Never used." not in text


def test_it_says_how_unevenly_people_voted(facts, shards):
    text = card(facts, shards, {})
    assert "| votes of the most active annotator | 20 (83.3%) |" in text
    assert "| Gini coefficient of votes per annotator (0: all equal) | 0.33 |" in text
    assert "One annotator gave 83.3% of the votes." in text


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("majority", "Labels are by majority"),
        ("dawid_skene", "Dawid and Skene"),
        ("one_coin", "one-coin method"),
        ("mace", "MACE (Hovy et al. 2013)"),
    ],
)
def test_it_says_how_labels_are_made(facts, method, words):
    facts.method = method
    assert words in origin.making(facts)


def label_method(**changes) -> dict:
    of_question = {"question": "overall", "method": "mace", "converged": True, "iterations": 0, "reason": "", "held_out": []}
    return of_question | changes


def test_it_says_why_a_method_was_chosen_for_each_question(facts):
    facts.method = "auto"
    facts.statistics["label_methods"] = [
        label_method(reason="mace gives 90 held-out votes the highest likelihood."),
        label_method(question="beauty", method="majority", reason="The lead is within chance."),
    ]
    text = origin.making(facts)
    assert "Labels are by MACE" in text
    assert "Labels are by majority" in text
    assert "(`overall`): MACE. mace gives 90 held-out votes the highest likelihood." in text
    assert "(`beauty`): Majority. The lead is within chance." in text
    assert "converged" not in text


def test_it_warns_of_labels_that_had_not_settled(facts):
    facts.method = "mace"
    facts.statistics["label_methods"] = [label_method(converged=False)]
    assert "**The method had not converged when it stopped.**" in origin.making(facts)


def test_machines_and_crowd_people_are_named_where_there_are_any(facts):
    assert "machine" not in origin.people(facts, {})
    facts.machines, facts.crowd_people = {"members": 1, "votes": 1200}, 1
    text = origin.people(facts, {})
    assert "`machine_votes` has 1,200 votes by 1 machine annotator." in text
    assert "1 person came from a crowd platform." in text


RULES = {"votes_wanted": 1, "votes_max": 1, "stop_confidence": 0.9, "pairs_per_image": 6, "random_pair_share": 0.25}


@pytest.mark.parametrize(
    ("rule", "words", "is_weighted"),
    [
        ("all_pairs", "every image was paired with every other.", False),
        ("random_m", "each image was paired with 6 others at random", False),
        ("swiss", "until it was in 6 pairs.", True),
        ("information_gain", "until each was in 6 comparisons; 25% of these were drawn from all pairs alike.", True),
    ],
)
def test_it_says_how_pairs_were_chosen(facts, rule, words, is_weighted):
    facts.rules = {**RULES, "pairing_rule": rule}
    text = origin.making(facts)
    assert words in text
    assert ("`inclusion_probability`" in text) == is_weighted


def test_more_votes_by_information_gain_are_no_sign_of_disagreement(facts):
    facts.rules = {**RULES, "pairing_rule": "information_gain", "votes_max": 9}
    text = origin.making(facts)
    assert "1 vote per pair, and more, up to 9, where the order of two images was open." in text
    assert "disagreement" not in text
