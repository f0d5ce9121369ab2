"""The forms of a campaign's rules and questions."""

from __future__ import annotations

from typing import Any

import pytest

from annotator.campaigns.questions import QUESTIONS_LIMIT, NewQuestion
from annotator.models import Campaign
from annotator.views.manage.campaign_forms import CampaignForm, NewCampaignForm, QuestionFormSet


def posted(form: type[CampaignForm] = CampaignForm, **changes: Any) -> dict[str, Any]:
    """What a browser posts of the form as it is shown at first, with these changes; None leaves a field out."""
    unbound = form()
    data = {name: unbound.get_initial_for_field(field, name) for name, field in unbound.fields.items()}
    data |= {"name": "Birds", "pairing_rule": "ring"} | changes
    return {name: value for name, value in data.items() if value is not None and value is not False}


def test_a_new_campaigns_form_shows_the_models_defaults():
    form = NewCampaignForm()

    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}

    defaults = {field.name: field.get_default() for field in Campaign._meta.concrete_fields if field.name in shown}
    wrong = {
        name: (value, defaults[name])
        for name, value in shown.items()
        if name in defaults and value is not None and value != defaults[name]
    }
    assert not wrong


def test_the_form_as_it_is_shown_is_valid():
    form = CampaignForm(posted())

    assert form.is_valid(), form.errors
    assert form.cleaned_data["votes_wanted"] == 3
    assert form.cleaned_data["limit_total"] is None
    assert form.cleaned_data["data_is_public"] is False


@pytest.mark.parametrize(
    ("name", "slug", "made"),
    [
        ("Birds of Bonn, 2026!", "", "birds-of-bonn-2026"),
        ("Vögel", "", "vogel"),
        ("x" * 95 + " yz", "", "x" * 95),
        ("Birds", "cats.v2", "cats.v2"),
    ],
)
def test_a_short_name_is_made_of_the_name_where_none_is_written(name, slug, made):
    form = NewCampaignForm(posted(NewCampaignForm, name=name, slug=slug))

    assert form.is_valid(), form.errors
    assert form.cleaned_data["slug"] == made


@pytest.mark.parametrize(("name", "slug"), [("鳥", ""), ("!!!", ""), ("Birds", "Birds"), ("Birds", "a..b"), ("Birds", "-a")])
def test_a_name_that_gives_no_short_name_asks_for_one(name, slug):
    assert list(NewCampaignForm(posted(NewCampaignForm, name=name, slug=slug)).errors) == ["slug"]


def rows(*questions: dict[str, str]) -> Any:
    data = {"form-TOTAL_FORMS": str(len(questions)), "form-INITIAL_FORMS": "0"}
    for number, question in enumerate(questions):
        data |= {f"form-{number}-{name}": value for name, value in question.items()}
    return QuestionFormSet(data)


def test_rows_become_questions_in_the_order_of_their_numbers():
    found = rows(
        {"text": "Which is prettier?", "order": "2", "both_good": "on"},
        {"text": "", "slug": "nothing", "order": "1"},
        {"text": "Which last?"},  # no number: at the end
        {"text": "Which fits?", "slug": "fit", "order": "1", "both_good": "on", "both_bad": "on"},
    )

    assert found.is_valid(), found.errors
    assert found.asked() == [
        NewQuestion("fit", "Which fits?", ("a", "b", "both_good", "both_bad"), {}),
        NewQuestion("which_is_prettier", "Which is prettier?", ("a", "b", "both_good"), {}),
        NewQuestion("which_last", "Which last?", ("a", "b"), {}),
    ]


@pytest.mark.parametrize(("text", "slug"), [("2nd choice?", "nd_choice"), ("鳥?", "question"), ("w" * 60, "w" * 48)])
def test_a_questions_short_name_is_one_that_votes_can_carry(text, slug):
    found = rows({"text": text})

    assert found.is_valid(), found.errors
    assert found.asked()[0].slug == slug


@pytest.mark.parametrize(
    "question", [{"order": "0"}, {"order": str(QUESTIONS_LIMIT + 1)}, {"slug": "Not This"}, {"text": "x" * 301}]
)
def test_a_row_that_cannot_be_is_refused(question):
    assert not rows({"text": "Which?"} | question).is_valid()
