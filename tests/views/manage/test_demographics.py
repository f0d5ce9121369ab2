"""The pages of the question by which annotators may describe themselves."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import MemberState, Role
from annotator.models import GroupQuestion, SelfDescription
from tests.factories import GroupQuestionFactory, MemberFactory, SelfDescriptionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> GroupQuestion:
    return GroupQuestionFactory(options=["never", "often"], people_min=7)


def test_the_managers_form_shows_what_is_asked_now(client, asked):
    client.force_login(MemberFactory(campaign=asked.campaign, role=Role.MANAGER).user)

    form = client.get(reverse("group_question", args=[asked.campaign.slug])).context["form"]

    assert form.initial == {"text": asked.text, "options": "never\noften", "people_min": 7}


def test_the_stop_button_counts_whatever_is_in_the_form(client, asked):
    client.force_login(MemberFactory(campaign=asked.campaign, role=Role.MANAGER).user)
    page = reverse("group_question", args=[asked.campaign.slug])

    assert client.post(page, {"stop": "", "text": "Another?", "options": "a\nb", "people_min": "5"}).url == page

    assert not GroupQuestion.objects.exists()


def test_an_annotator_sees_their_own_answer_alone(client, asked):
    SelfDescriptionFactory(member__campaign=asked.campaign, option="often")
    member = MemberFactory(campaign=asked.campaign)
    client.force_login(member.user)
    page = reverse("about_you", args=[asked.campaign.slug])
    assert client.get(page).context["answer"] is None

    client.post(page, {"option": "never"})

    assert client.get(page).context["answer"].option == "never"
    assert SelfDescription.objects.count() == 2


def test_a_form_without_an_answer_erases_the_one_before(client, asked):
    member = SelfDescriptionFactory(member__campaign=asked.campaign).member
    client.force_login(member.user)

    client.post(reverse("about_you", args=[asked.campaign.slug]), {})

    assert not SelfDescription.objects.exists()


@pytest.mark.parametrize("state", [MemberState.PAUSED, MemberState.SUSPENDED, MemberState.WITHDRAWN])
def test_who_may_not_judge_is_not_asked(client, asked, state):
    client.force_login(MemberFactory(campaign=asked.campaign, state=state).user)
    page = reverse("about_you", args=[asked.campaign.slug])

    assert client.get(page).status_code == 403
    assert client.post(page, {"option": "never"}).status_code == 403
    assert not SelfDescription.objects.exists()
