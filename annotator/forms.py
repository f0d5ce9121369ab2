"""What the pages accept."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from annotator.choices import Choice
from annotator.errors import Invalid
from annotator.voting import ELAPSED_MS_LIMIT

# A campaign with one question posts `choice`; one with several posts `choice_<question slug>` for each.
CHOICE_FIELD = "choice"
CHOICE_PREFIX = "choice_"


class LogInForm(AuthenticationForm):
    """Django's own, for a browser that fills it in."""

    error_messages = {
        "invalid_login": "That name and password do not fit together. Capital letters count in both.",
        "inactive": "This account is switched off. The managers of your campaign can tell you more.",
    }


class VoteForm(forms.Form):
    """An answer as the card posts it. The choices are looked at by `cast_vote`, which knows the campaign's questions."""

    question = forms.SlugField(required=False, help_text="Which question `choice` answers; the primary one if left out.")
    choice = forms.ChoiceField(required=False, choices=Choice.choices)
    elapsed_ms = forms.IntegerField(required=False, min_value=0, max_value=ELAPSED_MS_LIMIT)

    def choices(self) -> dict[str, str]:
        """Question slug to choice; the slug is "" for a lone choice that does not say which question it answers."""
        if self.cleaned_data["choice"]:
            return {self.cleaned_data["question"]: self.cleaned_data["choice"]}
        return {name.removeprefix(CHOICE_PREFIX): value for name, value in self.data.items() if name.startswith(CHOICE_PREFIX)}

    def require_valid(self) -> None:
        """Raises Invalid, naming the fields."""
        if not self.is_valid():
            errors = {field: [str(message) for message in messages] for field, messages in self.errors.items()}
            raise Invalid("That is not a possible answer.", errors=errors)
