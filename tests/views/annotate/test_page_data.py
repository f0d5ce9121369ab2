"""What the script of the annotation page is told."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from annotator.accounts.preferences import change_preferences
from annotator.models import User
from annotator.views.annotate.page_data import controls_of
from annotator.views.annotate.page_state import next_state
from tests.factories import AssignmentFactory, QuestionFactory

pytestmark = pytest.mark.django_db


def test_buttons_stand_for_the_images_of_the_first_card(member):
    AssignmentFactory(member=member, pair__campaign=member.campaign, a_on_left=False)

    buttons = controls_of(next_state(member), member.user)["buttons"]

    assert [(one.shown.name, one.value) for one in buttons] == [
        ("left", "b"),
        ("right", "a"),
        ("both_good", "both_good"),
        ("both_bad", "both_bad"),
    ]


def test_each_question_has_its_own_choices_where_no_script_asks(member):
    AssignmentFactory(member=member, pair__campaign=member.campaign)
    QuestionFactory(campaign=member.campaign, position=1, slug="beauty", choices=["a", "b"])

    controls = controls_of(next_state(member), member.user)

    assert [len(buttons) for _, buttons in controls["question_buttons"]] == [4, 2]
    assert [one["choices"] for one in controls["page_data"]["questions"]][1] == ["a", "b"]


def test_the_page_has_it_as_json(browser, member):
    AssignmentFactory(member=member, pair__campaign=member.campaign)
    member.campaign.questions.update(text="</script><b>Which?")

    html = browser.get(reverse("annotate", args=[member.campaign.slug])).content.decode()

    data = json.loads(re.search(r'<script id="page-data" type="application/json">(.*?)</script>', html)[1])
    assert data["questions"][0]["text"] == "</script><b>Which?"
    addresses = data["addresses"]
    assert (addresses["assignments"], addresses["answers"], addresses["logIn"]) == ("/assignments/", "/answers/", "/login/")
    assert [one["name"] for one in data["choices"]] == ["left", "right", "both_good", "both_bad"]
    assert [(one["key"], one["label"]) for one in data["shortcuts"][:2]] == [("1", "Left is better"), ("2", "Right is better")]


def test_the_page_knows_what_somebody_prefers(browser, member):
    AssignmentFactory(member=member, pair__campaign=member.campaign)
    change_preferences(user=member.user, changes={"key_map": "left_hand", "own_keys": {"skip": "KeyK"}})

    preferences = controls_of(next_state(member), User.objects.get(pk=member.user_id))["page_data"]["preferences"]

    assert (preferences["key_map"], preferences["own_keys"]) == ("left_hand", {"skip": "KeyK"})
