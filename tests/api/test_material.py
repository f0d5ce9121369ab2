"""Lists of pairs and prompts, by which one's own keys come back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.releasing.dataset.configs import PAIRS
from tests.api.clients import ApiClient, assert_error, client_of
from tests.factories import (
    CampaignFactory,
    ConsensusFactory,
    GeneratorFactory,
    ImageFactory,
    MemberFactory,
    PairFactory,
    PromptFactory,
    QuestionFactory,
)

pytestmark = pytest.mark.django_db

ADDRESSES = {"pairs": "/api/v1/campaigns/birds/pairs/", "prompts": "/api/v1/campaigns/birds/prompts/"}
# In a release alone: they depend on which votes are first.
OF_RELEASES = {"n_first", "stopped_early"}


@pytest.fixture
def campaign():
    return CampaignFactory(slug="birds")


@pytest.fixture
def reviewer(campaign) -> ApiClient:
    return client_of(MemberFactory(campaign=campaign, role="reviewer").user, "export")


@pytest.fixture
def pair(campaign):
    prompt = PromptFactory(
        campaign=campaign, text="A bird", category="animals", external_id="prompt-3", metadata={"from": "book"}
    )
    maker = GeneratorFactory(campaign=campaign, name="model-x")
    made = {"seed": 9007199254740993, "parameters": {"steps": 30}, "generator": maker, "width": 1024, "height": 768}
    return PairFactory(
        campaign=campaign,
        prompt=prompt,
        image_a=ImageFactory(prompt=prompt, **made),
        image_b=ImageFactory(prompt=prompt),
        external_id="row-17",
        metadata={"run": [4, None]},
    )


def test_a_pair_has_the_columns_of_the_pairs_config_and_your_own_keys(pair, reviewer):
    body = reviewer.get(ADDRESSES["pairs"]).json()

    assert (body["next"], body["previous"]) == (None, None)
    [row] = body["results"]
    assert list(row) == [column.name for column in PAIRS.columns if column.name not in OF_RELEASES]
    told = {name: row[name] for name in ("pair_id", "prompt_id", "prompt", "category", "language", "generator_a", "generator_b")}
    assert told == {
        "pair_id": pair.pk,
        "prompt_id": pair.prompt_id,
        "prompt": "A bird",
        "category": "animals",
        "language": None,
        "generator_a": "model-x",
        "generator_b": None,
    }
    assert (row["external_id"], row["metadata"]) == ("row-17", {"run": [4, None]})
    assert (row["prompt_external_id"], row["prompt_metadata"]) == ("prompt-3", {"from": "book"})
    assert (row["seed_a"], row["parameters_a"], row["width_a"], row["height_a"]) == (9007199254740993, {"steps": 30}, 1024, 768)
    assert (row["seed_b"], row["parameters_b"], row["width_b"], row["height_b"]) == (None, {}, 64, 48)
    assert (row["sha256_a"], row["sha256_b"]) == (pair.image_a.sha256, pair.image_b.sha256)
    assert row["image_a"] == f"http://testserver/images/{pair.image_a.public_id}/full/"
    assert (row["n_votes"], row["label"], row["p_a"], row["confidence"]) == (0, None, None, None)


def test_it_says_what_people_answered_so_far_by_the_method_of_the_campaign(pair, reviewer):
    ConsensusFactory(pair=pair, label="a", n_a=3, n_b=1, p_a=0.75, p_b=0.25, share=0.75, confidence=0.8, agreement=0.5)
    ConsensusFactory(
        pair=pair, question=QuestionFactory(campaign=pair.campaign, slug="prompt", position=1), label="b", confidence=0.6
    )

    [row] = reviewer.get(ADDRESSES["pairs"]).json()["results"]
    assert (row["n_votes"], row["n_a"], row["n_b"], row["n_both_good"]) == (4, 3, 1, 0)
    assert (row["label"], row["share"], row["confidence"], row["agreement"], row["p_a"]) == ("a", 0.75, 0.8, 0.5, 0.75)

    ConsensusFactory(pair=pair, method="dawid_skene", label="b", n_a=3, n_b=1)
    assert reviewer.get(ADDRESSES["pairs"]).json()["results"][0]["label"] == "b"


def test_a_prompt_has_its_images_and_your_own_keys(pair, reviewer):
    [row] = reviewer.get(ADDRESSES["prompts"]).json()["results"]

    images = row.pop("images")
    assert row == {
        "prompt_id": pair.prompt_id,
        "prompt": "A bird",
        "category": "animals",
        "language": None,
        "external_id": "prompt-3",
        "metadata": {"from": "book"},
    }
    assert images[0] == {
        "sha256": pair.image_a.sha256,
        "generator": "model-x",
        "seed": 9007199254740993,
        "parameters": {"steps": 30},
        "width": 1024,
        "height": 768,
        "url": f"http://testserver/images/{pair.image_a.public_id}/full/",
    }
    assert (images[1]["generator"], images[1]["seed"], len(images)) == (None, None, 2)


@pytest.mark.parametrize(("what", "known"), [("pairs", "row-17"), ("prompts", "prompt-3")])
def test_one_is_found_by_ones_own_key(campaign, pair, reviewer, what, known):
    PairFactory(campaign=campaign)
    PairFactory(external_id=known, prompt__external_id=known)  # of another campaign

    def found(external_id: str) -> list[int]:
        return [row[f"{what[:-1]}_id"] for row in reviewer.get(ADDRESSES[what], {"external_id": external_id}).json()["results"]]

    assert found(known) == [pair.pk if what == "pairs" else pair.prompt_id]
    assert found("unknown") == []
    assert found("\x00") == []


@pytest.mark.parametrize("what", ADDRESSES)
def test_pages_hold_every_row_once_newest_first_at_a_bounded_cost(campaign, reviewer, what):
    PairFactory.create_batch(7, campaign=campaign)
    PairFactory.create_batch(2, campaign=CampaignFactory())
    name = f"{what[:-1]}_id"

    address, found, costs = f"{ADDRESSES[what]}?page_size=3", [], []
    while address:
        with CaptureQueriesContext(connection) as captured:
            body = reviewer.get(address).json()
        found += [row[name] for row in body["results"]]
        costs.append(len(captured))
        address = body["next"]

    assert found == sorted(found, reverse=True)
    assert set(found) == set((campaign.pairs if what == "pairs" else campaign.prompts).values_list("pk", flat=True))
    assert max(costs) <= 8


@pytest.mark.parametrize("what", ADDRESSES)
def test_annotators_stay_blind(campaign, pair, what):
    annotator = client_of(MemberFactory(campaign=campaign).user, "export", "annotate", "manage")

    assert_error(annotator.get(ADDRESSES[what]), 403, "not_a_reviewer")


@pytest.mark.parametrize("what", ADDRESSES)
def test_it_says_what_is_wrong_with_a_parameter(reviewer, what):
    assert_error(reviewer.get(ADDRESSES[what], {"cursor": "nonsense!"}), 400, "invalid", "cursor")
    assert_error(reviewer.get(ADDRESSES[what], {"page_size": "0"}), 400, "invalid", "page_size")


@pytest.mark.parametrize("what", ADDRESSES)
def test_nothing_can_be_sent_there(reviewer, what):
    assert_error(reviewer.post(ADDRESSES[what], {}), 405, "method_not_allowed")
