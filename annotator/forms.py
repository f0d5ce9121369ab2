"""What the pages accept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from allauth.account import forms as allauth_forms
from allauth.socialaccount import forms as socialaccount_forms
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.text import slugify

from annotator import importing
from annotator.campaigns import DEFAULT_QUESTION, QUESTIONS_LIMIT, NewQuestion
from annotator.choices import (
    CAMPAIGN_EVENTS,
    Choice,
    FlagReason,
    GoldUse,
    Measure,
    MemberKind,
    Role,
)
from annotator.errors import Invalid, Refusal
from annotator.models import Campaign, ReviewRule, User
from annotator.models.campaign_rules import RULE_GROUPS, SETTING_GROUPS, SETTINGS, limits_of
from annotator.models.campaigns import CHANGE_NOTE_LIMIT, GROUP_PEOPLE_LEAST, GROUP_PEOPLE_MIN, QUESTION_SLUG_PATTERN
from annotator.models.fields import SLUG_PATTERN
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.models.webhooks import URL_LIMIT
from annotator.reviewing import RuleChange
from annotator.ruling import READINGS
from annotator.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT

# A campaign with one question posts `choice`; one with several posts `choice_<question slug>` for each.
CHOICE_FIELD = "choice"
CHOICE_PREFIX = "choice_"


class LogInForm(allauth_forms.LoginForm):
    """allauth's, with the field names that browsers, password managers and our own programs have always filled in."""

    username = forms.CharField(
        label="User name or e-mail",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["login"]
        self.order_fields(["username", "password"])
        self.fields["password"].help_text = ""
        without_placeholders(self)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["login"] = self.cleaned_data.get("username", "").strip()
        return super().clean()


class SignUpForm(allauth_forms.SignupForm):
    """A user name, which managers see, an address to get back in with, and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"
        self.fields["username"].help_text = "The managers of your campaigns see it. Datasets never do."
        self.fields["email"].label = "E-mail"
        self.fields["email"].help_text = "To log in with, and to set a new password."
        without_placeholders(self)


class Labelled:
    """One of allauth's forms with our word for an address, and labels alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert isinstance(self, forms.Form)
        if "email" in self.fields:
            self.fields["email"].label = "E-mail"
        without_placeholders(self)


class AddAddressForm(Labelled, allauth_forms.AddEmailForm):
    pass


class ChangePasswordForm(Labelled, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(Labelled, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(Labelled, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(Labelled, allauth_forms.ResetPasswordKeyForm):
    pass


class PasswordAgainForm(Labelled, allauth_forms.ReauthenticateForm):
    pass


class ProviderSignUpForm(Labelled, socialaccount_forms.SignupForm):
    pass


def without_placeholders(form: forms.Form) -> None:
    """Each field has a label; a placeholder says it again in grey and is gone when it would help."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class VoteForm(forms.Form):
    """An answer as the card posts it. The choices are looked at by `cast_vote`, which knows the campaign's questions."""

    question = forms.SlugField(required=False, help_text="Which question `choice` answers; the primary one if left out.")
    choice = forms.ChoiceField(required=False, choices=Choice.choices)
    elapsed_ms = forms.Field(required=False)
    comment = forms.CharField(required=False, max_length=COMMENT_LIMIT)

    def clean_elapsed_ms(self) -> int | None:
        """No vote is lost because of its time: what is no possible one is no time."""
        milliseconds = whole_number(self.cleaned_data["elapsed_ms"])
        return milliseconds if milliseconds is not None and milliseconds <= ELAPSED_MS_LIMIT else None

    def choices(self, primary: Callable[[], str]) -> dict[str, str]:
        """Question slug to choice; `primary` finds the slug for a lone choice that does not say which question it answers."""
        if choice := self.cleaned_data["choice"]:
            return {self.cleaned_data["question"] or primary(): choice}
        return {name.removeprefix(CHOICE_PREFIX): value for name, value in self.data.items() if name.startswith(CHOICE_PREFIX)}


def whole_number(text: Any) -> int | None:
    """The number, if the text is one of at most 18 digits."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 18 else None


class FlagForm(forms.Form):
    """What is wrong with a pair, as the card posts it."""

    reason = forms.ChoiceField(choices=FlagReason.choices)
    note = forms.CharField(required=False, max_length=FLAG_NOTE_LIMIT)


def require_valid(form: forms.Form, detail: str) -> None:
    """Raises Invalid with this sentence, naming the fields, for a form of the card."""
    if not form.is_valid():
        errors = {field: [str(message) for message in messages] for field, messages in form.errors.items()}
        raise Invalid(detail, errors=errors)


# --- managers


def add_refusal(form: forms.BaseForm, refusal: Refusal) -> None:
    """Say in the form what a verb refused: beside the fields it names, else above all of them."""
    named = {field: reasons for field, reasons in refusal.errors.items() if field in form.fields}
    for field, reasons in named.items():
        form.add_error(field, reasons)
    if not named:
        form.add_error(None, refusal.detail)


def rule_field(rule: models.Field[Any, Any], **overrides: Any) -> forms.Field | None:
    """The form field of a column of the campaign, with the limits that a browser shows and checks as well."""
    if limits := limits_of(rule):
        overrides |= {"min_value": limits[0], "max_value": limits[1]}
    if isinstance(rule, models.TextField):
        overrides |= {"widget": forms.Textarea(attrs={"rows": 3})}
    return rule.formfield(**overrides)


class CampaignForm(forms.ModelForm):
    """What may change at any time: the name, the description and the rules, which are declared in models/campaign_rules.py."""

    class Meta:
        model = Campaign
        fields = ["name", "description", *SETTINGS]
        formfield_callback = rule_field

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The rules under their headings."""
        return [(group.title, [self[name] for name in group.names]) for group in SETTING_GROUPS]

    def ungrouped(self) -> list[forms.BoundField]:
        """What stands above the rules."""
        return [field for field in self if field.name not in SETTINGS]


class NewCampaignForm(CampaignForm):
    slug = forms.CharField(
        label="Short name",
        max_length=96,
        required=False,
        validators=[
            RegexValidator(SLUG_PATTERN, "Use lower-case letters, digits, and single dots, dashes or underscores between them.")
        ],
        help_text="For addresses and for training jobs; it never changes. Made from the name if you leave it empty.",
    )
    question = forms.CharField(
        max_length=300,
        initial=DEFAULT_QUESTION.text,
        help_text="What is asked of every pair. You can add more questions later, before you open the campaign.",
    )
    guideline = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="How to judge, in Markdown. Annotators read and accept it first. You can write it later.",
    )
    field_order = ["name", "slug", "description", "question", "guideline"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "slug" in cleaned and not cleaned["slug"] and "name" in cleaned:
            cleaned["slug"] = slugify(cleaned["name"])[:96].strip("-_")
            if not cleaned["slug"]:
                self.add_error("slug", "None can be made from this name: write one.")
        return cleaned


class QuestionForm(forms.Form):
    """A question as a row of the page that sets them. A row without a text is no question."""

    text = forms.CharField(label="Question", max_length=300, required=False)
    slug = forms.CharField(
        label="Short name",
        max_length=48,
        required=False,
        validators=[RegexValidator(QUESTION_SLUG_PATTERN, "Use lower-case letters, digits, _.")],
        help_text="In votes and exports. Made from the question if you leave it empty.",
    )
    order = forms.IntegerField(min_value=1, max_value=QUESTIONS_LIMIT, required=False, help_text="1 is the primary one.")
    both_good = forms.BooleanField(label="Both good", required=False, initial=True)
    both_bad = forms.BooleanField(label="Both bad", required=False, initial=True)

    def asked(self) -> NewQuestion:
        """The question of a valid row that has a text."""
        ties = [choice for choice in (Choice.BOTH_GOOD, Choice.BOTH_BAD) if self.cleaned_data[choice.value]]
        choices = (Choice.A.value, Choice.B.value, *(choice.value for choice in ties))
        text = self.cleaned_data["text"]
        words = slugify(text).replace("-", "_").lstrip("_0123456789")
        return NewQuestion(self.cleaned_data["slug"] or words[:48].strip("_") or "question", text, choices)


class QuestionRows(forms.BaseFormSet):
    def asked(self) -> list[NewQuestion]:
        """The questions of valid rows, in the order that their numbers say."""
        rows = [form for form in self.forms if form.cleaned_data.get("text")]
        rows.sort(key=lambda form: form.cleaned_data["order"] or QUESTIONS_LIMIT)  # stable: equal numbers as they stand
        return [form.asked() for form in rows]


QuestionFormSet = cast(
    type[QuestionRows], forms.formset_factory(QuestionForm, formset=QuestionRows, extra=2, max_num=QUESTIONS_LIMIT)
)


class GuidelineForm(forms.Form):
    text = forms.CharField(
        label="Text",
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="Markdown: headings, lists, tables, links.",
    )
    change_note = forms.CharField(
        label="What is new",
        required=False,
        max_length=CHANGE_NOTE_LIMIT,
        help_text="Shown first to those who accepted the last version. They see which lines changed in any case.",
    )


class ConsentTextForm(forms.Form):
    text = forms.CharField(
        label="Text",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text="Markdown. What is collected, what for, who sees it, and how to withdraw.",
    )


class InviteForm(forms.Form):
    """A link by which people join."""

    note = forms.CharField(
        label="Name of the link", max_length=100, required=False, help_text="To tell links apart. Only managers see it."
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANNOTATOR)
    for_crowd = forms.BooleanField(
        label="For a crowd platform",
        required=False,
        help_text="People it sends need no account: their number there is enough (PROLIFIC_PID, STUDY_ID, SESSION_ID).",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The link works until midnight UTC of this day. Empty: until you revoke it.",
    )
    uses_max = forms.IntegerField(
        label="People at most", required=False, min_value=1, max_value=2**31 - 1, help_text="Empty: any number."
    )

    def expires_at(self) -> datetime | None:
        """The end of the last day."""
        day = self.cleaned_data["expires_on"]
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC) if day else None

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and not datetime.now(tz=UTC).date() <= day < date.max:
            raise forms.ValidationError("Use today or a later day.")
        return day


class MemberForm(forms.Form):
    """Somebody by user name or e-mail address."""

    person = forms.CharField(max_length=254, label="User name or e-mail")
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
                raise forms.ValidationError("Several people have that address. Use the user name.")
            found = with_address[0] if with_address else None
        if found is None:
            raise forms.ValidationError("Nobody has an account with that name or address. Send them an invite link instead.")
        return found


class RuleForm(forms.Form):
    """One rule of the review. Thresholds of shares are percents; trust is in log odds, and below 0 where it is lost."""

    threshold = forms.FloatField()
    minimum = forms.IntegerField(label="Answers at least", min_value=1, max_value=100_000)
    enabled = forms.BooleanField(label="On", required=False)

    def __init__(self, *args: Any, rule: ReviewRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        if rule is None:
            return
        reading = READINGS[Measure(rule.measure)]
        low, high = (0, 100) if reading.is_share else (-1000, 0)
        threshold = self.fields["threshold"]
        threshold.validators += [MinValueValidator(low), MaxValueValidator(high)]
        side = "Surely below" if reading.is_bad_below else "Surely above"
        threshold.label = f"{side}, in percent" if reading.is_share else "Below"

    def change(self) -> RuleChange:
        """The rule of a valid form, as it is to be."""
        assert self.rule is not None
        scale = 100 if READINGS[Measure(self.rule.measure)].is_share else 1
        return RuleChange(
            rule_id=self.rule.pk,
            threshold=self.cleaned_data["threshold"] / scale,
            minimum=self.cleaned_data["minimum"],
            enabled=self.cleaned_data["enabled"],
        )


class RuleRows(forms.BaseFormSet):
    """A row for each rule there is, in their order."""

    def __init__(self, *args: Any, rules: Sequence[ReviewRule], **kwargs: Any) -> None:
        self.rules = rules
        super().__init__(*args, **kwargs)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        known = index is not None and index < len(self.rules)
        return {**super().get_form_kwargs(index), "rule": self.rules[index] if known and index is not None else None}

    def clean(self) -> None:
        if self.total_form_count() != len(self.rules):
            raise forms.ValidationError("The rules have changed meanwhile. Load the page again.")

    def changes(self) -> list[RuleChange]:
        return [form.change() for form in self.forms]


RuleFormSet = cast(type[RuleRows], forms.formset_factory(RuleForm, formset=RuleRows, extra=0, max_num=100, absolute_max=100))


class ReviewForm(forms.ModelForm):
    """What holds for all rules of the review."""

    class Meta:
        model = Campaign
        fields = [name for group in RULE_GROUPS if not group.is_setting for name in group.names]
        formfield_callback = rule_field


class WarnForm(forms.Form):
    note = forms.CharField(
        label="What you write to them",
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They read it beside their next pair, until they put it away. Never say which pairs have a known answer.",
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label="Your answer to them",
        required=False,
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They read it in any case. Never say which pairs have a known answer.",
    )


class AppealForm(forms.Form):
    message = forms.CharField(
        label="Your message to the managers",
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What they should know. They see your figures beside it.",
    )


class WithdrawForm(forms.Form):
    is_sure = forms.BooleanField(label="I withdraw my consent, and know that I cannot come back", required=True)


class PairDecisionForm(forms.Form):
    """What becomes of a pair that somebody or something found wrong, as its buttons post it."""

    pair = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    decision = forms.ChoiceField(choices=[("hold", "Take it out"), ("return", "Keep it, or put it back")])


class WebhookForm(forms.Form):
    """An address that is told what happens."""

    url = forms.CharField(
        label="Address",
        max_length=URL_LIMIT,
        widget=forms.URLInput(attrs={"spellcheck": "false", "placeholder": "https://"}),
        help_text="It begins with https:// and is out on the internet, or in a network of the operator's own.",
    )
    events = forms.MultipleChoiceField(
        choices=[(event.value, event.label) for event in CAMPAIGN_EVENTS],
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in CAMPAIGN_EVENTS],
    )


class GoldForm(forms.Form):
    """The known answer of a pair. The choices are those of the campaign's first question."""

    gold_choice = forms.ChoiceField(
        label="Known answer", required=False, help_text="A pair with a known answer collects no regular votes."
    )
    gold_use = forms.ChoiceField(
        label="What it is for",
        choices=GoldUse.choices,
        help_text="A check looks like any other pair, and nobody is told the answer. In the training everybody is.",
    )
    gold_note = forms.CharField(
        label="Why",
        required=False,
        max_length=FLAG_NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In the training, people read this after their answer.",
    )

    def __init__(self, *args: Any, choices: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [("", "None: an ordinary pair"), *((choice, Choice(choice).label) for choice in choices)]
        cast(forms.ChoiceField, self.fields["gold_choice"]).choices = offered


class TraineeForm(forms.Form):
    """What becomes of somebody in the training, as the buttons post it."""

    member = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    decision = forms.ChoiceField(choices=[("let_in", "Let in"), ("try", "Another try")])


class HubAccountForm(forms.Form):
    """Where releases are published on the Hub. The token goes one way: it is never shown again."""

    repository = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none", "placeholder": "owner/name"}),
        help_text="A dataset repository as owner/name. It is made at the first release if there is none.",
    )
    token = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="One that may write there, made on the Hub's own pages. It is kept encrypted and never shown again; "
        "left empty, the one that is kept stays.",
    )
    is_private = forms.BooleanField(
        label="Private",
        required=False,
        initial=True,
        help_text="How the repository is made. One that is there already stays as it is.",
    )


class ImportForm(forms.Form):
    """A file of pairs. `column_map` is written one column a line."""

    file = forms.FileField(
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv,.tsv,.parquet,.zip"}),
        help_text="JSONL, CSV or parquet, or a ZIP of one such file with its images.",
    )
    column_map = forms.CharField(
        label="Columns that are called otherwise",
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One a line, ours first: image_a=image_quality_dev",
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.API_UPLOAD_LIMIT:
            raise forms.ValidationError("The file is too large for an upload here. An administrator can import it.")
        return file

    def clean_column_map(self) -> dict[str, str]:
        lines = [line.strip() for line in self.cleaned_data["column_map"].splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        if any(not separator for _, separator, _ in pairs):
            raise forms.ValidationError("Write each line as ours=theirs.")
        column_map = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
        try:
            importing.check_column_map(column_map)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.errors["column_map"]) from refusal
        return column_map


class GroupQuestionForm(forms.Form):
    """What annotators may say of themselves. Its answers are looked at by `describing.ask_groups`."""

    text = forms.CharField(label="Question", max_length=300, help_text="Such as: How often do you make images with a generator?")
    options = forms.CharField(
        label="Answers",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line. Nobody has to choose any.",
    )
    people_min = forms.IntegerField(
        label="People in a group at least",
        min_value=GROUP_PEOPLE_LEAST,
        max_value=1000,
        initial=GROUP_PEOPLE_MIN,
        help_text="Nothing is told of a group of fewer people.",
    )
