from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import CampaignState, Choice
from annotator.models.campaign_rules import CampaignRules, rule_constraints
from annotator.models.fields import SLUG_PATTERN, ForeignKeyPair, one_of
from annotator.models.in_languages import InLanguages

if TYPE_CHECKING:
    from annotator.models.people import User

QUESTION_SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"
CHANGE_NOTE_LIMIT = 2000
GROUP_OPTION_LIMIT, GROUP_OPTIONS_LIMIT = 60, 12
GROUP_PEOPLE_MIN, GROUP_PEOPLE_LEAST = 5, 3  # what a campaign begins with, and what it cannot go below


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: User) -> CampaignQuerySet:
        """Campaigns the user is a member of; all of them for a superuser."""
        if user.is_superuser:
            return self
        return self.filter(members__user=user)


class Campaign(CampaignRules):
    """One collection effort: its questions, guideline, pairs, people, rules and releases."""

    slug = models.CharField(
        max_length=96,
        unique=True,
        validators=[
            RegexValidator(
                SLUG_PATTERN, gettext_lazy("Use lower-case letters, digits, and single dots, dashes or underscores between them.")
            )
        ],
        help_text=gettext_lazy(
            "Used in web addresses and in the Hub repository: lower-case letters, digits, dots, dashes and underscores."
        ),
    )
    name = models.CharField(max_length=200, help_text=gettext_lazy("Annotators see this name in their list of campaigns."))
    description = models.TextField(
        max_length=20_000, blank=True, help_text=gettext_lazy("Shown to annotators and in the dataset card.")
    )
    state = models.CharField(max_length=8, choices=CampaignState, default=CampaignState.DRAFT)
    # The newest consent text, on this row so that reading it needs no further query.
    consent_text = models.ForeignKey(
        "ConsentText", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    # The guideline in force: the newest that was published. campaigns/guidelines.py sets it.
    guideline = models.ForeignKey(
        "Guideline", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=gettext_lazy("When it was archived. Lists leave it out from then on.")
    )
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
            CheckConstraint(
                condition=Q(archived_at__isnull=True) | Q(state=CampaignState.CLOSED), name="campaign_archived_is_closed"
            ),
            CheckConstraint(condition=Q(slug__regex=SLUG_PATTERN), name="campaign_slug_form"),
            *rule_constraints(),
        ]

    def __str__(self) -> str:
        return self.slug


def all_choices() -> list[str]:
    return list(Choice.values)


class Question(InLanguages):
    """What is asked of a pair. The first of a campaign (position 0) is primary: it decides seats and labels."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="questions")
    slug = models.CharField(
        max_length=48, validators=[RegexValidator(QUESTION_SLUG_PATTERN, gettext_lazy("Use lower-case letters, digits, _."))]
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


class Guideline(InLanguages):
    """The campaign's instructions, Markdown, versioned. A draft has no `published_at`; a published version never changes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField(help_text=gettext_lazy("Markdown."))
    change_note = models.CharField(
        max_length=CHANGE_NOTE_LIMIT,
        blank=True,
        default="",
        help_text=gettext_lazy("What changed since the last version."),
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
    text = models.TextField(help_text=gettext_lazy("Markdown."))
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
    """An optional demographic question for annotators. A campaign without one asks nobody."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="group_question")
    text = models.CharField(max_length=300)
    options = ArrayField(models.CharField(max_length=GROUP_OPTION_LIMIT))
    people_min = models.PositiveSmallIntegerField(
        default=GROUP_PEOPLE_MIN, help_text=gettext_lazy("The smallest group size for which statistics are shown.")
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
        default=0, help_text=gettext_lazy("Sum of votes_wanted over open and settled pairs, and votes_to_come.")
    )
    votes_to_come = models.PositiveBigIntegerField(
        default=0,
        db_default=0,
        help_text=gettext_lazy(
            "Votes on comparisons that the pairing rule has not chosen yet, because it waits for the votes before."
        ),
    )
    votes_live = models.PositiveBigIntegerField(
        default=0, help_text=gettext_lazy("Live votes of regular assignments on the primary question of these pairs.")
    )
    seats_open = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Open assignments."))
    pairs_waiting = models.PositiveIntegerField(
        default=0, db_default=0, help_text=gettext_lazy("Open pairs with a free seat: what the next annotators get.")
    )
    pairs_untouched = models.PositiveIntegerField(
        default=0, db_default=0, help_text=gettext_lazy("Open pairs that nobody has a seat on yet.")
    )
    seats_overdue = models.PositiveIntegerField(
        default=0, db_default=0, help_text=gettext_lazy("Open assignments whose lease ran out and that were not returned yet.")
    )
    votes_last_hour = models.PositiveIntegerField(default=0)
    annotators_last_hour = models.PositiveIntegerField(default=0)
    label_counts = models.JSONField(
        default=dict, help_text=gettext_lazy("Scored pairs by label, for the primary question. For display only.")
    )
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = gettext_lazy("campaign progress")
        constraints = [
            CheckConstraint(condition=Q(pairs_settled__lte=F("pairs_total")), name="progress_settled_within_total"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.votes_live} of {self.votes_wanted} votes"
