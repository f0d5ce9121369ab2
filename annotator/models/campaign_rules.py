"""The rules of a campaign, each declared once: its column, label, help text, default and limits, in the group it belongs to.

Made from this: the settings page (views/manage/campaign_forms.py), REST (api/serializers/campaigns.py), the admin, the CHECKs
of the table, the rules that a release keeps, and the table in docs/managers.md. A new rule is a field here and a migration.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import BaseValidator, MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext, gettext_lazy

from annotator.choices import RULES_IN_BATCHES, ConsensusMethod, PairingRule

VOTES_WANTED_LIMIT = 100
CITATION_LIMIT = 5000
LICENCE_PATTERN = r"^[a-z0-9]+(?:[.-][a-z0-9]+)*$"
HTTPS_PATTERN = r"^https://[^\s/?#]+(?:[/?#]\S*)?$"


def between(low: float, high: float) -> list[BaseValidator]:
    """The limits of a number. Both ends are allowed."""
    return [MinValueValidator(low), MaxValueValidator(high)]


class VoteRules(models.Model):
    votes_wanted = models.PositiveSmallIntegerField(
        gettext_lazy("Votes per pair"),
        default=3,
        validators=between(1, VOTES_WANTED_LIMIT),
        help_text=gettext_lazy("How many annotators judge each pair at first."),
    )
    votes_max = models.PositiveSmallIntegerField(
        gettext_lazy("Most votes per pair"),
        default=3,
        validators=between(1, VOTES_WANTED_LIMIT),
        help_text=gettext_lazy("A pair on which annotators disagree gets up to this many votes."),
    )
    stop_confidence = models.FloatField(
        gettext_lazy("Stop at confidence"),
        default=0.9,
        validators=between(0.5, 0.999),
        help_text=gettext_lazy("A pair gets no more votes when its leading answer is this probable."),
    )
    consensus_method = models.CharField(
        gettext_lazy("Label method"),
        max_length=16,
        choices=ConsensusMethod,
        default=ConsensusMethod.MAJORITY,
        db_default=ConsensusMethod.MAJORITY,
        help_text=gettext_lazy("How votes become the label of a pair."),
    )
    pairing_rule = models.CharField(
        gettext_lazy("Pairing"),
        max_length=16,
        choices=PairingRule,
        default=PairingRule.ALL_PAIRS,
        help_text=gettext_lazy("How several images of one prompt become pairs, from the next import on."),
    )
    pairs_per_image = models.PositiveSmallIntegerField(
        gettext_lazy("Pairs per image"),
        default=4,
        db_default=4,
        validators=between(1, 100),
        help_text=gettext_lazy("With random, Swiss or information gain pairing: how many comparisons each image takes part in."),
    )
    random_pair_share = models.FloatField(
        gettext_lazy("Share of random pairs"),
        default=0.2,
        db_default=0.2,
        validators=between(0.05, 1),
        help_text=gettext_lazy("With information gain pairing: this share of the further pairs is drawn from all pairs alike."),
    )

    class Meta:
        abstract = True


class AuditRules(models.Model):
    audit_rate = models.FloatField(
        gettext_lazy("Audit share"),
        default=0.05,
        db_default=0.05,
        validators=between(0, 1),
        help_text=gettext_lazy(
            "A random share of new pairs gets the most votes per pair, whatever people answer; a change holds for later imports."
        ),
    )

    class Meta:
        abstract = True


class AnnotationRules(models.Model):
    lease_seconds = models.PositiveIntegerField(
        gettext_lazy("Time to answer, in seconds"),
        default=30 * 60,
        validators=between(5, 7 * 24 * 3600),
        help_text=gettext_lazy("After this time, an unanswered pair goes to another annotator."),
    )
    answer_ms_min = models.PositiveIntegerField(
        gettext_lazy("Shortest look, in milliseconds"),
        default=250,
        db_default=250,
        validators=between(0, 10_000),
        help_text=gettext_lazy(
            "A person's answer is not taken before both images were shown for this long; 0 takes every answer."
        ),
    )
    asks_comment = models.BooleanField(
        gettext_lazy("Ask for a comment"),
        default=False,
        db_default=False,
        help_text=gettext_lazy("Annotators can write a comment with each answer."),
    )
    flags_to_hold = models.PositiveSmallIntegerField(
        gettext_lazy("Flags to hold a pair"),
        default=2,
        validators=between(1, VOTES_WANTED_LIMIT),
        help_text=gettext_lazy("A pair that this many annotators flag is held until a manager decides."),
    )
    undo_votes = models.PositiveSmallIntegerField(
        gettext_lazy("Votes to undo"),
        default=10,
        validators=between(0, 100),
        help_text=gettext_lazy("How many of their latest votes, skips and flags annotators can undo; 0 turns undo off."),
    )
    undo_minutes = models.PositiveSmallIntegerField(
        gettext_lazy("Minutes to undo"),
        default=15,
        validators=between(1, 24 * 60),
        help_text=gettext_lazy("How long after a vote, a skip or a flag annotators can undo it."),
    )

    class Meta:
        abstract = True


class LimitRules(models.Model):
    limit_per_day = models.PositiveIntegerField(
        gettext_lazy("Most votes per annotator per day"),
        null=True,
        blank=True,
        validators=between(1, 1_000_000_000),
        help_text=gettext_lazy("A day ends at midnight UTC; leave empty for no limit."),
    )
    limit_total = models.PositiveIntegerField(
        gettext_lazy("Most votes per annotator"),
        null=True,
        blank=True,
        validators=between(1, 1_000_000_000),
        help_text=gettext_lazy("In the whole campaign; leave empty for no limit."),
    )
    limit_share = models.FloatField(
        gettext_lazy("Largest share per annotator"),
        null=True,
        blank=True,
        validators=between(0.001, 1),
        help_text=gettext_lazy("Share of all votes the campaign wants, such as 0.1; leave empty for no limit."),
    )

    class Meta:
        abstract = True


class GoldRules(models.Model):
    # With both at their highest, a quarter of the pairs are still regular.
    gold_rate = models.FloatField(
        gettext_lazy("Share of gold pairs"),
        default=0.1,
        db_default=0.1,
        validators=between(0, 0.5),
        help_text=gettext_lazy("This share of each annotator's pairs have a known answer."),
    )
    repeat_rate = models.FloatField(
        gettext_lazy("Share of repeats"),
        default=0.05,
        db_default=0.05,
        validators=between(0, 0.25),
        help_text=gettext_lazy("This share of each annotator's pairs are earlier ones again, with the sides swapped."),
    )
    repeat_after = models.PositiveSmallIntegerField(
        gettext_lazy("Votes before a repeat"),
        default=20,
        db_default=20,
        validators=between(1, 10_000),
        help_text=gettext_lazy("At least this many other votes come between a pair and its repeat."),
    )

    class Meta:
        abstract = True


class TrainingRules(models.Model):
    training_pairs = models.PositiveSmallIntegerField(
        gettext_lazy("Training pairs"),
        default=0,
        db_default=0,
        validators=between(0, 100),
        help_text=gettext_lazy("New annotators first judge this many pairs with feedback; 0 turns training off."),
    )
    training_pass_mark = models.FloatField(
        gettext_lazy("Pass mark"),
        default=0.8,
        db_default=0.8,
        validators=between(0, 1),
        help_text=gettext_lazy("This share of the training answers must be right."),
    )
    training_tries = models.PositiveSmallIntegerField(
        gettext_lazy("Training attempts"),
        default=2,
        db_default=2,
        validators=between(1, 100),
        help_text=gettext_lazy("How many times an annotator can take the training."),
    )

    class Meta:
        abstract = True


class CrowdRules(models.Model):
    completion_code = models.CharField(
        gettext_lazy("Completion code"),
        max_length=64,
        blank=True,
        default="",
        help_text=gettext_lazy("Annotators from a crowd platform see this code when they finish."),
    )
    return_url = models.CharField(
        gettext_lazy("Return URL"),
        max_length=500,
        blank=True,
        default="",
        validators=[RegexValidator(HTTPS_PATTERN, gettext_lazy("Use an address that begins with https://."))],
        help_text=gettext_lazy("The button at the end takes annotators from a crowd platform back to this https address."),
    )

    class Meta:
        abstract = True


class ReleaseRules(models.Model):
    data_is_public = models.BooleanField(
        gettext_lazy("Public data"),
        default=False,
        help_text=gettext_lazy("Anyone can download the releases without a token, unless the campaign is a draft."),
    )
    licence = models.CharField(
        gettext_lazy("Licence"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(LICENCE_PATTERN, gettext_lazy("Use the Hub's short name of a licence, such as cc-by-4.0."))],
        help_text=gettext_lazy("The Hub's short name of the licence of the releases, such as cc-by-4.0."),
    )
    citation = models.TextField(
        gettext_lazy("Citation"),
        max_length=CITATION_LIMIT,
        blank=True,
        default="",
        db_default="",
        validators=[MaxLengthValidator(CITATION_LIMIT)],
        help_text=gettext_lazy("How to cite the releases, as BibTeX or text; leave empty to use the campaign's name."),
    )
    # So limited that most prompts are left to train with.
    share_validation = models.FloatField(
        gettext_lazy("Validation share"),
        default=0.1,
        db_default=0.1,
        validators=between(0, 0.4),
        help_text=gettext_lazy("This share of the prompts is in the validation split of releases."),
    )
    share_test = models.FloatField(
        gettext_lazy("Test share"),
        default=0.1,
        db_default=0.1,
        validators=between(0, 0.4),
        help_text=gettext_lazy("This share of the prompts is in the test split of releases."),
    )

    class Meta:
        abstract = True


class ReviewRules(models.Model):
    too_fast_ms = models.PositiveIntegerField(
        gettext_lazy("Too fast, in milliseconds"),
        default=700,
        db_default=700,
        validators=between(0, 60_000),
        help_text=gettext_lazy("An answer in less time than this counts as too fast; 0 turns this off."),
    )
    review_share_max = models.FloatField(
        gettext_lazy("Ask above this share of annotators"),
        default=0.2,
        db_default=0.2,
        validators=between(0, 1),
        help_text=gettext_lazy("A review rule that would act on a larger share asks a manager first; 1 means it never asks."),
    )

    class Meta:
        abstract = True


class CampaignRules(
    VoteRules,
    AuditRules,
    AnnotationRules,
    LimitRules,
    GoldRules,
    TrainingRules,
    CrowdRules,
    ReleaseRules,
    ReviewRules,
    models.Model,
):
    """All rules, for the campaign's table, and what must hold between two of them."""

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        if self.votes_max < self.votes_wanted:
            words = gettext("Use %(number)s or more: every pair gets that many votes at first.") % {"number": self.votes_wanted}
            raise ValidationError({"votes_max": words})
        if self.pairing_rule in RULES_IN_BATCHES and self.pairs_per_image < 2:
            words = gettext("Use 2 or more: with this pairing, the first batch puts each image in two pairs.")
            raise ValidationError({"pairs_per_image": words})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leave the constraints to the database: validators and `clean` say the same, and each would cost three queries."""


@dataclass(frozen=True)
class RuleGroup:
    """Rules that belong together on the settings page."""

    title: Any  # words, translated when they are shown
    model: type[models.Model]
    managers_only: bool = False  # how annotators are checked, and what they get at the end
    is_setting: bool = True  # on the settings page and over REST; otherwise the rules have a page of their own

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.model._meta.local_fields]


RULE_GROUPS = (
    RuleGroup(gettext_lazy("Votes and labels"), VoteRules),
    RuleGroup(gettext_lazy("Audit"), AuditRules, managers_only=True),
    RuleGroup(gettext_lazy("Annotation"), AnnotationRules),
    RuleGroup(gettext_lazy("Limits per annotator"), LimitRules),
    RuleGroup(gettext_lazy("Gold and repeats"), GoldRules, managers_only=True),
    RuleGroup(gettext_lazy("Training"), TrainingRules),
    RuleGroup(gettext_lazy("Crowd platform"), CrowdRules, managers_only=True),
    RuleGroup(gettext_lazy("Releases"), ReleaseRules),
    RuleGroup(gettext_lazy("Review"), ReviewRules, is_setting=False),
)
SETTING_GROUPS = tuple(group for group in RULE_GROUPS if group.is_setting)
RULES = {field.name: field for group in RULE_GROUPS for field in group.model._meta.local_fields}
SETTINGS = [name for group in SETTING_GROUPS for name in group.names]
MANAGERS_RULES = [name for group in RULE_GROUPS if group.managers_only for name in group.names]


def limits_of(rule: models.Field[Any, Any]) -> tuple[float, float] | None:
    """The smallest and the largest number that the rule can be; None for a rule that is no number."""
    lows = [validator.limit_value for validator in rule.validators if isinstance(validator, MinValueValidator)]
    highs = [validator.limit_value for validator in rule.validators if isinstance(validator, MaxValueValidator)]
    return (max(lows), min(highs)) if lows and highs else None


def rule_constraints() -> list[CheckConstraint]:
    """Every limit once more in the database, under a name. The length of a CharField is that of its column."""
    constraints = [CheckConstraint(condition=Q(votes_max__gte=F("votes_wanted")), name="campaign_votes_max_from_votes_wanted")]
    for name, rule in RULES.items():
        if limits := limits_of(rule):
            condition = Q(**{f"{name}__gte": limits[0], f"{name}__lte": limits[1]})
            constraints.append(CheckConstraint(condition=condition, name=f"campaign_{name}_limits"))
        if rule.choices:
            condition = Q(**{f"{name}__in": [value for value, _ in rule.flatchoices]})
            constraints.append(CheckConstraint(condition=condition, name=f"campaign_{name}_known"))
        if isinstance(rule, models.TextField):
            shorter = LessThanOrEqual(Length(F(name)), Value(rule.max_length))
            constraints.append(CheckConstraint(condition=shorter, name=f"campaign_{name}_length"))
        for validator in rule.validators:
            if isinstance(validator, RegexValidator):
                pattern: str = validator.regex.pattern  # type: ignore[union-attr]  # compiled by the validator
                condition = Q(**{name: ""}) | Q(**{f"{name}__regex": pattern})
                constraints.append(CheckConstraint(condition=condition, name=f"campaign_{name}_form"))
    return constraints
