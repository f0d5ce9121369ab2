"""The card: its YAML as clients read it, and that it is always whole."""

from __future__ import annotations

import pytest

from annotator.releasing.card.facts import Facts
from annotator.releasing.card.readme import card, front_matter, size_category
from annotator.releasing.dataset.configs import layouts_for
from annotator.releasing.dataset.parquet import Written
from tests.releasing.card.made_up_facts import nothing_counted, yaml_of


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
        {"config_name": "leaderboards", "data_files": [{"split": "train", "path": "leaderboards/train-*"}]},
        {
            "config_name": "votes",
            "data_files": [{"split": "train", "path": "votes/train-*"}, {"split": "test", "path": "votes/test-*"}],
        },
        *(
            {"config_name": config, "data_files": [{"split": "train", "path": f"{config}/train-*"}]}
            for config in ("machine_votes", "annotators", "adjudications", "gold")
        ),
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


def test_a_campaign_of_nothing_has_a_card():
    empty = Facts(slug="empty", name="Empty", description="", questions=[], guidelines=[], statistics=nothing_counted())
    shards = [Written(path=f"{each.config}/train-00000-of-00001.parquet", size=1, sha256="0" * 64) for each in layouts_for()]
    text = card(empty, shards, {})
    assert yaml_of(text)["dataset_info"][0]["splits"] == [{"name": "train", "num_bytes": 0, "num_examples": 0}]
    assert "It contains all pairs" in text
    assert "All votes in `votes` are counted." in text
