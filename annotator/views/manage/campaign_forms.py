"""The forms of a campaign's rules and questions."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.validators import RegexValidator
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy

from annotator.campaigns.questions import DEFAULT_QUESTION, QUESTIONS_LIMIT, TEXT_LIMIT, NewQuestion
from annotator.choices import Choice, PairingRule
from annotator.models import Campaign
from annotator.models.campaign_rules import SETTING_GROUPS, SETTINGS, limits_of
from annotator.models.campaigns import QUESTION_SLUG_PATTERN
from annotator.models.fields import SLUG_PATTERN
from annotator.views.manage.translated_form import TranslatedForm

# Information gain asks again for some pairs: with fewer votes than this on a pair, or fewer rounds of votes, it hardly can. What
# it saves then is in docs/performance.md.
VOTES_AGAIN, ROUNDS_AGAIN = 9, 5


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
        return [(str(group.title), [self[name] for name in group.names]) for group in SETTING_GROUPS]

    def hints(self) -> list[str]:
        """What the rules may be and is hardly meant, in sentences for a manager."""
        rules: Campaign = self.instance
        asks_again = rules.votes_max >= max(VOTES_AGAIN, ROUNDS_AGAIN * rules.votes_wanted)
        if rules.pairing_rule == PairingRule.INFORMATION_GAIN and not asks_again:
            return [
                "Information gain saves votes by asking again for the pairs whose order is open. With"
                f" {rules.votes_wanted} of at most {rules.votes_max} votes on a pair at a time, it saves few or none. Set Votes"
                f" per pair to 1 and Most votes per pair to {VOTES_AGAIN} or more."
            ]
        return []

    def ungrouped(self) -> list[forms.BoundField]:
        """What stands above the rules."""
        return [field for field in self if field.name not in SETTINGS]


class NewCampaignForm(CampaignForm):
    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=96,
        required=False,
        validators=[
            RegexValidator(
                SLUG_PATTERN, gettext_lazy("Use lower-case letters, digits, and single dots, dashes or underscores between them.")
            )
        ],
        help_text=gettext_lazy("Used in URLs and by training jobs. It never changes. Leave empty to create it from the name."),
    )
    question = forms.CharField(
        max_length=300,
        initial=DEFAULT_QUESTION.text,
        help_text=gettext_lazy("Asked for every pair. You can add more questions before you open the campaign."),
    )
    guideline = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Instructions in Markdown. Annotators must read and accept them first. You can write them later."),
    )
    field_order = ["name", "slug", "description", "question", "guideline"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "slug" in cleaned and not cleaned["slug"] and "name" in cleaned:
            cleaned["slug"] = slugify(cleaned["name"])[:96].strip("-_")
            if not cleaned["slug"]:
                self.add_error("slug", "No short name can be made from this name. Enter one.")
        return cleaned


class QuestionForm(TranslatedForm):
    """A question as a row of the page that sets them. A row without a text is no question."""

    rows_of_translations = 2
    text = forms.CharField(label=gettext_lazy("Question"), max_length=TEXT_LIMIT, required=False)
    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=48,
        required=False,
        validators=[RegexValidator(QUESTION_SLUG_PATTERN, gettext_lazy("Use lower-case letters, digits and underscores."))],
        help_text=gettext_lazy("Used in votes and exports. Leave empty to create it from the question."),
    )
    order = forms.IntegerField(
        min_value=1, max_value=QUESTIONS_LIMIT, required=False, help_text=gettext_lazy("1 is the primary question.")
    )
    both_good = forms.BooleanField(label=gettext_lazy("Both good"), required=False, initial=True)
    both_bad = forms.BooleanField(label=gettext_lazy("Both bad"), required=False, initial=True)

    def asked(self) -> NewQuestion:
        """The question of a valid row that has a text."""
        ties = [choice for choice in (Choice.BOTH_GOOD, Choice.BOTH_BAD) if self.cleaned_data[choice.value]]
        choices = (Choice.A.value, Choice.B.value, *(choice.value for choice in ties))
        text = self.cleaned_data["text"]
        words = slugify(text).replace("-", "_").lstrip("_0123456789")
        return NewQuestion(self.cleaned_data["slug"] or words[:48].strip("_") or "question", text, choices, self.translations())


class QuestionRows(forms.BaseFormSet):
    def asked(self) -> list[NewQuestion]:
        """The questions of valid rows, in the order that their numbers say."""
        rows = [form for form in self.forms if form.cleaned_data.get("text")]
        rows.sort(key=lambda form: form.cleaned_data["order"] or QUESTIONS_LIMIT)  # stable: equal numbers as they stand
        return [form.asked() for form in rows]


QuestionFormSet = cast(
    type[QuestionRows],
    forms.formset_factory(QuestionForm, formset=QuestionRows, extra=2, max_num=QUESTIONS_LIMIT, absolute_max=2 * QUESTIONS_LIMIT),
)
