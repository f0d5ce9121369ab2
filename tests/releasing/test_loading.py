"""Releases are loaded with the library that training jobs use, as they come: by folder and config."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Read when the libraries are imported: no network, whatever happens.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}

import datasets
import pandas as pd
import PIL.Image
import pytest
from datasets import ClassLabel, Value, get_dataset_config_names, load_dataset
from pytest_django import DjangoDbBlocker

from annotator.choices import USUAL_CONFIGS
from annotator.importing.images import full_name
from annotator.models import Campaign, Pair, Release
from annotator.releasing.dataset.configs import BINARIZED, PAIRS, VOTES, layouts_for
from annotator.releasing.dataset.records import ANNOTATORS
from tests.committed import committed, stored_in
from tests.factories import CampaignFactory, GuidelineFactory
from tests.released import card_of, folder_of, make_pair, release_of, vote, vote_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loads_quietly")]


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@dataclass(frozen=True)
class Released:
    """A release of five pairs, which are these, and one of nothing but a single vote."""

    pairs: list[Pair]
    release: Release
    of_one_vote: Release


@pytest.fixture(scope="module")
def released(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Released]:
    with committed(django_db_blocker):
        campaign, small = a_campaign(), a_campaign()
        outcomes = [("aab", "train"), ("bb", "train"), ("ab", "validation"), ("", "train"), ("aaa", "test")]
        pairs = [make_pair(campaign, number, split=split) for number, (_, split) in enumerate(outcomes)]
        for pair, (choices, _) in zip(pairs, outcomes, strict=True):
            vote_all(pair, choices)
        vote(make_pair(small), "b")
        yield Released(pairs, release_of(campaign), release_of(small))


def a_campaign() -> Campaign:
    campaign = CampaignFactory()
    GuidelineFactory(campaign=campaign)
    return campaign


@pytest.fixture(scope="module")
def loads_quietly() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture
def load(tmp_path):
    """load_dataset with a cache of the test's own."""
    return lambda release, *arguments, **options: load_dataset(
        str(folder_of(release)), *arguments, cache_dir=str(tmp_path / "cache"), **options
    )


def features_of(layout) -> datasets.Features:
    return datasets.Features.from_arrow_schema(layout.schema)


def test_pairs_load_with_pictures_and_class_labels(released, load, storage_folder):
    loaded = load(released.release, "pairs")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3, "validation": 1, "test": 1}
    for rows in loaded.values():
        assert rows.features == features_of(PAIRS)
    assert loaded["train"].features["label"] == ClassLabel(names=["a", "b", "both_good", "both_bad", "tie"])
    labels = loaded["train"].features["label"]
    assert [row and labels.int2str(row) for row in loaded["train"]["label"][:2]] == [0, "b"]
    assert loaded["train"]["label"][2] is None
    assert loaded["validation"]["label"] == [labels.str2int("tie")]
    first, pair = loaded["train"][0], released.pairs[0]
    for slot, image in (("image_a", pair.image_a), ("image_b", pair.image_b)):
        assert isinstance(first[slot], PIL.Image.Image)
        stored = PIL.Image.open(io.BytesIO((storage_folder / full_name(image.sha256, image.format)).read_bytes()))
        assert first[slot].size == (image.width, image.height)
        assert first[slot].tobytes() == stored.tobytes()


def test_it_loads_pairs_when_no_config_is_named(released, load):
    release = released.release
    assert load(release)["train"]["pair_id"] == load(release, "pairs", split="train")["pair_id"]


def test_votes_load_and_make_the_labels_again(released, load):
    release = released.release
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


def test_binarized_loads_with_pictures(released, load):
    loaded = load(released.release, "binarized")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "test": 1}
    assert loaded["train"].features == features_of(BINARIZED)
    row = loaded["train"][1]
    assert isinstance(row["chosen"], PIL.Image.Image)
    assert row["chosen"].size == row["rejected"].size
    assert (row["chosen_model"], row["rejected_model"]) == ("bad-model", "good-model")


def test_pairs_are_streamed_with_chosen_columns(released, load):
    rows = load(released.release, "pairs", split="train", streaming=True, columns=["pair_id", "label"])
    assert [row["pair_id"] for row in rows] == [released.pairs[0].pk, released.pairs[1].pk, released.pairs[3].pk]


def test_a_single_vote_loads_everywhere(released, load):
    for layout in layouts_for():
        if layout.config in (*USUAL_CONFIGS, VOTES.config, ANNOTATORS.config):  # a single vote puts nobody on a scale
            rows = load(released.of_one_vote, layout.config, split="train")
            assert (len(rows), rows.features) == (1, features_of(layout))


@pytest.fixture
def campaign(transactional_db) -> Campaign:
    """For a release of the test's own."""
    return a_campaign()


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.django_db(transaction=True)
def test_a_single_pair_without_votes_loads_as_train(campaign, load, split):
    pair = make_pair(campaign, split=split)
    release = release_of(campaign)
    loaded = load(release, "pairs")
    assert list(loaded) == ["train"]
    assert loaded["train"].features == features_of(PAIRS)
    assert (loaded["train"]["pair_id"], loaded["train"]["label"]) == ([pair.pk], [None])
    assert get_dataset_config_names(str(folder_of(release))) == ["pairs"]


@pytest.mark.django_db(transaction=True)
def test_every_config_has_a_train_split_however_few_the_prompts_are(campaign, load):
    """Here the pairs with a winner would be in the test split alone, and those of train would have none."""
    vote_all(make_pair(campaign, 0, split="train"), "ab")
    vote_all(make_pair(campaign, 0, split="test"), "aa")
    release = release_of(campaign)
    sizes = {}
    for config in get_dataset_config_names(str(folder_of(release))):
        loaded = load(release, config)
        sizes[config] = {split: len(rows) for split, rows in loaded.items()}
    one = {"train": 1}
    boards = {"leaderboard": {"train": 2}, "leaderboards": {"train": 4}, "annotators": {"train": 2}}
    assert (
        sizes
        == {"pairs": {"train": 2}, "votes": {"train": 4}, "binarized": one, "diffusion_dpo": one, "annotators": {"train": 2}}
        | boards
    )
    assert "All rows are in `train`" in card_of(release)


@pytest.mark.django_db(transaction=True)
def test_a_config_without_rows_is_not_listed_and_its_file_still_gives_its_columns(campaign, load):
    """`datasets` refuses to make a table of no rows; every other reader of parquet makes one."""
    release = release_of(campaign)
    assert release.state == "ready"
    assert get_dataset_config_names(str(folder_of(release))) == ["pairs"]
    rows = load(release, "pairs", split="train", streaming=True)
    assert (list(rows), rows.features) == ([], features_of(PAIRS))
    for layout in layouts_for():
        frame = pd.read_parquet(folder_of(release) / layout.config)
        assert (len(frame), list(frame.columns)) == (0, [column.name for column in layout.columns])
