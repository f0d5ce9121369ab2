"""The forms of a campaign's rules and questions."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.validators import RegexValidator, URLValidator
from django.utils.text import slugify

from annotator.campaigns.questions import DEFAULT_QUESTION, QUESTIONS_LIMIT, NewQuestion
from annotator.choices import (
    Choice,
    ConsensusMethod,
    PairingRule,
)
from annotator.models.campaigns import (
    CITATION_LIMIT,
    COMPLETION_CODE_LIMIT,
    GOLD_RATE_LIMIT,
    LEASE_SECONDS_LIMITS,
    LICENCE_PATTERN,
    LICENCE_WORDS,
    QUESTION_SLUG_PATTERN,
    REPEAT_RATE_LIMIT,
    RETURN_URL_LIMIT,
    SPLIT_SHARE_LIMIT,
    TRAINING_PAIRS_LIMIT,
    VOTES_WANTED_LIMIT,
)
from annotator.models.fields import SLUG_PATTERN

MIXED_RULES = ("gold_rate", "repeat_rate", "repeat_after", "training_pairs", "training_pass_mark", "training_tries")


class CampaignForm(forms.Form):
    """The rules of a campaign that may change at any time."""

    name = forms.CharField(max_length=200, help_text="What annotators see in their list.")
    description = forms.CharField(
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the people who join, and for the dataset card.",
    )
    votes_wanted = forms.IntegerField(
        label="Votes per pair",
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        initial=3,
        help_text="How many people judge each pair at first.",
    )
    votes_max = forms.IntegerField(
        label="Votes per pair at most",
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        initial=3,
        help_text="Pairs on which those do not agree get more votes, one at a time, up to this many. With the same number "
        "every pair is judged by just as many.",
    )
    stop_confidence = forms.FloatField(
        label="Sure enough at",
        min_value=0.5,
        max_value=0.999,
        initial=0.9,
        help_text="How probable the leading answer must be for a pair to need no further vote, from 0.5 to 0.999. At 0.9, "
        "two who agree are enough, and after that a lead of two.",
    )
    lease_seconds = forms.IntegerField(
        label="Lease, in seconds",
        min_value=LEASE_SECONDS_LIMITS[0],
        max_value=LEASE_SECONDS_LIMITS[1],
        initial=30 * 60,
        help_text="How long a pair waits for its annotator before somebody else gets the seat. 1800 is half an hour.",
    )
    pairing_rule = forms.ChoiceField(
        label="Pairs from several images",
        choices=PairingRule.choices,
        help_text="How pairs are made when a line of an import has more than two images. Counts from the next import on.",
    )
    consensus_method = forms.ChoiceField(
        label="Labels by",
        choices=ConsensusMethod.choices,
        initial=ConsensusMethod.MAJORITY,
        help_text="How votes become the label of a pair. Majority counts all people alike; Dawid–Skene learns from the votes how "
        "far to trust each of them, and wants some 20 votes or more of each.",
    )
    limit_per_day = forms.IntegerField(
        label="Votes of one person a day", required=False, min_value=1, help_text="A day ends at midnight UTC. Empty: any number."
    )
    limit_total = forms.IntegerField(
        label="Votes of one person in all", required=False, min_value=1, help_text="Empty: any number."
    )
    limit_share = forms.FloatField(
        label="Share of all votes by one person",
        required=False,
        min_value=0.001,
        max_value=1,
        help_text="Of the votes the campaign wants, such as 0.1 for a tenth. Empty: any.",
    )
    flags_to_hold = forms.IntegerField(
        label="Flags that take a pair out",
        min_value=1,
        max_value=VOTES_WANTED_LIMIT,
        initial=2,
        help_text="When this many people have flagged a pair, nobody else gets it until a manager decides.",
    )
    undo_votes = forms.IntegerField(
        label="Votes that can be undone", min_value=0, max_value=100, initial=10, help_text="The last so many of each person."
    )
    undo_minutes = forms.IntegerField(
        label="Minutes to undo them", min_value=1, max_value=24 * 60, initial=15, help_text="Counted from the vote."
    )
    gold_rate = forms.FloatField(
        label="Share of gold",
        min_value=0,
        max_value=GOLD_RATE_LIMIT,
        required=False,
        initial=0.1,
        help_text="Of everybody's pairs, this share are pairs whose answer is known, at places nobody can foresee. 0.1 is one in "
        "ten.",
    )
    repeat_rate = forms.FloatField(
        label="Share of repeats",
        min_value=0,
        max_value=REPEAT_RATE_LIMIT,
        required=False,
        initial=0.05,
        help_text="This share are pairs of their own once more, with the sides swapped: does somebody agree with themselves?",
    )
    repeat_after = forms.IntegerField(
        label="Votes before a repeat",
        min_value=1,
        max_value=10_000,
        required=False,
        initial=20,
        help_text="How many other votes lie at least between a pair and its repeat.",
    )
    training_pairs = forms.IntegerField(
        label="Pairs of the training",
        min_value=0,
        max_value=TRAINING_PAIRS_LIMIT,
        required=False,
        initial=0,
        help_text="How many training pairs people judge, with feedback, before they are let in. 0: no training.",
    )
    training_pass_mark = forms.FloatField(
        label="Pass mark",
        min_value=0,
        max_value=1,
        required=False,
        initial=0.8,
        help_text="Share of them that must be right, from 0 to 1.",
    )
    training_tries = forms.IntegerField(
        label="Tries", min_value=1, max_value=100, required=False, initial=2, help_text="How often somebody may do the training."
    )
    completion_code = forms.CharField(
        max_length=COMPLETION_CODE_LIMIT,
        required=False,
        help_text="For people from a crowd platform: shown when nothing is left for them, to enter there.",
    )
    return_url = forms.CharField(
        label="Return address",
        max_length=RETURN_URL_LIMIT,
        required=False,
        validators=[URLValidator(schemes=["https"], message="Use an address that begins with https://.")],
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
        help_text="For them as well: where the button at the end leads. It begins with https://.",
    )
    asks_comment = forms.BooleanField(
        label="Ask for a comment", required=False, help_text="Annotators may write a few words beside an answer."
    )
    data_is_public = forms.BooleanField(
        label="The data is public",
        required=False,
        help_text="Anybody may load the releases, without a token, once the campaign is no draft any more. Otherwise that takes "
        "a token of one of its reviewers or managers.",
    )

    licence = forms.CharField(
        max_length=64,
        required=False,
        validators=[RegexValidator(LICENCE_PATTERN, LICENCE_WORDS)],
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
        help_text="What others may do with releases: the Hub's short name of a licence, such as cc-by-4.0. Empty: not stated.",
    )
    citation = forms.CharField(
        label="How to cite it",
        max_length=CITATION_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the dataset card, as BibTeX or in words. Empty: one is made of the name.",
    )
    share_validation = forms.FloatField(
        label="Share of the prompts to validate with",
        min_value=0,
        max_value=SPLIT_SHARE_LIMIT,
        initial=0.1,
        help_text="In the validation split of releases, from 0 to 0.4. The rest is to train with.",
    )
    share_test = forms.FloatField(
        label="Share of the prompts to test with",
        min_value=0,
        max_value=SPLIT_SHARE_LIMIT,
        initial=0.1,
        help_text="In the test split of releases, from 0 to 0.4.",
    )

    def clean(self) -> dict[str, Any]:
        """What is left empty and has no meaning as that stays as it is."""
        cleaned = super().clean() or {}
        return {name: value for name, value in cleaned.items() if value is not None or name not in MIXED_RULES}


class NewCampaignForm(CampaignForm):
    slug = forms.CharField(
        label="Short name",
        max_length=96,
        required=False,
        validators=[
            RegexValidator(SLUG_PATTERN, "Use lower-case letters, digits, and single dots, dashes or underscores between them.")
        ],
        help_text="Used in URLs and by training jobs. It never changes. Leave empty to create it from the name.",
    )
    question = forms.CharField(
        max_length=300,
        initial=DEFAULT_QUESTION.text,
        help_text="Asked for every pair. You can add more questions before you open the campaign.",
    )
    guideline = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Instructions in Markdown. Annotators must read and accept them first. You can write them later.",
    )
    field_order = ["name", "slug", "description", "question", "guideline"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "slug" in cleaned and not cleaned["slug"] and "name" in cleaned:
            cleaned["slug"] = slugify(cleaned["name"])[:96].strip("-_")
            if not cleaned["slug"]:
                self.add_error("slug", "No short name can be made from this name. Enter one.")
        return cleaned


class QuestionForm(forms.Form):
    """A question as a row of the page that sets them. A row without a text is no question."""

    text = forms.CharField(label="Question", max_length=300, required=False)
    slug = forms.CharField(
        label="Short name",
        max_length=48,
        required=False,
        validators=[RegexValidator(QUESTION_SLUG_PATTERN, "Use lower-case letters, digits and underscores.")],
        help_text="Used in votes and exports. Leave empty to create it from the question.",
    )
    order = forms.IntegerField(min_value=1, max_value=QUESTIONS_LIMIT, required=False, help_text="1 is the primary question.")
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
