"""The card: its YAML as clients read it, its text as people do."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from annotator.releasing.card.facts import Facts
from annotator.releasing.card.readme import card, front_matter, size_category
from annotator.releasing.dataset.configs import layouts_for
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.vote_files import VoteCount
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.load import empty
from annotator.scoring.statistics.rounding import rate_of


def votes(count: int, **fields) -> VoteCount:
    alike = {"question": "overall", "kind": "regular", "void_reason": None, "guideline_version": 2}
    return VoteCount(**{**alike, **fields}, votes=count)


def agreement(question: str, **figures) -> dict:
    none = {"alpha": None, "lower": None, "upper": None, "pairs": 0, "votes": 0}
    return {"question": question, "agreement": none | figures, "categories": []}


def coverage(name: str, pairs: int, votes: int) -> dict:
    return {"name": name, "prompts": 1, "pairs": pairs, "settled": 0, "votes": votes}


def nothing_counted() -> dict:
    """The statistics of a campaign without anything."""
    return statistics_from(empty(), campaign="scenes", consensus_method="majority", now=None).as_json()


@pytest.fixture
def facts():
    statistics = nothing_counted()
    statistics["votes_counted"] = 24
    statistics["progress"] |= {"pairs": 10, "pairs_gold": 1, "pairs_held": 2}
    statistics["concentration"]["gini"] = 0.3333
    statistics["agreement"] = [agreement("overall"), agreement("beauty")]
    statistics["languages"] = [
        coverage(name, pairs, votes)
        for name, pairs, votes in [("de", 2, 6), ("en", 3, 9), ("pt-BR", 2, 6), ("Klingon", 2, 3), ("", 1, 0)]
    ]
    statistics["categories"] = [coverage("shapes", 9, 20), coverage("a|b", 1, 4)]
    return Facts(
        slug="scenes",
        name="Scenes: two | of them",
        description="What people like.\n\n---\n\nAnd why.",
        questions=[
            {"slug": "overall", "text": "Which is better?", "choices": ["a", "b", "both_good", "both_bad"]},
            {"slug": "beauty", "text": "Which is prettier?", "choices": ["a", "b"]},
        ],
        guidelines=[
            {"version": 1, "text": "Never used."},
            {"version": 2, "text": "# How\n\nLook at *both*."},
            {"version": 3, "text": "Newest."},
        ],
        statistics=statistics,
        prompts=4,
        generators=["flux|dev", "sdxl"],
        held_with_winner=1,
        overlap={"0": 2, "3": 8},
        labels={"overall": {"a": 3, "b": 2, "both_good": 1, "both_bad": 0, "tie": 2}, "beauty": {"a": 1}},
        agreement=0.625,
        votes=[
            votes(24),
            votes(3, void_reason="undone"),
            votes(2, kind="repeat"),
            votes(5, question="beauty", guideline_version=None),
        ],
        votes_by_annotator=[20, 4],
    )


@pytest.fixture
def shards():
    return [
        Written(path=f"{config}/{split}-0000{index}-of-0000{count}.parquet", size=100, sha256="0" * 64, rows=rows, num_bytes=90)
        for config, split, index, count, rows in [
            ("votes", "train", 0, 1, 30),
            ("votes", "test", 0, 1, 4),
            ("pairs", "train", 0, 2, 5),
            ("pairs", "train", 1, 2, 3),
            ("pairs", "test", 0, 1, 2),
            ("binarized", "train", 0, 1, 4),
            ("diffusion_dpo", "train", 0, 1, 4),
            ("leaderboard", "train", 0, 1, 2),
        ]
    ]


def yaml_of(text: str) -> dict:
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)


def test_the_yaml_names_configs_and_their_files(facts, shards):
    head = yaml_of(card(facts, shards, {}))
    assert head["pretty_name"] == "Scenes: two | of them"
    assert head["configs"] == [
        {
            "config_name": "pairs",
            "default": True,
            "data_files": [{"split": "train", "path": "pairs/train-*"}, {"split": "test", "path": "pairs/test-*"}],
        },
        {"config_name": "binarized", "data_files": [{"split": "train", "path": "binarized/train-*"}]},
        {"config_name": "diffusion_dpo", "data_files": [{"split": "train", "path": "diffusion_dpo/train-*"}]},
        {"config_name": "leaderboard", "data_files": [{"split": "train", "path": "leaderboard/train-*"}]},
        {
            "config_name": "votes",
            "data_files": [{"split": "train", "path": "votes/train-*"}, {"split": "test", "path": "votes/test-*"}],
        },
    ]
    assert head == front_matter(facts, shards)


def test_the_yaml_gives_features_and_exact_sizes(facts, shards):
    info = {each["config_name"]: each for each in yaml_of(card(facts, shards, {}))["dataset_info"]}
    assert info["pairs"]["splits"] == [
        {"name": "train", "num_bytes": 180, "num_examples": 8},
        {"name": "test", "num_bytes": 90, "num_examples": 2},
    ]
    assert (info["pairs"]["download_size"], info["pairs"]["dataset_size"]) == (300, 270)
    features = {feature["name"]: feature["dtype"] for feature in info["pairs"]["features"]}
    assert features["image_a"] == "image"
    assert features["label"] == {"class_label": {"names": {"0": "a", "1": "b", "2": "both_good", "3": "both_bad", "4": "tie"}}}
    for layout in layouts_for(["beauty"]):
        assert [feature["name"] for feature in info[layout.config]["features"]] == [column.name for column in layout.columns]


def test_no_licence_is_claimed_and_only_real_languages(facts, shards):
    head = yaml_of(card(facts, shards, {}))
    assert "license" not in head
    assert head["language"] == ["de", "en", "pt"]
    assert "No licence was stated" in card(facts, shards, {})


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (999_999, "100K<n<1M"), (10**7, "n>10M")],
)
def test_the_size_is_in_the_hubs_words(rows, category):
    assert size_category(rows) == category


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
    assert "### Version 2\n\n29 votes were cast under this version.\n\n> # How\n>\n> Look at *both*." in text
    assert "### Version 3\n\n0 votes were cast under this version.\n\n> Newest." in text
    assert "Never used." not in text


def test_it_says_what_the_labels_and_binarized_leave_out(facts, shards):
    text = card(facts, shards, {})
    assert "- 3 void: undone by the annotator (`void_reason` is `undone`)" in text
    assert "- 2 of kind `repeat`" in text
    assert "- 5 on the question `beauty`" in text
    assert (
        "It leaves out 6 pairs of `pairs`:\n\n- 2 without votes\n- 1 with the label `both_good`\n- 2 with the label `tie`\n"
        "- 1 held by the managers" in text
    )


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


def test_it_says_how_unevenly_people_voted(facts, shards):
    text = card(facts, shards, {})
    assert "| votes of the most active annotator | 20 (83.3%) |" in text
    assert "| Gini coefficient of votes per annotator (0: all equal) | 0.33 |" in text
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
    assert "90.0% (95 % interval 78.2% to 96.7%) of 50 answers by 7 annotators were correct" in text
    assert "got the same answer in 80.0% (95 % interval 44.4% to 97.5%) of 10 cases" in text
    assert "10% gold pairs and at most 20% of all votes per person" in text
    assert "2 votes per pair, and more, up to 5, until the leading answer was 90% probable" in text
    assert "two neighbours on a ring in random order" in text


def test_it_says_whether_people_favoured_a_side(facts, shards):
    facts.statistics["position"]["left"] = dataclasses.asdict(rate_of(12, 20))
    assert "Of 20 votes for one of the images, 60.0% (95 % interval 36.1% to 80.9%) chose the left image" in card(
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


def test_a_campaign_of_nothing_has_a_card():
    empty = Facts(slug="empty", name="Empty", description="", questions=[], guidelines=[], statistics=nothing_counted())
    shards = [Written(path=f"{each.config}/train-00000-of-00001.parquet", size=1, sha256="0" * 64) for each in layouts_for()]
    text = card(empty, shards, {})
    assert yaml_of(text)["dataset_info"][0]["splits"] == [{"name": "train", "num_bytes": 0, "num_examples": 0}]
    assert "It contains all pairs" in text
    assert "All votes in `votes` are counted." in text
