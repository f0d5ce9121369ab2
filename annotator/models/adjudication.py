from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import AdjudicationOutcome, Choice, RetireReason
from annotator.models.campaigns import Campaign, Question
from annotator.models.fields import in_campaign, one_of
from annotator.models.material import Pair
from annotator.models.people import Member
from annotator.models.reviewing import MESSAGE_LIMIT

_IS_LIVE = Q(undone_at__isnull=True)


class Adjudication(models.Model):
    """What a reviewer decided about a pair in the review queue. It stands beside the votes and never changes them.

    Append-only but for its undoing: an outcome counts while `undone_at` is null.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="adjudications", db_index=False, db_constraint=False
    )
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="adjudications", db_constraint=False)
    outcome = models.CharField(max_length=8, choices=AdjudicationOutcome)
    question = models.ForeignKey(
        Question,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=gettext_lazy("The question that was decided. Empty for other outcomes."),
    )
    choice = models.CharField(max_length=9, choices=Choice, null=True, blank=True)  # noqa: DJ001 - null: not decided
    reason = models.CharField(  # noqa: DJ001 - null: not retired
        max_length=16, choices=RetireReason, null=True, blank=True, help_text=gettext_lazy("Why the pair was retired.")
    )
    unsafe_a = models.BooleanField(default=False, db_default=False, help_text=gettext_lazy("Whether image a is unsafe."))
    unsafe_b = models.BooleanField(default=False, db_default=False, help_text=gettext_lazy("Whether image b is unsafe."))
    note = models.CharField(
        max_length=MESSAGE_LIMIT,
        blank=True,
        default="",
        help_text=gettext_lazy("The reviewer's reason, or the message that was sent."),
    )
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=gettext_lazy("Who was sent the message."),
    )
    cause = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consequences",
        help_text=gettext_lazy("The adjudication of another pair that shows the same unsafe image. This one is undone with it."),
    )
    before = models.JSONField(
        default=dict, blank=True, help_text=gettext_lazy("What undoing it restores: quality/adjudication.py. For this alone.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            in_campaign("pair", "Pair", name="adjudication_pair_in_campaign"),
            one_of("outcome", AdjudicationOutcome, name="adjudication_outcome_known"),
            one_of("choice", Choice, name="adjudication_choice_known"),
            one_of("reason", RetireReason, name="adjudication_reason_known"),
            CheckConstraint(
                condition=Q(outcome=AdjudicationOutcome.DECIDE, question__isnull=False, choice__isnull=False)
                | (~Q(outcome=AdjudicationOutcome.DECIDE) & Q(question__isnull=True, choice__isnull=True)),
                name="adjudication_decides_a_question",
            ),
            CheckConstraint(
                condition=Q(outcome=AdjudicationOutcome.RETIRE, reason__isnull=False)
                | (~Q(outcome=AdjudicationOutcome.RETIRE) & Q(reason__isnull=True)),
                name="adjudication_retires_for_a_reason",
            ),
            CheckConstraint(
                condition=Q(reason=RetireReason.UNSAFE) | Q(unsafe_a=False, unsafe_b=False),
                name="adjudication_unsafe_images_retire",
            ),
            CheckConstraint(
                condition=Q(undone_by__isnull=True) | Q(undone_at__isnull=False), name="adjudication_undoing_has_time"
            ),
            UniqueConstraint(
                fields=["pair", "question"],
                condition=_IS_LIVE & Q(outcome=AdjudicationOutcome.DECIDE),
                name="adjudication_one_live_per_question",
            ),
            # Also the list of retired pairs (scoring/pair_list.py), and what releases leave out.
            UniqueConstraint(
                fields=["campaign", "pair"],
                condition=_IS_LIVE & Q(outcome=AdjudicationOutcome.RETIRE),
                name="adjudication_one_live_retirement",
            ),
        ]
        # quality/adjudication.py: the newest outcomes of a campaign.
        indexes = [Index(fields=["campaign", "-id"], name="adjudication_newest")]
        triggers = [
            pgtrigger.Protect(name="adjudication_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="adjudication_is_fixed", exclude=["undone_at", "undone_by"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.pair}"

    @property
    def is_live(self) -> bool:
        return self.undone_at is None


class ReviewerPresence(models.Model):
    """Who has an item of the review queue open, so that two reviewers of one item are told of each other."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.CharField(max_length=32, help_text=gettext_lazy("As in the address of the item: pair-12 or appeal-3."))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = gettext_lazy("reviewer presence")
        constraints = [UniqueConstraint(fields=["campaign", "item", "user"], name="reviewer_present_once_per_item")]

    def __str__(self) -> str:
        return f"{self.user}: {self.item}"
