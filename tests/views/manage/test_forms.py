"""What the console's forms accept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from annotator.errors import Conflict, Invalid
from annotator.views.form_input import add_domain_error
from annotator.views.manage.forms import (
    GoldForm,
    GuidelineForm,
    ImportForm,
    InviteForm,
    MemberForm,
    TraineeForm,
)
from tests.factories import UserFactory


def test_a_refusal_is_said_beside_its_fields_and_else_above_the_form():
    form = GuidelineForm({"text": "Text."})
    assert form.is_valid()

    add_domain_error(form, Invalid("Wrong.", errors={"text": ["Too old."], "slug": ["Of no field here."]}))
    assert dict(form.errors) == {"text": ["Too old."]}

    form = GuidelineForm({"text": "Text."})
    assert form.is_valid()
    add_domain_error(form, Conflict("Somebody was faster.", errors={"slug": ["Of no field here."]}))
    assert form.non_field_errors() == ["Somebody was faster."]


@pytest.mark.parametrize("days", [0, 1, 400])
def test_a_link_works_through_its_last_day_in_utc(days):
    day = timezone.now().date() + timedelta(days=days)
    form = InviteForm({"role": "annotator", "expires_on": day.isoformat()})

    assert form.is_valid(), form.errors
    assert form.expires_at() == datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"expires_on": (timezone.now() - timedelta(days=1)).date().isoformat()}, "expires_on"),
        ({"expires_on": date.max.isoformat()}, "expires_on"),
        ({"expires_on": "tomorrow"}, "expires_on"),
        ({"uses_max": "0"}, "uses_max"),
        ({"uses_max": str(2**31)}, "uses_max"),
        ({"role": "owner"}, "role"),
    ],
)
def test_a_link_that_cannot_be_is_refused_at_its_field(changes, field):
    assert list(InviteForm({"role": "annotator"} | changes).errors) == [field]


def test_a_link_without_a_last_day_has_no_end():
    form = InviteForm({"role": "annotator"})

    assert form.is_valid()
    assert form.expires_at() is None


@pytest.mark.django_db
def test_a_person_is_found_by_user_name_before_any_address():
    named = UserFactory(username="ana@example.org", email="other@example.org")
    UserFactory(username="ana", email="ana@example.org")

    def found(person: str):
        form = MemberForm({"person": person, "role": "annotator"})
        return form.cleaned_data["person"] if form.is_valid() else list(form.errors)

    assert found("ana@example.org") == named
    assert found("Other@Example.org") == named
    assert found("nobody@example.org") == ["person"]
    UserFactory(email="other@example.org")
    assert found("other@example.org") == ["person"]  # which of the two?


@pytest.mark.django_db
def test_no_kind_is_no_wish():
    UserFactory(username="ana")
    for kind, wish in (("", None), ("human", "human"), ("machine", "machine")):
        form = MemberForm({"person": "ana", "role": "annotator", "kind": kind})
        assert form.is_valid()
        assert form.cleaned_data["kind"] == wish


def test_a_known_answer_is_one_that_the_question_allows_or_none():
    def is_valid(choice: str) -> bool:
        return GoldForm({"gold_choice": choice, "gold_use": "check"}, choices=["a", "b"]).is_valid()

    assert [is_valid(choice) for choice in ("", "a", "b", "both_good", "left")] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "column_map"),
    [
        ("", {}),
        ("\n \n", {}),
        ("image_a = left\r\nimage_b=right=2", {"image_a": "left", "image_b": "right=2"}),
        ("image_a=one\nimage_a=two", {"image_a": "two"}),
        ("image_a", None),
        ("theirs=image_a", None),
        ("image_a=", None),
    ],
)
def test_columns_are_written_one_a_line(text, column_map):
    form = ImportForm({"column_map": text}, {"file": SimpleUploadedFile("pairs.jsonl", b"{}")})

    assert form.is_valid() is (column_map is not None)
    assert form.cleaned_data.get("column_map") == column_map


@pytest.mark.parametrize(
    ("form", "data", "is_valid"),
    [
        (TraineeForm, {"member": "7", "decision": "try"}, True),
        (TraineeForm, {"member": "0", "decision": "try"}, False),
        (TraineeForm, {"member": "7"}, False),
    ],
)
def test_a_button_posts_a_row_and_a_decision(form, data, is_valid):
    assert form(data).is_valid() is is_valid
