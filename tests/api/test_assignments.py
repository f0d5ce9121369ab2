from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Generator, Image, Pair
from tests.api.clients import ApiClient, assert_error, browser_of, client_of, sent_tasks
from tests.factories import (
    CampaignFactory,
    GeneratorFactory,
    ImageFactory,
    MemberFactory,
    PairFactory,
    QuestionFactory,
)

pytestmark = pytest.mark.django_db


def address(campaign) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/assignments/"


def annotator(pairs: int = 1, **values):
    member = MemberFactory(**values)
    PairFactory.create_batch(pairs, campaign=member.campaign)
    return member, client_of(member.user, "annotate")


def test_it_is_a_pair_to_judge():
    member, client = annotator()
    Image.objects.update(width=1024, height=768)

    response = client.post(address(member.campaign))

    assert response.status_code == 200, response.content
    assignment = Assignment.objects.get()
    pair = Pair.objects.get()
    body = response.json()
    expires_at = datetime.fromisoformat(body.pop("expires_at"))
    assert abs(expires_at - timezone.now() - timedelta(minutes=30)) < timedelta(minutes=1)
    sides = [
        {"slot": slot, "url": f"http://testserver/images/{image.public_id}/1280/", "width": 1024, "height": 768}
        for slot, image in (("a", pair.image_a), ("b", pair.image_b))
    ]
    left, right = sides if assignment.a_on_left else sides[::-1]
    assert body == {
        "id": ASSIGNMENTS.show(assignment.pk),
        "prompt": pair.prompt.text,
        "left": left,
        "right": right,
        "questions": [
            {
                "slug": "overall",
                "text": "Which image is better overall?",
                "choices": ["a", "b", "both_good", "both_bad"],
                "translations": {},
            }
        ],
    }
    assert assignment.shown_at is not None


@pytest.mark.parametrize("a_on_left", [True, False])
def test_each_slot_keeps_its_image_whatever_its_side(a_on_left):
    member, client = annotator()
    client.post(address(member.campaign))
    Assignment.objects.update(a_on_left=a_on_left)

    body = client.post(address(member.campaign)).json()

    pair = Pair.objects.get()
    sides = {side["slot"]: side["url"] for side in (body["left"], body["right"])}
    assert body["left"]["slot"] == ("a" if a_on_left else "b")
    assert str(pair.image_a.public_id) in sides["a"]
    assert str(pair.image_b.public_id) in sides["b"]


def test_it_is_the_same_one_until_it_is_answered():
    member, client = annotator(pairs=3)

    first = client.post(address(member.campaign)).json()["id"]
    again = client.post(address(member.campaign)).json()["id"]
    client.post(f"/api/v1/assignments/{first}/vote/", {"choice": "a"})
    after = client.post(address(member.campaign)).json()["id"]

    assert first == again
    assert after != first


def test_several_come_as_a_list_oldest_first():
    member, client = annotator(pairs=5)

    one = client.post(address(member.campaign)).json()
    three = client.post(f"{address(member.campaign)}?count=3").json()

    pks = [ASSIGNMENTS.find(assignment["id"]) for assignment in three]
    assert pks == sorted(pks)
    assert len(three) == 3
    assert three[0]["id"] == one["id"]
    assert [len(client.post(f"{address(member.campaign)}?count={count}").json()) for count in (1, 10)] == [1, 5]


@pytest.mark.parametrize("query", ["", "?count=3"])
def test_nothing_left_is_no_content(query):
    member, client = annotator(pairs=0)

    response = client.post(address(member.campaign) + query)

    assert (response.status_code, response.content) == (204, b"")


def test_it_asks_all_questions_in_order():
    member, client = annotator()
    QuestionFactory(campaign=member.campaign, slug="prompt", text="Which follows the prompt?", position=1, choices=["a", "b"])

    questions = client.post(address(member.campaign)).json()["questions"]

    assert [question["slug"] for question in questions] == ["overall", "prompt"]
    assert questions[1]["choices"] == ["a", "b"]


def test_it_tells_nothing_but_the_pair():
    member = MemberFactory()
    generator = GeneratorFactory(campaign=member.campaign, name="FLUX.1-dev")
    pair = PairFactory(campaign=member.campaign, external_id="secret-external", metadata={"secret": "metadata"})
    Image.objects.update(generator=generator, seed=987654321, parameters={"secret": "parameters"})
    ImageFactory(prompt=pair.prompt)

    response = client_of(member.user).post(address(member.campaign))

    text = response.content.decode() + str(response.headers)
    for image in Image.objects.all():
        assert image.sha256 not in text
    for secret in ("FLUX", "secret", "987654321", "kind", "regular", "gold"):
        assert secret not in text
    assert Generator.objects.exists()


def test_a_low_queue_is_filled_by_a_worker():
    member, client = annotator(pairs=12)
    client.post(address(member.campaign))
    Assignment.objects.filter(pk__in=Assignment.objects.order_by("pk")[:6].values("pk")).update(
        state="answered", closed_at=timezone.now()
    )

    with sent_tasks() as tasks:
        client.post(address(member.campaign))

    assert tasks == [("refill_queue", [member.pk])]


def test_a_full_queue_is_left_alone():
    member, client = annotator(pairs=12)

    with sent_tasks() as tasks:
        client.post(address(member.campaign))

    assert tasks == []


def test_it_takes_few_queries(django_assert_max_num_queries):
    member, client = annotator(pairs=12)
    client.post(address(member.campaign))

    # token, membership, queue, lease, questions; and the savepoint of a test's transaction
    with django_assert_max_num_queries(5 + 2):
        client.post(f"{address(member.campaign)}?count=10")


def test_a_browser_may_ask_too():
    member, _ = annotator()

    assert browser_of(member.user).post(address(member.campaign)).status_code == 200


def test_the_images_open_to_the_token():
    member, client = annotator()
    url = client.post(address(member.campaign)).json()["left"]["url"]

    # The row has no stored file here: what counts is that the answer is not that of somebody without a token.
    assert client.get(url).status_code == 404
    assert ApiClient().get(url).status_code in (302, 404)


@pytest.mark.parametrize("count", ["0", "11", "-1", "x", "", "1.0", "9" * 40, "%00"])
def test_it_refuses_a_count_that_is_none(count):
    member, client = annotator()

    assert_error(client.post(f"{address(member.campaign)}?count={count}"), 400, "invalid", "count")


def test_it_takes_no_body():
    member, client = annotator()

    assert client.post(address(member.campaign), b"", content_type="application/x-www-form-urlencoded").status_code == 200
    assert_error(client.post(address(member.campaign), {"count": 3}), 400, "invalid", "count")


@pytest.mark.parametrize("state", ["draft", "paused", "closed"])
def test_a_campaign_that_is_not_open_hands_out_nothing(state):
    member, client = annotator(campaign=CampaignFactory(state=state))

    assert_error(client.post(address(member.campaign)), 403, f"campaign_{state}")


@pytest.mark.parametrize("state", ["paused", "suspended", "withdrawn"])
def test_a_member_who_is_not_active_gets_nothing(state):
    member, client = annotator(state=state)

    assert_error(client.post(address(member.campaign)), 403, f"member_{state}")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"limit_per_day": 1}, "daily limit of one vote"),
        ({"limit_total": 1}, "limit of one vote per person"),
        ({"limit_share": 0.001}, "of this campaign's votes per person"),
    ],
)
def test_who_has_reached_a_limit_is_told_which(rules, words):
    member, client = annotator(pairs=3, campaign=CampaignFactory(**rules))
    first = client.post(address(member.campaign)).json()["id"]
    client.post(f"/api/v1/assignments/{first}/vote/", {"choice": "a"})

    response = client.post(address(member.campaign))

    assert_error(response, 403, *rules)
    assert words in response.json()["detail"]
