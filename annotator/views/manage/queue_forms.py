"""What the buttons of the review queue post."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.choices import Choice, RetireReason
from annotator.models import Flag, Question
from annotator.models.reviewing import MESSAGE_LIMIT

ID_MAX = 2**63 - 1


def seen_field() -> forms.IntegerField:
    """The newest outcome of the pair that the page showed."""
    return forms.IntegerField(min_value=0, max_value=ID_MAX, widget=forms.HiddenInput)


def note_field() -> forms.CharField:
    return forms.CharField(
        label=_("Note"),
        required=False,
        max_length=MESSAGE_LIMIT,
        help_text=_("Stored with the decision. Managers and reviewers see it."),
    )


def labelled(question: Question) -> list[tuple[str, str]]:
    """The choices of a question, for a menu."""
    return [(choice, str(Choice(choice).label)) for choice in question.choices]


class ReturnForm(forms.Form):
    seen = seen_field()


class RetireForm(forms.Form):
    seen = seen_field()
    reason = forms.ChoiceField(label=_("Reason"), choices=RetireReason.choices)
    unsafe_a = forms.BooleanField(label=_("Image A is unsafe"), required=False)
    unsafe_b = forms.BooleanField(label=_("Image B is unsafe"), required=False)
    note = note_field()


class DecideForm(forms.Form):
    """`decide` is the choice of the first question, from its button. The other questions have menus, which may stay empty."""

    seen = seen_field()
    decide = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, questions: list[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        cast(forms.ChoiceField, self.fields["decide"]).choices = [
            (choice, Choice(choice).label) for choice in questions[0].choices
        ]
        for question in questions[1:]:
            offered = [("", _("Not decided")), *((choice, Choice(choice).label) for choice in question.choices)]
            self.fields[f"choice_{question.slug}"] = forms.ChoiceField(label=question.text, choices=offered, required=False)

    def secondary_fields(self) -> list[forms.BoundField]:
        return [self[f"choice_{question.slug}"] for question in self.questions[1:]]

    def choices(self) -> dict[str, str]:
        """By the slug of the question, of a valid form."""
        found = {self.questions[0].slug: self.cleaned_data["decide"]}
        found |= {question.slug: self.cleaned_data[f"choice_{question.slug}"] for question in self.questions[1:]}
        return {slug: choice for slug, choice in found.items() if choice}


class MessageForm(forms.Form):
    """To one of those who flagged the pair."""

    seen = seen_field()
    flag = forms.TypedChoiceField(label=_("To"), coerce=int)
    text = forms.CharField(
        label=_("Message"),
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They see it on the annotation page. Never reveal which pairs have a known answer."),
    )

    def __init__(self, *args: Any, flags: list[Flag], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(flag.pk, str(flag.assignment.member.user)) for flag in flags]
        cast(forms.ChoiceField, self.fields["flag"]).choices = offered
