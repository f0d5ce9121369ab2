from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from annotator.models import Campaign, Member
from tests.api.clients import assert_error, client_of
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/"


def staff(*scopes: str):
    return client_of(UserFactory(is_staff=True), *scopes)


def test_it_lists_the_campaigns_of_a_member_newest_first():
    user = UserFactory()
    first, second = CampaignFactory(), CampaignFactory()
    CampaignFactory()
    for campaign in (first, second):
        MemberFactory(campaign=campaign, user=user)

    response = client_of(user, "annotate").get(ADDRESS)

    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    body = response.json()
    assert body.keys() == {"next", "previous", "results"}
    assert [campaign["slug"] for campaign in body["results"]] == [second.slug, first.slug]


def test_a_superuser_sees_all_campaigns():
    CampaignFactory.create_batch(2)

    assert len(client_of(UserFactory(is_superuser=True)).get(ADDRESS).json()["results"]) == 2


def test_somebody_without_campaigns_sees_none():
    CampaignFactory()

    assert client_of(UserFactory()).get(ADDRESS).json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("number", [3, 30])
def test_it_asks_the_database_as_often_for_many_as_for_few(number, django_assert_num_queries):
    user = UserFactory()
    for _ in range(number):
        MemberFactory(user=user)
    client = client_of(user)
    client.get(ADDRESS)

    with django_assert_num_queries(4):  # token, campaigns with progress, questions, own memberships
        response = client.get(ADDRESS)

    assert len(response.json()["results"]) == number


def test_cursors_lead_through_all_pages_and_back_while_campaigns_are_added():
    user = UserFactory()
    slugs = [MemberFactory(user=user).campaign.slug for _ in range(5)]
    client = client_of(user)

    pages = [client.get(f"{ADDRESS}?page_size=2").json()]
    MemberFactory(user=user)  # newer than what is being read
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json())

    assert [campaign["slug"] for page in pages for campaign in page["results"]] == slugs[::-1]
    assert client.get(pages[2]["previous"]).json()["results"] == pages[1]["results"]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "é", "%00", "bz0tMQ==", "cj14", "===="]
)
def test_it_refuses_what_is_no_cursor(cursor):
    assert_error(client_of(UserFactory()).get(f"{ADDRESS}?cursor={cursor}"), 400, "invalid", "cursor")


@pytest.mark.parametrize("size", ["", "0", "-1", "201", "x", "1.5", "9" * 5000, "٣"])
def test_it_refuses_a_page_size_that_is_none(size):
    assert_error(client_of(UserFactory()).get(f"{ADDRESS}?page_size={size}"), 400, "invalid", "page_size")


def test_staff_make_a_campaign_and_manage_it():
    client = staff("manage")

    response = client.post(
        ADDRESS,
        {
            "slug": "flux.1-vs_sd",
            "name": "Flux against SD",
            "description": "Which is better?",
            "votes_wanted": 5,
            "lease_seconds": 600,
            "pairing_rule": "ring",
            "questions": [
                {"slug": "overall", "text": "Which is better?", "translations": {"de": "Was ist besser?"}},
                {"slug": "prompt", "text": "Which follows the prompt?", "choices": ["both_bad", "b", "a"]},
            ],
            "guideline": "Look at *both*.",
        },
    )

    assert response.status_code == 201, response.content
    assert response["Location"] == "http://testserver/api/v1/campaigns/flux.1-vs_sd/"
    body = response.json()
    choices = ["a", "b", "both_good", "both_bad"]
    created_at = body.pop("created_at")
    assert created_at.endswith("Z")
    assert body.pop("progress")["pairs_total"] == 0
    assert body == {
        "slug": "flux.1-vs_sd",
        "name": "Flux against SD",
        "description": "Which is better?",
        "state": "draft",
        "votes_wanted": 5,
        "votes_max": 5,
        "stop_confidence": 0.9,
        "audit_rate": 0.05,
        "lease_seconds": 600,
        "pairing_rule": "ring",
        "answer_ms_min": 250,
        "pairs_per_image": 4,
        "random_pair_share": 0.2,
        "consensus_method": "majority",
        "limit_per_day": None,
        "limit_total": None,
        "limit_share": None,
        "flags_to_hold": 2,
        "undo_votes": 10,
        "undo_minutes": 15,
        "gold_rate": 0.1,
        "repeat_rate": 0.05,
        "repeat_after": 20,
        "training_pairs": 0,
        "training_pass_mark": 0.8,
        "training_tries": 2,
        "completion_code": "",
        "return_url": "",
        "asks_comment": False,
        "data_is_public": False,
        "licence": "",
        "citation": "",
        "share_validation": 0.1,
        "share_test": 0.1,
        "questions": [
            {"slug": "overall", "text": "Which is better?", "choices": choices, "translations": {"de": "Was ist besser?"}},
            {"slug": "prompt", "text": "Which follows the prompt?", "choices": ["a", "b", "both_bad"], "translations": {}},
        ],
        "member": {"role": "manager", "state": "active", "answered_count": 0},
    }
    campaign = Campaign.objects.get()
    assert campaign.created_by == Member.objects.get().user
    assert campaign.guidelines.get().text == "Look at *both*."
    assert client.get(response["Location"]).json()["slug"] == "flux.1-vs_sd"


def test_a_slug_and_a_name_are_enough():
    body = staff().post(ADDRESS, {"slug": "small", "name": "Small"}).json()

    assert (body["state"], body["votes_wanted"], body["lease_seconds"], body["pairing_rule"]) == ("draft", 3, 1800, "all_pairs")
    assert [question["slug"] for question in body["questions"]] == ["overall"]


def test_a_campaign_can_be_made_open():
    assert staff().post(ADDRESS, {"slug": "small", "name": "Small", "state": "open"}).json()["state"] == "open"


def test_somebody_with_the_permission_may_make_campaigns():
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="add_campaign"))

    assert client_of(user).post(ADDRESS, {"slug": "small", "name": "Small"}).status_code == 201


def test_others_may_not():
    assert_error(client_of(UserFactory()).post(ADDRESS, {"slug": "small", "name": "Small"}), 403, "may_not_create")
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": None}, "slug"),
        ({"slug": "Upper"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "a" * 97}, "slug"),
        ({"slug": 5}, "slug"),
        ({"slug": ["a"]}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": {"en": "x"}}, "name"),
        ({"name": True}, "name"),
        ({"state": "closed"}, "state"),
        ({"state": []}, "state"),
        ({"description": 5}, "description"),
        ({"guideline": []}, "guideline"),
        ({"questions": {}}, "questions"),
        ({"questions": [5]}, "questions.0"),
        ({"questions": [{"slug": "overall"}]}, "questions.0.text"),
        ({"questions": [{"slug": "Overall", "text": "?"}]}, "questions.0.slug"),
        ({"questions": [{"slug": "overall", "text": "?", "weight": 1}]}, "questions.0.weight"),
        ({"questions": [{"slug": "x", "text": "?"}, {"slug": "x", "text": "?"}]}, "questions"),
        ({"questions": [{"slug": f"q{n}", "text": "?"} for n in range(21)]}, "questions"),
        ({"vote_wanted": 3}, "vote_wanted"),
        ({"progress": {}}, "progress"),
    ],
)
def test_it_names_the_field_that_is_wrong(change, field):
    body = {"slug": "small", "name": "Small"} | change

    assert_error(staff().post(ADDRESS, body), 400, "invalid", field)
    assert not Campaign.objects.exists()


def test_a_slug_is_given_once():
    CampaignFactory(slug="small")

    assert_error(staff().post(ADDRESS, {"slug": "small", "name": "Small"}), 400, "invalid", "slug")
