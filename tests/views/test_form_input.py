"""Numbers in text, and errors between forms and verbs."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from annotator.errors import Conflict, Invalid
from annotator.views.form_input import add_domain_error, require_valid, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        (" 1", None),
        ("²", None),
        ("٣", None),
        (None, None),
        (3, None),
    ],
)
def test_only_plain_digits_are_a_number(text: Any, number: int | None) -> None:
    assert whole_number(text) == number


class PairForm(forms.Form):
    votes = forms.IntegerField(max_value=5)
    note = forms.CharField(required=False)


def test_a_valid_form_raises_nothing() -> None:
    form = PairForm({"votes": "5"})
    require_valid(form, "That cannot be.")
    assert form.cleaned_data == {"votes": 5, "note": ""}


def test_errors_of_a_form_are_raised_by_field() -> None:
    with pytest.raises(Invalid) as error:
        require_valid(PairForm({"votes": "9"}), "That cannot be.")
    assert error.value.detail == "That cannot be."
    assert error.value.errors == {"votes": ["Ensure this value is less than or equal to 5."]}


def test_a_refusal_is_shown_beside_the_fields_that_it_names() -> None:
    form = PairForm({"votes": "5"})
    add_domain_error(form, Invalid("That cannot be.", errors={"votes": ["Use 4 or less."], "elsewhere": ["No."]}))
    assert form.errors == {"votes": ["Use 4 or less."]}


@pytest.mark.parametrize(
    "error", [Conflict("Somebody was faster.", code="late"), Invalid("Somebody was faster.", errors={"elsewhere": ["No."]})]
)
def test_a_refusal_that_names_no_field_of_the_form_is_shown_above_it(error: Conflict | Invalid) -> None:
    form = PairForm({"votes": "5"})
    add_domain_error(form, error)
    assert form.errors == {"__all__": ["Somebody was faster."]}
