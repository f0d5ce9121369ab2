"""The forms behind the annotation page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from annotator.choices import (
    Choice,
    FlagReason,
)
from annotator.errors import Invalid
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.models.reviewing import MESSAGE_LIMIT

# A campaign with one question posts `choice`; one with several posts `choice_<question slug>` for each.
CHOICE_FIELD = "choice"
CHOICE_PREFIX = "choice_"


class VoteForm(forms.Form):
    """An answer as the card posts it. `cast_vote` checks the choices, because it knows the campaign's questions."""

    question = forms.SlugField(required=False, help_text="Which question `choice` answers; the primary one if left out.")
    choice = forms.ChoiceField(required=False, choices=Choice.choices)
    elapsed_ms = forms.Field(required=False)
    comment = forms.CharField(required=False, max_length=COMMENT_LIMIT)

    def clean_elapsed_ms(self) -> int | None:
        """An impossible time becomes None, so that no vote is lost because of its time."""
        milliseconds = whole_number(self.cleaned_data["elapsed_ms"])
        return milliseconds if milliseconds is not None and milliseconds <= ELAPSED_MS_LIMIT else None

    def choices(self, primary: Callable[[], str]) -> dict[str, str]:
        """Question slug to choice. `primary` finds the slug for a single choice posted without its question."""
        if choice := self.cleaned_data["choice"]:
            return {self.cleaned_data["question"] or primary(): choice}
        return {name.removeprefix(CHOICE_PREFIX): value for name, value in self.data.items() if name.startswith(CHOICE_PREFIX)}


def whole_number(text: Any) -> int | None:
    """The text as an integer, or None if it is not a number of at most 18 digits."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 18 else None


class FlagForm(forms.Form):
    """What is wrong with a pair, as the card posts it."""

    reason = forms.ChoiceField(choices=FlagReason.choices)
    note = forms.CharField(required=False, max_length=FLAG_NOTE_LIMIT)


def require_valid(form: forms.Form, detail: str) -> None:
    """Raises Invalid with `detail` and the errors of each field, unless the form is valid."""
    if not form.is_valid():
        errors = {field: [str(message) for message in messages] for field, messages in form.errors.items()}
        raise Invalid(detail, errors=errors)


class AppealForm(forms.Form):
    message = forms.CharField(
        label="Message to the managers",
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Write what they should know. They also see your statistics.",
    )


class WithdrawForm(forms.Form):
    is_sure = forms.BooleanField(label="I withdraw my consent and understand that I cannot come back", required=True)
