"""What is in the data, as the card says it."""

from __future__ import annotations

from annotator.releasing.card import contents
from annotator.releasing.card.readme import card
from annotator.releasing.dataset.configs import layouts_for
from tests.releasing.card.made_up_facts import yaml_of


def test_it_says_what_the_labels_and_binarized_leave_out(facts, shards):
    text = card(facts, shards, {})
    assert "- 3 void: undone by the annotator (`void_reason` is `undone`)" in text
    assert "- 2 of kind `repeat`" in text
    assert "- 5 on the question `beauty`" in text
    assert (
        "It leaves out 6 pairs of `pairs`:\n\n- 2 without votes\n- 1 with the label `both_good`\n- 2 with the label `tie`\n"
        "- 1 held by the managers" in text
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


def test_the_splits_have_the_shares_of_the_campaign(facts):
    facts.shares = [0.7, 0.1, 0.2]
    assert "70% to train, 10% to validation and 20% to test" in contents.splits(facts)


def test_it_is_loaded_under_the_name_of_the_campaign(facts, settings):
    settings.HUB_NAMESPACE = "flowers"
    assert 'load_dataset("flowers/scenes", "votes", revision="v1", split="train")' in contents.loading(facts)


def test_each_config_says_how_many_rows_it_has_and_what_its_columns_mean(facts, shards):
    for layout in layouts_for(["beauty"]):
        text = contents.config_section(layout, facts, shards)
        assert text.startswith(f"### `{layout.config}`\n\nOne row is {layout.row_is}. ")
        assert all(f"| `{column.name}` | " in text for column in layout.columns)
    assert "10 rows (train 8, test 2)." in contents.config_section(layouts_for()[0], facts, shards)


def test_its_limits_are_those_of_the_figures(facts):
    text = contents.limits(facts)
    assert "2 pairs had no votes when this release was built." in text
    assert "weak evidence" not in text
    assert "One annotator gave 83.3% of the votes." in text
    facts.overlap = {"1": 10}
    facts.votes_by_annotator = [1] * 10
    text = contents.limits(facts)
    assert "Pairs with votes have 1.00 votes on average" in text
    assert "weak evidence" in text
    assert "One annotator" not in text
