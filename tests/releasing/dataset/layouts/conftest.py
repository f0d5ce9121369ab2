"""A release in all layouts that trainers read, loaded with `datasets`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Read when the libraries are imported: no network, whatever happens.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}

import datasets
import pytest
from datasets import Features, Image, List, Value, load_dataset
from pytest_django import DjangoDbBlocker

from annotator import releasing
from annotator.models import Pair, Prompt, Release
from tests.committed import committed, stored_in
from tests.factories import CampaignFactory, GuidelineFactory, PairFactory, QuestionFactory
from tests.released import folder_of, make_image, make_pair, vote, vote_all

MESSAGES = List({"content": List({"text": Value("string"), "type": Value("string")}), "role": Value("string")})
STRING, NUMBER, FLOAT = Value("string"), Value("int64"), Value("float64")
# As their dataset cards publish them.
PUBLISHED = {
    "trl_preference": {"images": List(Image()), "prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES},  # rlaif-v
    "pickapic_v2": {
        "are_different": Value("bool"),
        "best_image_uid": STRING,
        "caption": STRING,
        "created_at": Value("timestamp[ns]"),
        "has_label": Value("bool"),
        **{f"image_{place}_{name}": STRING for place in (0, 1) for name in ("uid", "url")},
        **{f"jpg_{place}": Value("binary") for place in (0, 1)},
        **{f"label_{place}": FLOAT for place in (0, 1)},
        **{f"model_{place}": STRING for place in (0, 1)},
        "ranking_id": NUMBER,
        "user_id": NUMBER,
        "num_example_per_prompt": NUMBER,
        "__index_level_0__": NUMBER,
    },
    "binarized": {
        **dict.fromkeys(("prompt", "chosen_model", "rejected_model", "evolution", "category", "sub_category"), STRING),
        "chosen": Image(),
        "rejected": Image(),
    },
    "image_reward_pairs": {
        **dict.fromkeys(("prompt_id", "prompt", "classification"), STRING),
        "img_better": Image(),
        "img_worse": Image(),
    },
    "arena": dict.fromkeys(("model_a", "model_b", "winner"), STRING),
}


@dataclass(frozen=True)
class Released:
    release: Release
    pairs: list[Pair]


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@pytest.fixture(scope="module")
def released(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Released]:
    """On the first question: a wins, b wins, a tie, nothing; twice a under one prompt. On the second, the first pair's b wins."""
    with committed(django_db_blocker):
        campaign = CampaignFactory()
        GuidelineFactory(campaign=campaign)
        beauty = QuestionFactory(campaign=campaign, slug="beauty", position=1)
        pairs = [make_pair(campaign, number) for number in range(4)]
        Prompt.objects.filter(pk=pairs[0].prompt_id).update(metadata={"evolution": "harder", "sub_category": "cubes"})
        images = [make_image(pairs[0].prompt, 60 + place, generator="good-model") for place in (0, 1)]
        pairs.append(PairFactory(campaign=campaign, prompt=pairs[0].prompt, image_a=images[0], image_b=images[1]))
        cast = vote(pairs[0], "a")
        vote(pairs[0], "b", question=beauty, assignment__assignment=cast.assignment)
        for pair, choices in zip(pairs, ("aa", "b", "agxb", "", "a"), strict=True):
            vote_all(pair, choices)
        release = releasing.create_release(campaign=campaign, by=None, configs=list(PUBLISHED))
        releasing.build_release(release_id=release.pk)
        release.refresh_from_db()
        assert release.state == "ready", release.error
        yield Released(release, pairs)


@pytest.fixture
def load(tmp_path, released):
    datasets.disable_progress_bars()

    def load(config: str) -> datasets.Dataset:
        folder = str(folder_of(released.release))
        rows = load_dataset(folder, config, split="train", cache_dir=str(tmp_path / "cache"))
        published = Features(PUBLISHED[config.removesuffix("_beauty")])
        assert {name: rows.features[name] for name in published} == published
        return rows

    yield load
    datasets.enable_progress_bars()
