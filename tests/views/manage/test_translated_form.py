"""A question and a guideline in several languages: as managers write them, and as annotators and scripts read them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Guideline, Member, Question
from tests.factories import MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER, campaign__state="draft")
    client.force_login(manager.user)
    return manager


def test_annotators_read_the_question_and_the_guideline_in_their_language(client, manager):
    slug = manager.campaign.slug
    rows = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 0, "form-0-text": "Which is better?", "form-0-order": 1}
    client.post(reverse("questions", args=[slug]), rows | {"form-0-slug": "overall", "form-0-text_ja": "どちらが良いですか？"})
    guideline = {"text": "# Look closely", "text_ja": "# よく見てください", "text_zh_hans": "# 请仔细看"}
    assert client.post(reverse("edit_guideline", args=[slug]), guideline).status_code == 302

    assert Question.objects.get().translations == {"ja": "どちらが良いですか？"}
    assert Guideline.objects.get().translations == {"ja": "# よく見てください", "zh-hans": "# 请仔细看"}
    for page, words in (("questions", "どちらが良いですか？"), ("edit_guideline", "# よく見てください")):
        assert words in client.get(reverse(page, args=[slug])).content.decode()

    campaign = manager.campaign
    campaign.state = "open"
    campaign.save(update_fields=["state"])
    PairFactory(campaign=campaign)
    current = Guideline.objects.get()
    annotator = MemberFactory(campaign=campaign, guideline_accepted=current, guideline_accepted_at=current.published_at)
    client.force_login(annotator.user)
    for accepted, ask, guide in (
        ("ja", "どちらが良いですか？", "よく見てください"),
        ("zh-hans", "Which is better?", "请仔细看"),
        ("fr", "Which is better?", "Look closely"),
    ):
        html = client.get(reverse("annotate", args=[slug]), headers={"Accept-Language": accepted}).content.decode()
        assert f"{ask}</legend>" in html
        assert f">{guide}</h3>" in html
        page = client.get(reverse("guideline", args=[slug]), headers={"Accept-Language": accepted}).content.decode()
        assert f">{guide}</h2>" in page


def test_a_translation_that_is_too_long_is_refused_where_it_stands(client, manager):
    rows = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 0,
        "form-0-text": "Which?",
        "form-0-order": 1,
        "form-0-text_de": "W" * 301,
    }

    response = client.post(reverse("questions", args=[manager.campaign.slug]), rows)

    assert response.status_code == 400
    assert 'id="id_form-0-text_de_error"' in response.content.decode()
    assert Question.objects.get().translations == {}
