"""What forms of all pages share: numbers in text, and errors from and to the domain."""

from __future__ import annotations

from typing import Any

from django import forms

from annotator.errors import DomainError, Invalid


def whole_number(text: Any) -> int | None:
    """The text as an integer, or None if it is not a number of at most 18 digits."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 18 else None


def require_valid(form: forms.Form, detail: str) -> None:
    """Raises Invalid with `detail` and the errors of each field, unless the form is valid."""
    if not form.is_valid():
        errors = {field: [str(message) for message in messages] for field, messages in form.errors.items()}
        raise Invalid(detail, errors=errors)


def add_domain_error(form: forms.BaseForm, error: DomainError) -> None:
    """Say in the form what a verb refused: beside the fields it names, else above all of them."""
    named = {field: reasons for field, reasons in error.errors.items() if field in form.fields}
    for field, reasons in named.items():
        form.add_error(field, reasons)
    if not named:
        form.add_error(None, error.detail)
