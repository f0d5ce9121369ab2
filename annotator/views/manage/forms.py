"""What the pages accept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotator.campaigns.platform_tokens import PROLIFIC_KEYS, SECRET_LENGTH
from annotator.choices import (
    CAMPAIGN_EVENTS,
    Choice,
    GoldUse,
    MemberKind,
    MemberState,
    Role,
)
from annotator.errors import Invalid
from annotator.importing.lifecycle import check_column_map
from annotator.judging.voting import FLAG_NOTE_LIMIT
from annotator.models import User
from annotator.models.campaigns import (
    CHANGE_NOTE_LIMIT,
    GROUP_PEOPLE_LEAST,
    GROUP_PEOPLE_MIN,
)
from annotator.models.webhooks import URL_LIMIT
from annotator.quality.member_list import ORDERS, MemberFilter
from annotator.views.manage.translated_form import TranslatedForm


class GuidelineForm(TranslatedForm):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=gettext_lazy("Markdown: headings, lists, tables, links."),
    )
    change_note = forms.CharField(
        label=gettext_lazy("Change note"),
        required=False,
        max_length=CHANGE_NOTE_LIMIT,
        help_text=gettext_lazy("Shown to annotators who accepted the last version, above the changed lines."),
    )


class ConsentTextForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=gettext_lazy("Markdown. State what you collect, why, who sees it, and how to withdraw."),
    )


class InviteForm(forms.Form):
    """A link by which people join."""

    note = forms.CharField(
        label=gettext_lazy("Name of the link"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Helps you tell links apart. Only managers see it."),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANNOTATOR)
    for_crowd = forms.BooleanField(
        label=gettext_lazy("For a crowd platform"),
        required=False,
        help_text=gettext_lazy(
            "Participants need no account. The platform identifies them (PROLIFIC_PID, STUDY_ID, SESSION_ID)."
        ),
    )
    platform_key = forms.CharField(
        label=gettext_lazy("Key of the platform’s signature"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=(
            gettext_lazy(
                "For a crowd platform that signs its parameters: the https:// address of its keys (Prolific: "
                "%(prolific_keys)s), a public key, or a secret of %(secret_length)s characters or more. Empty: not "
                "signed, so that anyone who knows the link and a participant’s ID can act as that person."
            )
            % {"prolific_keys": PROLIFIC_KEYS, "secret_length": SECRET_LENGTH}
        ),
    )
    platform_customer = forms.CharField(
        label=gettext_lazy("Your workspace or study there"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("Signed parameters must be of this workspace or study. Needed with the address of keys."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The link expires at the end of this day (UTC). Empty: no expiry."),
    )
    uses_max = forms.IntegerField(
        label=gettext_lazy("Maximum uses"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=gettext_lazy("Empty: no limit."),
    )

    def expires_at(self) -> datetime | None:
        """The end of the last day."""
        day = self.cleaned_data["expires_on"]
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC) if day else None

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and not datetime.now(tz=UTC).date() <= day < date.max:
            raise forms.ValidationError(gettext("Use today or a later day."))
        return day


class MemberForm(forms.Form):
    """Somebody by user name or e-mail address."""

    person = forms.CharField(max_length=254, label=gettext_lazy("Username or email"))
    role = forms.ChoiceField(choices=Role.choices)
    kind = forms.ChoiceField(choices=MemberKind.choices, initial=MemberKind.HUMAN, required=False)

    def clean_kind(self) -> str | None:
        return self.cleaned_data["kind"] or None

    def clean_person(self) -> User:
        person = self.cleaned_data["person"]
        found = User.objects.filter(username=person).first()
        if found is None:
            with_address = list(User.objects.filter(email__iexact=person)[:2])
            if len(with_address) > 1:
                raise forms.ValidationError(gettext("Several accounts have this e-mail address. Use the user name."))
            found = with_address[0] if with_address else None
        if found is None:
            raise forms.ValidationError(gettext("No account has this name or e-mail address. Send an invite link instead."))
        return found


class MemberFilterForm(forms.Form):
    """The filters of the list of members. Each may be left out; what is none is an error at its field."""

    words = forms.CharField(required=False, max_length=100, label=gettext_lazy("Name or pseudonym"))
    state = forms.ChoiceField(
        required=False, choices=[("", gettext_lazy("Any state")), *MemberState.choices], label=gettext_lazy("State")
    )
    role = forms.ChoiceField(required=False, choices=[("", gettext_lazy("Any role")), *Role.choices], label=gettext_lazy("Role"))
    kind = forms.ChoiceField(
        required=False, choices=[("", gettext_lazy("People and machines")), *MemberKind.choices], label=gettext_lazy("Kind")
    )
    training = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Any training")),
            ("passed", gettext_lazy("Passed training")),
            ("failed", gettext_lazy("Failed training")),
            ("open", gettext_lazy("Not through training")),
        ],
        label=gettext_lazy("Training"),
    )
    order = forms.ChoiceField(
        required=False,
        choices=[(sign + name, name) for name in ORDERS for sign in ("", "-")],
        widget=forms.HiddenInput,
    )

    def filter(self) -> MemberFilter:
        """Of a valid form."""
        its = self.cleaned_data
        return MemberFilter(
            words=its["words"].replace("\x00", ""),
            state=its["state"],
            role=its["role"],
            kind=its["kind"],
            training=its["training"],
            order=its["order"] or MemberFilter.order,
        )


class WebhookForm(forms.Form):
    """A webhook: the address and the events it receives."""

    url = forms.CharField(
        label=gettext_lazy("URL"),
        max_length=URL_LIMIT,
        widget=forms.URLInput(attrs={"spellcheck": "false", "placeholder": "https://"}),
        help_text=gettext_lazy("Starts with https:// and is public, or in a network that the operator allows."),
    )
    events = forms.MultipleChoiceField(
        choices=[(event.value, event.label) for event in CAMPAIGN_EVENTS],
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in CAMPAIGN_EVENTS],
    )


class GoldForm(forms.Form):
    """The known answer of a pair. The choices are those of the campaign's first question."""

    gold_choice = forms.ChoiceField(
        label=gettext_lazy("Known answer"),
        required=False,
        help_text=gettext_lazy("A pair with a known answer gets no regular votes."),
    )
    gold_use = forms.ChoiceField(
        label=gettext_lazy("Use"),
        choices=GoldUse.choices,
        help_text=gettext_lazy("Checks look like any other pair and never show the answer. Training shows it after each vote."),
    )
    gold_note = forms.CharField(
        label=gettext_lazy("Explanation"),
        required=False,
        max_length=FLAG_NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Shown in training after the answer."),
    )

    def __init__(self, *args: Any, choices: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [("", "None: regular pair"), *((choice, Choice(choice).label) for choice in choices)]
        cast(forms.ChoiceField, self.fields["gold_choice"]).choices = offered


class TraineeForm(forms.Form):
    """What becomes of somebody in the training, as the buttons post it."""

    member = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    decision = forms.ChoiceField(choices=[("pass_training", "Mark as passed"), ("try", "Allow another attempt")])


class HubAccountForm(forms.Form):
    """Where releases are published on the Hub. The token goes one way: it is never shown again."""

    repository = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none", "placeholder": "owner/name"}),
        help_text=gettext_lazy("A dataset repository as owner/name. It is created with the first release if it does not exist."),
    )
    token = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "A Hub token with write access to the repository. It is stored encrypted and never shown again. "
            "Leave empty to keep the saved token."
        ),
    )
    is_private = forms.BooleanField(
        label=gettext_lazy("Private"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Applies when the repository is created. An existing repository is not changed."),
    )


class ImportForm(forms.Form):
    """A file of pairs. `column_map` is written one column a line."""

    file = forms.FileField(
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv,.tsv,.parquet,.zip"}),
        help_text=gettext_lazy("JSONL, CSV or Parquet, or a ZIP with one of these and its images."),
    )
    column_map = forms.CharField(
        label=gettext_lazy("Column names"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("If your columns have other names, map them, one per line: image_a=image_quality_dev"),
    )

    def clean_column_map(self) -> dict[str, str]:
        lines = [line.strip() for line in self.cleaned_data["column_map"].splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        if any(not separator for _, separator, _ in pairs):
            raise forms.ValidationError(gettext("Write each line as our_column=your_column."))
        column_map = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
        try:
            check_column_map(column_map)
        except Invalid as error:
            raise forms.ValidationError(error.errors["column_map"]) from error
        return column_map


class GroupQuestionForm(forms.Form):
    """What annotators may say of themselves. Its answers are looked at by `demographics.ask_groups`."""

    text = forms.CharField(
        label=gettext_lazy("Question"), max_length=300, help_text=gettext_lazy("Example: How often do you use image generators?")
    )
    options = forms.CharField(
        label=gettext_lazy("Answers"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One per line. Answering is optional."),
    )
    people_min = forms.IntegerField(
        label=gettext_lazy("Minimum group size"),
        min_value=GROUP_PEOPLE_LEAST,
        max_value=1000,
        initial=GROUP_PEOPLE_MIN,
        help_text=gettext_lazy("Statistics hide groups with fewer people."),
    )
