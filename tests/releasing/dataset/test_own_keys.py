"""What the import said of pairs and images is in every config that has them, for joining with one's own data."""

from __future__ import annotations

import json

import pytest

from annotator.models import Image, Pair, Prompt
from annotator.releasing.dataset.configs import layouts_for
from tests.released import make_pair, release_of, rows_of, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

# The order of before: new columns come after.
COLUMNS_BEFORE = {
    "votes": [
        *("vote_id", "pair_id", "question", "annotator_id", "choice", "a_on_left", "kind", "elapsed_ms", "guideline_version"),
        *("created_at", "void_reason", "is_first"),
    ],
    "binarized": ["id", "prompt", "chosen_model", "rejected_model", "category", "confidence", "chosen", "rejected"],
}


@pytest.fixture
def pair(campaign) -> Pair:
    pair = make_pair(campaign)
    Pair.objects.filter(pk=pair.pk).update(external_id="row-17", metadata={"run": 4, "tag": "é"})
    Prompt.objects.filter(pk=pair.prompt_id).update(external_id="prompt-3", metadata={"source": "book"})
    Image.objects.filter(pk=pair.image_a_id).update(seed=-5, parameters={"steps": 30}, width=96, height=64)
    Image.objects.filter(pk=pair.image_b_id).update(seed=2**62)
    pair.refresh_from_db()
    vote_all(pair, "bb")
    return pair


def expected(name_as: str, image: Image) -> dict:
    said = {"seed": image.seed, "parameters": image.parameters, "width": image.width, "height": image.height}
    return {name_as.format(name): value for name, value in said.items()}


def parsed(row: dict, names: dict) -> dict:
    """The row's values of these names, those that are JSON as what they say."""
    is_json = ("metadata", "parameters")
    return {name: json.loads(row[name]) if any(word in name for word in is_json) else row[name] for name in names}


@pytest.mark.parametrize(
    ("config", "name_of_a", "name_of_b"),
    [("pairs", "{}_a", "{}_b"), ("binarized", "rejected_{}", "chosen_{}"), ("diffusion_dpo", None, None)],
)
def test_own_keys_are_where_the_pair_is(campaign, pair, config, name_of_a, name_of_b):
    [row] = rows_of(release_of(campaign), config)

    if config == "diffusion_dpo":
        first = row["image_0_uid"] == pair.image_a.sha256
        name_of_a, name_of_b = ("{}_0", "{}_1") if first else ("{}_1", "{}_0")
    wanted = {
        "external_id": "row-17",
        "metadata": {"run": 4, "tag": "é"},
        "prompt_external_id": "prompt-3",
        "prompt_metadata": {"source": "book"},
        **expected(name_of_a, pair.image_a),
        **expected(name_of_b, pair.image_b),
    }
    assert parsed(row, wanted) == wanted


def test_a_vote_names_its_pair_as_the_import_did(campaign, pair):
    vote_all(make_pair(campaign, 1), "a")

    rows = rows_of(release_of(campaign), "votes")

    keys = {"external_id": None, "metadata": None}
    known = {"external_id": "row-17", "metadata": {"run": 4, "tag": "é"}}
    assert [parsed(row, keys) for row in rows] == [known, known, {"external_id": None, "metadata": {}}]


@pytest.mark.parametrize("config", COLUMNS_BEFORE)
def test_columns_stand_in_the_order_of_before(config):
    layout = next(layout for layout in layouts_for() if layout.config == config)
    names = [column.name for column in layout.columns]

    assert [name for name in names if name in COLUMNS_BEFORE[config]] == COLUMNS_BEFORE[config]
    assert all(column.holds_image for column in layout.columns[len(names) - len(layout.image_columns) :])
