from __future__ import annotations

import pytest

from annotator.scoring.statistics import compute_statistics
from tests.api.clients import assert_error, client_of
from tests.factories import GeneratorFactory, ImageFactory, MemberFactory, PairFactory, PromptFactory
from tests.released import vote

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

ENDPOINTS = ["stats", "leaderboard"]


def address(campaign, endpoint: str = "stats") -> str:
    return f"/api/v1/campaigns/{campaign.slug}/{endpoint}/"


def member_with(role: str, *scopes: str):
    member = MemberFactory(role=role)
    return member.campaign, client_of(member.user, *scopes)


def judge(campaign) -> None:
    """Three votes for one generator and one for another, counted."""
    prompt = PromptFactory(campaign=campaign)
    ours, theirs = (GeneratorFactory(campaign=campaign, name=name) for name in ("ours", "theirs"))
    for choice in "aaab":
        images = [ImageFactory(prompt=prompt, generator=maker) for maker in (ours, theirs)]
        vote(PairFactory(campaign=campaign, prompt=prompt, image_a=images[0], image_b=images[1]), choice)
    compute_statistics(campaign=campaign)


@pytest.mark.parametrize("role", ["reviewer", "manager"])
@pytest.mark.parametrize("scope", ["export", "manage"])
def test_it_has_what_was_computed(role, scope):
    campaign, client = member_with(role, scope)
    judge(campaign)

    body = client.get(address(campaign)).json()

    assert (body["campaign"], body["votes_counted"], body["progress"]["votes"]) == (campaign.slug, 4, 4)
    assert {"agreement", "position", "gold", "throughput"} <= body.keys()


def test_the_leaderboard_has_scores_and_intervals():
    campaign, client = member_with("reviewer", "export")
    judge(campaign)

    body = client.get(address(campaign, "leaderboard")).json()

    assert (body["campaign"], body["votes_counted"], body["refusal"]) == (campaign.slug, 4, None)
    assert [row["generator"] for row in body["generators"]] == ["ours", "theirs"]
    assert body["generators"][0]["lower"] < body["generators"][0]["score"] < body["generators"][0]["upper"]


def test_the_leaderboard_of_a_question_and_category_can_be_chosen():
    campaign, client = member_with("manager")
    judge(campaign)
    first = client.get(address(campaign, "leaderboard")).json()
    assert (first["question"], first["category"]) == ("overall", None)
    assert first["p_beats"][0][1] == pytest.approx(0.75, abs=1e-5)
    assert client.get(address(campaign, "leaderboard"), {"question": "overall"}).json() == first
    assert_error(client.get(address(campaign, "leaderboard"), {"question": "beauty"}), 404, "not_found")
    assert_error(client.get(address(campaign, "leaderboard"), {"category": "cats"}), 404, "not_found")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_before_the_first_time_it_says_so(endpoint):
    campaign, client = member_with("manager")

    body = client.get(address(campaign, endpoint)).json()

    assert (body["computed_at"], body["votes_counted"]) == (None, 0)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_who_has_it_is_told_that_nothing_changed(endpoint):
    campaign, client = member_with("manager")
    judge(campaign)
    first = client.get(address(campaign, endpoint))

    again = client.get(address(campaign, endpoint), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"

    vote(campaign.pairs.first(), "a")
    compute_statistics(campaign=campaign)
    changed = client.get(address(campaign, endpoint), headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed.json()["votes_counted"] == 5


def test_it_is_read_and_not_computed(django_assert_num_queries):
    campaign, client = member_with("manager")
    judge(campaign)
    client.get(address(campaign))

    with django_assert_num_queries(3):  # token, membership, document
        client.get(address(campaign))


def test_it_is_as_the_openapi_document_says():
    campaign, client = member_with("manager")
    judge(campaign)
    body = client.get(address(campaign)).json()
    schemas = client.get("/api/v1/schema/").json()["components"]["schemas"]

    def check(value, schema: dict) -> None:
        if "allOf" in schema:
            [schema] = [part if "$ref" in part else {} for part in schema["allOf"]]
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        match value:
            case dict():
                assert value.keys() == schema["properties"].keys() == set(schema["required"])
                for name, inner in value.items():
                    if inner is None:
                        continue
                    check(inner, schema["properties"][name])
            case list():
                for inner in value:
                    check(inner, schema["items"])
            case bool():
                assert schema["type"] == "boolean"
            case int() | float():
                assert schema["type"] in ("integer", "number")
            case str():
                assert schema["type"] == "string"

    check(body, {"$ref": "#/components/schemas/Statistics"})
