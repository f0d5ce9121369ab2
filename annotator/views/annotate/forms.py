"""The forms behind the annotation page."""

from __future__ import annotations

import json

from django import forms
from django.utils.translation import gettext_lazy

from annotator.choices import (
    Choice,
    FlagReason,
)
from annotator.judging.conditions import Conditions, problem_with
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.models.judging import CONDITIONS_LENGTH
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.views.form_input import whole_number

# A campaign with one question posts `choice`; one with several posts `choice_<question slug>` for each.
CHOICE_FIELD = "choice"
CHOICE_PREFIX = "choice_"


class VoteForm(forms.Form):
    """An answer as the card posts it. `cast_vote` checks the choices, because it knows the campaign's questions."""

    question = forms.SlugField(
        required=False, help_text=gettext_lazy("Which question `choice` answers; the primary one if left out.")
    )
    choice = forms.ChoiceField(required=False, choices=Choice.choices)
    elapsed_ms = forms.Field(required=False)
    comment = forms.CharField(required=False, max_length=COMMENT_LIMIT)
    conditions = forms.CharField(required=False, max_length=CONDITIONS_LENGTH)

    def clean_elapsed_ms(self) -> int | None:
        """An impossible time becomes None, so that no vote is lost because of its time."""
        milliseconds = whole_number(self.cleaned_data["elapsed_ms"])
        return milliseconds if milliseconds is not None and milliseconds <= ELAPSED_MS_LIMIT else None

    def clean_conditions(self) -> Conditions | None:
        """As JSON; what is none becomes None, like a time."""
        try:
            conditions = json.loads(self.cleaned_data["conditions"] or "null")
        except (ValueError, RecursionError):
            return None
        return conditions if conditions is not None and problem_with(conditions) is None else None

    def choices(self) -> dict[str, str]:
        """Question slug to choice; "" for a single choice posted without its question."""
        if choice := self.cleaned_data["choice"]:
            return {self.cleaned_data["question"]: choice}
        named = {name: value for name, value in self.data.items() if name.startswith(CHOICE_PREFIX)}
        return {name.removeprefix(CHOICE_PREFIX) or name: value for name, value in named.items()}


class FlagForm(forms.Form):
    """What is wrong with a pair, as the card posts it."""

    reason = forms.ChoiceField(choices=FlagReason.choices)
    note = forms.CharField(required=False, max_length=FLAG_NOTE_LIMIT)


class AppealForm(forms.Form):
    message = forms.CharField(
        label=gettext_lazy("Message to the managers"),
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Write what they should know. They also see your statistics."),
    )


class WithdrawForm(forms.Form):
    is_sure = forms.BooleanField(
        label=gettext_lazy("I withdraw my consent and understand that I cannot come back"), required=True
    )
