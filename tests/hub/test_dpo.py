"""The card of the repository for scripts that name nothing."""

from __future__ import annotations

import hashlib

import pytest

from api.hub import dpo

CARD = b"""---
pretty_name: Birds
license: cc-by-4.0
language: [en]
configs:
- config_name: pairs
  default: true
  data_files: [{split: train, path: pairs/train-*}]
dataset_info:
- config_name: pairs
  features: []
- config_name: diffusion_dpo
  features: [{name: caption, dtype: string}]
  splits: [{name: train, num_bytes: 10, num_examples: 3}, {name: validation, num_bytes: 5, num_examples: 1}]
  download_size: 7
  dataset_size: 15
---
# Birds
"""
PATHS = ["README.md", "diffusion_dpo/train-00000-of-00001.parquet", "diffusion_dpo/validation-00000-of-00001.parquet"]


def test_the_other_card_has_one_config_with_all_names_of_its_splits():
    matter = dpo.front_matter(dpo.card(CARD, PATHS))

    assert (matter["pretty_name"], matter["license"], matter["language"]) == ("Birds", "cc-by-4.0", ["en"])
    (config,) = matter["configs"]
    assert (config["config_name"], config["default"]) == ("diffusion_dpo", True)
    assert {each["split"]: each["path"] for each in config["data_files"]} == {
        "train": "diffusion_dpo/train-*",
        "validation": "diffusion_dpo/validation-*",
        "test": "diffusion_dpo/validation-*",
        "validation_unique": "diffusion_dpo/validation-*",
        "test_unique": "diffusion_dpo/validation-*",
    }
    (info,) = matter["dataset_info"]
    assert {split["name"]: split["num_examples"] for split in info["splits"]} == {
        "train": 3,
        "validation": 1,
        "test": 1,
        "validation_unique": 1,
        "test_unique": 1,
    }
    assert info["dataset_size"] == 30


@pytest.mark.parametrize("present", [["train"], ["test"], ["train", "validation", "test"]])
def test_scripts_find_every_split_that_they_may_ask_for(present):
    card = dpo.card(CARD, [f"diffusion_dpo/{split}-00000-of-00001.parquet" for split in present])
    (config,) = dpo.front_matter(card)["configs"]
    assert [each["split"] for each in config["data_files"]] == list(dpo.SPLITS)
    assert {each["path"].split("/")[1].removesuffix("-*") for each in config["data_files"]} == set(present)
    assert (b"too few pairs to fill all splits" in card) == (len(present) == 1)


def test_the_other_card_changes_only_with_its_edition():
    """Its revision names EDITION and not the bytes: where this fails, raise the one and write down the other."""
    assert (dpo.EDITION, hashlib.sha256(dpo.card(CARD, PATHS)).hexdigest()) == (
        3,
        "c883ee28fb265040673bf9eaac46351487a2673d9740f936f88c095e150c7995",
    )


@pytest.mark.parametrize("text", [b"", b"# No YAML\n", b"---\n- a list\n---\n", b"---\nno end"])
def test_a_card_without_yaml_still_makes_one(text):
    assert dpo.front_matter(dpo.card(text, PATHS))["configs"]
