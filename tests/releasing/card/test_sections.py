"""What the card says, section by section."""

from __future__ import annotations

import dataclasses

import pytest

from annotator.releasing.card import sections
from annotator.releasing.card.readme import card
from annotator.releasing.dataset.configs import layouts_for
from annotator.scoring.statistics.rounding import rate_of
from tests.releasing.card.made_up_facts import agreement, yaml_of


def test_it_says_how_much_there_is(facts, shards):
    text = card(facts, shards, {})
    assert "10 pairs of images of the same prompt, 4 prompts, 2 generators, 24 votes by 2 annotators." in text
    assert "| votes on a judged pair, on average | 3.00 |" in text
    assert "| 3 | 8 |" in text
    assert "| `tie` | two or more choices lead | 2 |" in text


def test_it_says_what_was_asked_and_quotes_every_guideline_that_was_in_force(facts, shards):
    text = card(facts, shards, {})
    assert "**Which is better?** (`overall`), answered with `a`, `b`, both good and both bad" in text
    assert "**Which is prettier?** (`beauty`), answered with `a` and `b`" in text
    assert "The first question is the primary one" in text
    assert "### Version 2\n\n29 votes cast under it.\n\n> # How\n>\n> Look at *both*." in text
    assert "### Version 3\n\n0 votes cast under it.\n\n> Newest." in text
    assert "Never used." not in text


def test_it_says_what_the_labels_and_binarized_leave_out(facts, shards):
    text = card(facts, shards, {})
    assert "- 3 void: undone by the annotator (`void_reason` is `undone`)" in text
    assert "- 2 of kind `repeat`" in text
    assert "- 5 on the question `beauty`" in text
    assert (
        "It leaves out 6 pairs of `pairs`:\n\n- 2 without votes\n- 1 with the label `both_good`\n- 2 with the label `tie`\n"
        "- 1 that the managers took out of circulation" in text
    )


def test_it_says_how_far_people_agree(facts, shards):
    assert "nothing can be said of how far people agree" in card(facts, shards, {})
    figures = {"alpha": 0.3123, "lower": 0.2, "upper": 0.42, "pairs": 8, "votes": 24}
    facts.statistics["agreement"] = [agreement("overall", **figures)]
    text = card(facts, shards, {})
    assert "| `overall` | 0.312 | 0.200 to 0.420 | 8 | 24 |" in text
    assert "two votes on a pair agree in 62.5% of the cases" in text
    assert "People agree little (alpha 0.31)" in text
    facts.statistics["agreement"] = [agreement("overall", pairs=8, votes=24)]
    assert "| `overall` | not defined: all votes are alike | – | 8 | 24 |" in card(facts, shards, {})


def test_it_says_how_unevenly_people_voted(facts, shards):
    text = card(facts, shards, {})
    assert "| votes of the most active | 20 (83.3%) |" in text
    assert "| Gini coefficient of the votes (0: all vote as much) | 0.33 |" in text
    assert "One annotator gave 83.3% of the votes." in text


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
    assert "90.0% (95 % interval 78.2% to 96.7%) of 50 answers by 7 annotators were right" in text
    assert "got the same answer in 80.0% (95 % interval 44.4% to 97.5%) of 10 cases" in text
    assert "at most 10% of a person's pairs gold and 20% of all votes by one person" in text
    assert "judged by 2 people, and by more, up to 5, until the leading answer was 90% probable" in text
    assert "two neighbours on a shuffled ring" in text


def test_it_says_whether_people_favoured_a_side(facts, shards):
    facts.statistics["position"]["left"] = dataclasses.asdict(rate_of(12, 20))
    assert "Of 20 votes for one of the images, 60.0% (95 % interval 36.1% to 80.9%) were for the one on the left" in card(
        facts, shards, {}
    )


def test_it_says_what_is_covered(facts, shards):
    text = card(facts, shards, {})
    assert "| shapes | 9 | 20 |\n| a\\|b | 1 | 4 |" in text
    assert "| not stated | 1 | 0 |" in text


def test_it_quotes_what_people_agreed_to_and_states_the_licence(facts, shards):
    facts.consents = [{"version": 1, "text": "Never used.", "people": 0}, {"version": 2, "text": "# We keep\n\nit.", "people": 3}]
    facts.licence = "cc-by-4.0"
    text = card(facts, shards, {})
    assert yaml_of(text)["license"] == "cc-by-4.0"
    assert "Version 2 of the consent text, accepted by 3 people:\n\n> # We keep\n>\n> it." in text
    assert "Licence: `cc-by-4.0`." in text
    assert "Never used." not in text


def test_it_says_how_to_cite_it(facts, shards):
    facts.last_vote = "2026-11-23"
    assert "```bibtex\n@misc{scenes,\n  title = {Scenes: two | of them},\n  year = {2026},\n" in card(facts, shards, {})
    facts.citation = "As ```is```."
    assert "````\nAs ```is```.\n````" in card(facts, shards, {})


def test_names_do_not_break_its_tables(facts, shards):
    assert "| generators | flux\\|dev and sdxl |" in card(facts, shards, {})


def test_it_says_why_there_is_no_leaderboard(facts):
    assert "is an empty table: no votes were cast on images of two different generators." in sections.leaderboard(facts, {})
    facts.statistics["leaderboard"]["refusal"] = "There is no ranking: a won every comparison. Add comparisons."
    assert "is an empty table: a won every comparison." in sections.leaderboard(facts, {})


def test_the_leaderboard_is_a_table_with_its_picture_below(facts):
    row = {
        "generator": "flux|dev",
        "score": 1.2345,
        "lower": 1.0,
        "upper": 1.5,
        "n_comparisons": 1200,
        "n_wins": 900,
        "n_ties": 3,
    }
    facts.statistics["leaderboard"] = {"refusal": None, "generators": [row]}
    facts.without_generators = 2
    text = sections.leaderboard(facts, {"leaderboard": "![picture](x.png)"})
    assert "| flux\\|dev | 1.234 | 1.000 to 1.500 | 1,200 | 900 | 3 |" in text
    assert "2 pairs could not be used" in text
    assert text.endswith("![picture](x.png)")


@pytest.mark.parametrize(("method", "words"), [("majority", "Labels are by majority"), ("dawid_skene", "Dawid and Skene")])
def test_it_says_how_labels_are_made(facts, method, words):
    facts.method = method
    assert words in sections.making(facts)


def test_machines_and_crowd_people_are_named_where_there_are_any(facts):
    assert "machine" not in sections.people(facts, {})
    facts.machines, facts.crowd_people = {"members": 1, "votes": 1200}, 1
    text = sections.people(facts, {})
    assert "1,200 votes by 1 machine annotator are in no config" in text
    assert "1 person came from a crowd platform." in text


def test_the_splits_have_the_shares_of_the_campaign(facts):
    facts.shares = [0.7, 0.1, 0.2]
    assert "70% to train, 10% to validation and 20% to test" in sections.splits(facts)


def test_it_is_loaded_under_the_name_of_the_campaign(facts, settings):
    settings.HUB_NAMESPACE = "flowers"
    assert 'load_dataset("flowers/scenes", "votes", revision="v1", split="train")' in sections.loading(facts)


def test_each_config_says_how_many_rows_it_has_and_what_its_columns_mean(facts, shards):
    for layout in layouts_for(["beauty"]):
        text = sections.config_section(layout, facts, shards)
        assert text.startswith(f"### `{layout.config}`\n\nA row is {layout.row_is}: ")
        assert all(f"| `{column.name}` | " in text for column in layout.columns)
    assert "10 in all (train 8, test 2)." in sections.config_section(layouts_for()[0], facts, shards)


def test_its_limits_are_those_of_the_figures(facts):
    text = sections.limits(facts)
    assert "2 pairs had no votes when this was made." in text
    assert "weak evidence" not in text
    assert "One annotator gave 83.3% of the votes." in text
    facts.overlap = {"1": 10}
    facts.votes_by_annotator = [1] * 10
    text = sections.limits(facts)
    assert "A judged pair has 1.00 votes on average" in text
    assert "weak evidence" in text
    assert "One annotator" not in text
