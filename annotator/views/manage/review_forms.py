"""The forms of the review: rules, warnings, answers to appeals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext, gettext_lazy

from annotator.choices import (
    Measure,
)
from annotator.models import Campaign, ReviewRule
from annotator.models.campaign_rules import RULE_GROUPS
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.quality.rule_preview import RuleChange
from annotator.quality.rules import READINGS, thresholds_of
from annotator.views.manage.campaign_forms import rule_field


class RuleForm(forms.Form):
    """One rule of the review. Thresholds of shares are percents; trust is in log odds, and below 0 where it is lost."""

    threshold = forms.FloatField()
    minimum = forms.IntegerField(label=gettext_lazy("Minimum answers"), min_value=1, max_value=100_000)
    enabled = forms.BooleanField(label=gettext_lazy("On"), required=False)

    def __init__(self, *args: Any, rule: ReviewRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        if rule is None:
            return
        reading = READINGS[Measure(rule.measure)]
        scale = 100 if reading.is_share else 1
        low, high = (scale * limit for limit in thresholds_of(Measure(rule.measure)))
        threshold = self.fields["threshold"]
        threshold.validators += [MinValueValidator(low), MaxValueValidator(high)]
        side = "Below" if reading.is_bad_below else "Above"
        threshold.label = f"{side}, in percent" if reading.is_share else side

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
            raise forms.ValidationError(gettext("The rules have changed in the meantime. Reload the page."))

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
        label=gettext_lazy("Message"),
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Shown beside their next pair until they dismiss it. Never reveal which pairs have a known answer."
        ),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Your answer"),
        required=False,
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The annotator sees it if you accept or decline. Never reveal which pairs have a known answer."),
    )
