from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from annotator.choices import CampaignState, Choice, ConsensusMethod, PairingRule
from annotator.models.fields import SLUG_PATTERN, ForeignKeyPair, one_of

if TYPE_CHECKING:
    from annotator.models.people import User

VOTES_WANTED_LIMIT = 100
QUESTION_SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"
LEASE_SECONDS_LIMITS = (5, 7 * 24 * 3600)
COMPLETION_CODE_LIMIT = 64
GOLD_RATE_LIMIT, REPEAT_RATE_LIMIT = 0.5, 0.25  # at least a quarter of the pairs are always regular
TRAINING_PAIRS_LIMIT = 100
TOO_FAST_LIMIT = 60_000  # milliseconds
RETURN_URL_LIMIT = 500
CHANGE_NOTE_LIMIT = 2000
LICENCE_PATTERN = r"^[a-z0-9]+(?:[.-][a-z0-9]+)*$"
LICENCE_WORDS = "Use the Hub's short name of a licence, such as cc-by-4.0."
CITATION_LIMIT = 5000
SPLIT_SHARE_LIMIT = 0.4  # so that most prompts are to train with
GROUP_OPTION_LIMIT, GROUP_OPTIONS_LIMIT = 60, 12
GROUP_PEOPLE_MIN, GROUP_PEOPLE_LEAST = 5, 3  # what a campaign begins with, and what it cannot go below


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: User) -> CampaignQuerySet:
        """Campaigns the user is a member of; all of them for a superuser."""
        if user.is_superuser:
            return self
        return self.filter(members__user=user)


class Campaign(models.Model):
    """One collection effort: its questions, guideline, pairs, people, rules and releases."""

    slug = models.CharField(
        max_length=96,
        unique=True,
        validators=[
            RegexValidator(SLUG_PATTERN, "Use lower-case letters, digits, and single dots, dashes or underscores between them.")
        ],
        help_text="Its name in addresses and in the Hub repository: lower-case letters, digits, dots, dashes, underscores.",
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="For the people who join and for the dataset card.")
    state = models.CharField(max_length=8, choices=CampaignState, default=CampaignState.DRAFT)
    votes_wanted = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(VOTES_WANTED_LIMIT)],
        help_text="How many people judge each pair at first.",
    )
    votes_max = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(VOTES_WANTED_LIMIT)],
        help_text="How many at most, where those at first do not agree. The same number: just as many for every pair.",
    )
    stop_confidence = models.FloatField(
        default=0.9,
        validators=[MinValueValidator(0.5), MaxValueValidator(0.999)],
        help_text="How probable the leading answer must be for a pair to need no further vote, from 0.5 to 0.999.",
    )
    limit_per_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Votes of one annotator in a day (UTC). Empty: any number.",
    )
    limit_total = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Votes of one annotator in all. Empty: any number."
    )
    limit_share = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001), MaxValueValidator(1)],
        help_text="Share of the votes the campaign wants that one annotator may give, such as 0.1. Empty: any.",
    )
    flags_to_hold = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1)],
        help_text="How many annotators must flag a pair before it is taken out until a manager decides.",
    )
    undo_votes = models.PositiveSmallIntegerField(
        default=10, validators=[MaxValueValidator(100)], help_text="How many of their last votes annotators may undo. 0: none."
    )
    undo_minutes = models.PositiveSmallIntegerField(
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
        help_text="For how many minutes after the vote.",
    )
    asks_comment = models.BooleanField(
        default=False, db_default=False, help_text="Whether annotators may write a comment beside their answer."
    )
    lease_seconds = models.PositiveIntegerField(
        default=30 * 60,
        validators=[MinValueValidator(LEASE_SECONDS_LIMITS[0]), MaxValueValidator(LEASE_SECONDS_LIMITS[1])],
        help_text="How long an assignment waits for its annotator before somebody else gets the seat.",
    )
    pairing_rule = models.CharField(
        max_length=16, choices=PairingRule, default=PairingRule.ALL_PAIRS, help_text="How k images of one prompt become pairs."
    )
    consensus_method = models.CharField(
        max_length=16,
        choices=ConsensusMethod,
        default=ConsensusMethod.MAJORITY,
        db_default=ConsensusMethod.MAJORITY,
        help_text="How votes become the label of a pair.",
    )
    gold_rate = models.FloatField(
        default=0.1,
        db_default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(GOLD_RATE_LIMIT)],
        help_text="Share of an annotator's pairs that are gold, at unpredictable places, while there are some they have not met.",
    )
    repeat_rate = models.FloatField(
        default=0.05,
        db_default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(REPEAT_RATE_LIMIT)],
        help_text="Share of an annotator's pairs that are earlier ones of theirs once more, with the sides swapped.",
    )
    repeat_after = models.PositiveSmallIntegerField(
        default=20,
        db_default=20,
        validators=[MinValueValidator(1)],
        help_text="How many other votes lie at least between a pair and its repeat.",
    )
    training_pairs = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(TRAINING_PAIRS_LIMIT)],
        help_text="How many training pairs somebody judges, with feedback, before they are let in. 0: none.",
    )
    training_pass_mark = models.FloatField(
        default=0.8,
        db_default=0.8,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of them that must be right, from 0 to 1.",
    )
    training_tries = models.PositiveSmallIntegerField(
        default=2, db_default=2, validators=[MinValueValidator(1)], help_text="How often somebody may try."
    )
    too_fast_ms = models.PositiveIntegerField(
        default=700,
        db_default=700,
        validators=[MaxValueValidator(TOO_FAST_LIMIT)],
        help_text="An answer that took fewer milliseconds than this came too fast to have been looked at. 0: none does.",
    )
    review_share_max = models.FloatField(
        default=0.2,
        db_default=0.2,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="A rule of the review that would act on a larger share of the annotators than this asks first. 1: never.",
    )
    completion_code = models.CharField(
        max_length=COMPLETION_CODE_LIMIT,
        blank=True,
        default="",
        help_text="What people who came from a crowd platform are shown at the end, to enter there. Empty: none.",
    )
    return_url = models.CharField(
        max_length=RETURN_URL_LIMIT,
        blank=True,
        default="",
        validators=[URLValidator(schemes=["https"], message="Use an address that begins with https://.")],
        help_text="Where they go back to at the end. Empty: nowhere.",
    )
    # The newest consent text, kept here so that whoever has the campaign's row knows it without a query.
    consent_text = models.ForeignKey(
        "ConsentText", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    # The guideline in force: the newest that was published. Set by publishing.
    guideline = models.ForeignKey(
        "Guideline", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+", db_constraint=False
    )
    data_is_public = models.BooleanField(
        default=False,
        help_text="Whether anybody may read the releases over the Hub's protocol. Otherwise its reviewers and managers alone.",
    )
    licence = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(LICENCE_PATTERN, LICENCE_WORDS)],
        help_text="What others may do with releases: the Hub's short name of a licence, such as cc-by-4.0. Empty: not stated.",
    )
    citation = models.TextField(
        max_length=CITATION_LIMIT,
        blank=True,
        default="",
        db_default="",
        help_text="How to cite the releases, as BibTeX or in words. Empty: the card makes one of the name.",
    )
    share_validation = models.FloatField(
        default=0.1,
        db_default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(SPLIT_SHARE_LIMIT)],
        help_text="Share of the prompts that are in the validation split of releases, from 0 to 0.4.",
    )
    share_test = models.FloatField(
        default=0.1,
        db_default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(SPLIT_SHARE_LIMIT)],
        help_text="Share of the prompts that are in the test split of releases, from 0 to 0.4.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="campaigns_created"
    )

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            ForeignKeyPair(
                fields=["id", "guideline"],
                to="annotator.Guideline",
                to_fields=["campaign", "id"],
                name="campaign_guideline_is_its_own",
            ),
            one_of("state", CampaignState, name="campaign_state_known"),
            one_of("pairing_rule", PairingRule, name="campaign_pairing_rule_known"),
            one_of("consensus_method", ConsensusMethod, name="campaign_consensus_method_known"),
            CheckConstraint(
                condition=Q(gold_rate__gte=0, gold_rate__lte=GOLD_RATE_LIMIT)
                & Q(repeat_rate__gte=0, repeat_rate__lte=REPEAT_RATE_LIMIT),
                name="campaign_mixed_rates_range",
            ),
            CheckConstraint(condition=Q(repeat_after__gte=1), name="campaign_repeat_after_range"),
            CheckConstraint(
                condition=Q(training_pairs__lte=TRAINING_PAIRS_LIMIT, training_tries__gte=1)
                & Q(training_pass_mark__gte=0, training_pass_mark__lte=1),
                name="campaign_training_range",
            ),
            CheckConstraint(
                condition=Q(review_share_max__gte=0, review_share_max__lte=1, too_fast_ms__lte=TOO_FAST_LIMIT),
                name="campaign_review_range",
            ),
            CheckConstraint(condition=Q(slug__regex=SLUG_PATTERN), name="campaign_slug_form"),
            CheckConstraint(
                condition=Q(votes_wanted__gte=1, votes_wanted__lte=VOTES_WANTED_LIMIT), name="campaign_votes_wanted_range"
            ),
            CheckConstraint(
                condition=Q(votes_max__gte=F("votes_wanted"), votes_max__lte=VOTES_WANTED_LIMIT),
                name="campaign_votes_max_from_votes_wanted",
            ),
            CheckConstraint(
                condition=Q(stop_confidence__gte=0.5, stop_confidence__lt=1), name="campaign_stop_confidence_is_probability"
            ),
            CheckConstraint(
                condition=Q(limit_per_day__isnull=True) | Q(limit_per_day__gte=1), name="campaign_limit_per_day_positive"
            ),
            CheckConstraint(condition=Q(limit_total__isnull=True) | Q(limit_total__gte=1), name="campaign_limit_total_positive"),
            CheckConstraint(
                condition=Q(limit_share__isnull=True) | Q(limit_share__gt=0, limit_share__lte=1),
                name="campaign_limit_share_is_share",
            ),
            CheckConstraint(condition=Q(flags_to_hold__gte=1), name="campaign_flags_to_hold_positive"),
            CheckConstraint(
                condition=Q(lease_seconds__gte=LEASE_SECONDS_LIMITS[0], lease_seconds__lte=LEASE_SECONDS_LIMITS[1]),
                name="campaign_lease_seconds_range",
            ),
            CheckConstraint(condition=Q(licence="") | Q(licence__regex=LICENCE_PATTERN), name="campaign_licence_form"),
            CheckConstraint(
                condition=Q(share_validation__gte=0, share_validation__lte=SPLIT_SHARE_LIMIT)
                & Q(share_test__gte=0, share_test__lte=SPLIT_SHARE_LIMIT),
                name="campaign_split_shares_range",
            ),
            CheckConstraint(
                condition=Q(return_url="") | Q(return_url__startswith="https://"), name="campaign_return_url_is_https"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


def all_choices() -> list[str]:
    return list(Choice.values)


class Question(models.Model):
    """What is asked of a pair. The first of a campaign (position 0) is primary: it decides seats and labels."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="questions")
    slug = models.CharField(
        max_length=48, validators=[RegexValidator(QUESTION_SLUG_PATTERN, "Use lower-case letters, digits, _.")]
    )
    text = models.CharField(max_length=300)
    position = models.PositiveSmallIntegerField(default=0)
    choices = ArrayField(models.CharField(max_length=9, choices=Choice), default=all_choices)

    class Meta:
        ordering = ["campaign", "position"]
        constraints = [
            UniqueConstraint(fields=["campaign", "id"], name="question_of_campaign"),
            UniqueConstraint(fields=["campaign", "slug"], name="question_slug_unique_in_campaign"),
            UniqueConstraint(fields=["campaign", "position"], name="question_position_unique_in_campaign"),
            CheckConstraint(
                condition=Q(choices__contained_by=Choice.values) & Q(choices__contains=[Choice.A, Choice.B]),
                name="question_choices_known_with_a_and_b",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_primary(self) -> bool:
        return self.position == 0


class Guideline(models.Model):
    """The campaign's instructions, Markdown, versioned. A draft has no `published_at`; a published version never changes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField(help_text="Markdown.")
    change_note = models.CharField(
        max_length=CHANGE_NOTE_LIMIT,
        blank=True,
        default="",
        help_text="What is new in this version, for those who know the last one.",
    )
    published_at = models.DateTimeField(null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="guidelines_written"
    )

    class Meta:
        ordering = ["campaign", "-version"]
        constraints = [
            UniqueConstraint(fields=["campaign", "id"], name="guideline_of_campaign"),
            UniqueConstraint(fields=["campaign", "version"], name="guideline_version_unique_in_campaign"),
            CheckConstraint(condition=Q(version__gte=1), name="guideline_version_from_one"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="guideline_published_is_fixed",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign} v{self.version}"


class ConsentText(models.Model):
    """What people agree to before they judge, Markdown, versioned. In force from the moment it is made; it never changes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="consent_texts")
    version = models.PositiveIntegerField()
    text = models.TextField(help_text="Markdown.")
    published_at = models.DateTimeField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["campaign", "-version"]
        constraints = [
            UniqueConstraint(fields=["campaign", "version"], name="consent_text_version_unique_in_campaign"),
            CheckConstraint(condition=Q(version__gte=1), name="consent_text_version_from_one"),
        ]
        triggers = [pgtrigger.Protect(name="consent_text_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"consent text {self.version} of {self.campaign}"


class GroupQuestion(models.Model):
    """What annotators may say of themselves, if they like. A campaign without one asks nobody."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="group_question")
    text = models.CharField(max_length=300)
    options = ArrayField(models.CharField(max_length=GROUP_OPTION_LIMIT))
    people_min = models.PositiveSmallIntegerField(
        default=GROUP_PEOPLE_MIN, help_text="How many people there are in a group at least of which anything is told."
    )

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(people_min__gte=GROUP_PEOPLE_LEAST), name="group_question_people_min_protects"),
            CheckConstraint(
                condition=Q(options__len__gte=2, options__len__lte=GROUP_OPTIONS_LIMIT), name="group_question_has_options"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class CampaignProgress(models.Model):
    """Counters for the pages, rolled up by a task; never written on the way of a vote and never a source of truth."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="progress")
    pairs_total = models.PositiveIntegerField(default=0)
    pairs_settled = models.PositiveIntegerField(default=0)
    pairs_held = models.PositiveIntegerField(default=0)
    votes_wanted = models.PositiveBigIntegerField(
        default=0, help_text="Sum of votes_wanted over the pairs in circulation or settled."
    )
    votes_live = models.PositiveBigIntegerField(
        default=0, help_text="Live votes of regular assignments on the primary question, on those same pairs."
    )
    seats_open = models.PositiveIntegerField(default=0, help_text="Assignments handed out and not answered yet.")
    votes_last_hour = models.PositiveIntegerField(default=0)
    annotators_last_hour = models.PositiveIntegerField(default=0)
    label_counts = models.JSONField(default=dict, help_text="Scored pairs by label, for the primary question. Only shown.")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "campaign progress"
        constraints = [
            CheckConstraint(condition=Q(pairs_settled__lte=F("pairs_total")), name="progress_settled_within_total"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.votes_live} of {self.votes_wanted} votes"
