"""Releases are loaded with the library that training jobs use, as they come: by folder and config."""

from __future__ import annotations

import io
import os
from collections import Counter

# Read when the libraries are imported: no network, whatever happens.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}

import datasets
import pandas as pd
import PIL.Image
import pytest
from datasets import ClassLabel, Value, load_dataset

from annotator.importing.images import full_name
from annotator.releasing.dataset.configs import BINARIZED, LEADERBOARD, LEADERBOARDS, PAIRS, VOTES, layouts_for
from tests.factories import CampaignFactory, GuidelineFactory
from tests.released import folder_of, make_pair, release_of, vote, vote_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def load(tmp_path):
    """load_dataset with a cache of the test's own."""
    datasets.disable_progress_bars()

    def load_it(release, *arguments, **options):
        return load_dataset(str(folder_of(release)), *arguments, cache_dir=str(tmp_path / "cache"), **options)

    yield load_it
    datasets.enable_progress_bars()


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    GuidelineFactory(campaign=campaign)
    return campaign


@pytest.fixture
def judged(campaign):
    outcomes = [("aab", "train"), ("bb", "train"), ("ab", "validation"), ("", "train"), ("aaa", "test")]
    pairs = [make_pair(campaign, number, split=split) for number, (_, split) in enumerate(outcomes)]
    for pair, (choices, _) in zip(pairs, outcomes, strict=True):
        vote_all(pair, choices)
    return pairs


def features_of(layout) -> datasets.Features:
    return datasets.Features.from_arrow_schema(layout.schema)


def test_pairs_load_with_pictures_and_class_labels(campaign, judged, load, storage_folder):
    loaded = load(release_of(campaign), "pairs")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3, "validation": 1, "test": 1}
    for rows in loaded.values():
        assert rows.features == features_of(PAIRS)
    assert loaded["train"].features["label"] == ClassLabel(names=["a", "b", "both_good", "both_bad", "tie"])
    labels = loaded["train"].features["label"]
    assert [row and labels.int2str(row) for row in loaded["train"]["label"][:2]] == [0, "b"]
    assert loaded["train"]["label"][2] is None
    assert loaded["validation"]["label"] == [labels.str2int("tie")]
    first, pair = loaded["train"][0], judged[0]
    for slot, image in (("image_a", pair.image_a), ("image_b", pair.image_b)):
        assert isinstance(first[slot], PIL.Image.Image)
        stored = PIL.Image.open(io.BytesIO((storage_folder / full_name(image.sha256, image.format)).read_bytes()))
        assert first[slot].size == (image.width, image.height)
        assert first[slot].tobytes() == stored.tobytes()


def test_it_loads_pairs_when_no_config_is_named(campaign, judged, load):
    release = release_of(campaign)
    assert load(release)["train"]["pair_id"] == load(release, "pairs", split="train")["pair_id"]


def test_votes_load_and_make_the_labels_again(campaign, judged, load):
    release = release_of(campaign)
    votes = load(release, "votes")
    assert votes["train"].features == features_of(VOTES)
    assert votes["train"].features["choice"] == ClassLabel(names=["a", "b", "both_good", "both_bad"])
    assert votes["train"].features["created_at"] == Value("timestamp[us, tz=UTC]")
    names = votes["train"].features["choice"].names
    frame = pd.concat([rows.to_pandas() for rows in votes.values()])
    counts = frame.groupby("pair_id")["choice"].agg(lambda codes: Counter(names[code] for code in codes).most_common())
    labels = {
        pair_id: "tie" if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ranked[0][0] for pair_id, ranked in counts.items()
    }
    for rows in load(release, "pairs").values():
        for pair_id, label in zip(rows["pair_id"], rows["label"], strict=True):
            assert labels.get(pair_id) == (None if label is None else rows.features["label"].int2str(label))


def test_binarized_loads_with_pictures(campaign, judged, load):
    loaded = load(release_of(campaign), "binarized")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "test": 1}
    assert loaded["train"].features == features_of(BINARIZED)
    row = loaded["train"][1]
    assert isinstance(row["chosen"], PIL.Image.Image)
    assert row["chosen"].size == row["rejected"].size
    assert (row["chosen_model"], row["rejected_model"]) == ("bad-model", "good-model")


def test_pairs_are_streamed_with_chosen_columns(campaign, judged, load):
    rows = load(release_of(campaign), "pairs", split="train", streaming=True, columns=["pair_id", "label"])
    assert [row["pair_id"] for row in rows] == [judged[0].pk, judged[1].pk, judged[3].pk]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_single_pair_without_votes_loads(campaign, load, split):
    pair = make_pair(campaign, split=split)
    loaded = load(release_of(campaign), "pairs")
    assert list(loaded) == [split]
    assert loaded[split].features == features_of(PAIRS)
    assert (loaded[split]["pair_id"], loaded[split]["label"]) == ([pair.pk], [None])


def test_a_single_vote_loads_everywhere(campaign, load):
    vote(make_pair(campaign), "b")
    release = release_of(campaign)
    for layout in layouts_for():
        if layout.config not in (LEADERBOARD.config, LEADERBOARDS.config):  # a single vote puts nobody on a scale
            rows = load(release, layout.config, split="train")
            assert (len(rows), rows.features) == (1, features_of(layout))


def test_a_config_without_rows_still_gives_its_columns(campaign, load):
    """`datasets` refuses to make a table of no rows, but streams it; so does every other reader of parquet."""
    release = release_of(campaign)
    assert release.state == "ready"
    for layout in layouts_for():
        rows = load(release, layout.config, split="train", streaming=True)
        assert (list(rows), rows.features) == ([], features_of(layout))
        frame = pd.read_parquet(folder_of(release) / layout.config)
        assert (len(frame), list(frame.columns)) == (0, [column.name for column in layout.columns])
