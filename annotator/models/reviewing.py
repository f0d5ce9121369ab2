from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import ActionKind, AppealState, Measure, Outcome
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of
from annotator.models.people import Member

MESSAGE_LIMIT = 2000


class ReviewRule(models.Model):
    """What is done about an annotator whose measure passes the threshold, once there is enough to go by.

    `threshold` is a share for measures that are shares, and else log odds. quality/rules.py says what passes it, and how
    often that is an error. Rules on agreement with others are of older versions: they stay for the record, and are off.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="review_rules")
    measure = models.CharField(max_length=16, choices=Measure)
    outcome = models.CharField(max_length=8, choices=Outcome)
    threshold = models.FloatField()
    minimum = models.PositiveIntegerField(help_text=gettext_lazy("The rule applies from this many answers."))
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(
        default=1, help_text=gettext_lazy("Grows with each change of the threshold, the minimum or on and off.")
    )
    # 0: nobody has decided yet. A rule acts only while this is the version of the test in quality/rules.py.
    test_version = models.PositiveIntegerField(
        default=1, help_text=gettext_lazy("The version of the test that a manager has decided about.")
    )
    # Since when it asks before it acts: it would have acted on too many.
    asks_since = models.DateTimeField(null=True, blank=True, editable=False)
    # When a manager last let the rule continue. Actions before that time do not make it ask again.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "measure", "outcome"], name="review_rule_once_per_measure_and_outcome"),
            one_of("measure", Measure, name="review_rule_measure_known"),
            one_of("outcome", Outcome, name="review_rule_outcome_known"),
            CheckConstraint(condition=Q(minimum__gte=1), name="review_rule_minimum_from_one"),
            CheckConstraint(condition=Q(version__gte=1), name="review_rule_version_from_one"),
            CheckConstraint(condition=Q(threshold__gte=-1000, threshold__lte=1000), name="review_rule_threshold_is_number"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.get_measure_display().lower()}"


class AnnotatorStats(models.Model):
    """What the review measured of a member at its last look. Only ever shown and ruled on; the votes are the truth."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="stats")
    counted_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text=gettext_lazy("Earlier answers do not count, because a manager reset the member's record."),
    )
    gold_count = models.PositiveIntegerField(default=0)
    gold_right = models.PositiveIntegerField(default=0)
    repeat_count = models.PositiveIntegerField(default=0)
    repeat_same = models.PositiveIntegerField(default=0)
    repeat_same_side = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("Inconsistent repeats in which the image on the same side was chosen.")
    )
    side_count = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Answers for one image or the other."))
    left_count = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Answers for the left image."))
    left_p_value = models.FloatField(
        default=1.0, help_text=gettext_lazy("Probability of a left share at least this extreme without side bias.")
    )
    timed_count = models.PositiveIntegerField(default=0)
    fast_count = models.PositiveIntegerField(default=0)
    shared_count = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("Answers on pairs where the other annotators have a majority.")
    )
    agreed_count = models.PositiveIntegerField(default=0)
    skill = models.FloatField(
        null=True,
        blank=True,
        help_text=gettext_lazy("1: answers as careful annotators mostly do. 0: no relation. Below 0: the opposite."),
    )
    skill_lower = models.FloatField(null=True, blank=True)
    skill_upper = models.FloatField(null=True, blank=True)
    evidence_count = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Number of answers used to compute trust."))
    trust = models.FloatField(default=0.0, help_text=gettext_lazy("Log odds of care, with any taste, against guessing."))
    own_trust = models.FloatField(default=0.0, db_default=0.0, help_text=gettext_lazy("The same from gold and repeats alone."))
    recent_trust = models.FloatField(default=0.0, help_text=gettext_lazy("Log odds against a change to guessing; 0 or less."))
    computed_at = models.DateTimeField()

    class Meta:
        db_table = "annotator_standing"
        constraints = [
            CheckConstraint(
                condition=Q(
                    gold_right__lte=F("gold_count"),
                    repeat_same__lte=F("repeat_count"),
                    repeat_same_side__lte=F("repeat_count") - F("repeat_same"),
                    left_count__lte=F("side_count"),
                    fast_count__lte=F("timed_count"),
                    agreed_count__lte=F("shared_count"),
                ),
                name="standing_parts_within_wholes",
            ),
        ]

    def __str__(self) -> str:
        return f"stats of {self.member}"

    @property
    def differed_count(self) -> int:
        """Of the shared answers, those that are not what most of the others chose."""
        return self.shared_count - self.agreed_count


class ReviewModel(models.Model):
    """What the tallies of a large campaign go by. Only quality/kept_tallies.py reads and writes them."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="+")
    document = models.JSONField(help_text=gettext_lazy("The model, and all that the tallies depend on except votes."))
    gold = models.BinaryField(help_text=gettext_lazy("The gold pairs that counted, and their known choices."))
    votes = models.PositiveBigIntegerField(help_text=gettext_lazy("Number of votes that the model was fitted to."))
    changes = models.PositiveBigIntegerField(default=0, help_text=gettext_lazy("Number of votes that have changed since."))
    fitted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.campaign}: fitted to {self.votes} votes"


class ReviewTally(models.Model):
    """What the answers of an annotator of a large campaign amount to, brought up to date by each review."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="+")
    good = models.FloatField(help_text=gettext_lazy("Probability that the annotator is a good one, at the last fit."))
    since = models.BigIntegerField(help_text=gettext_lazy("The `counted_since` that the sums go by, in microseconds since 1970."))
    answers = models.PositiveBigIntegerField(help_text=gettext_lazy("Number of answers that count."))
    given = models.PositiveBigIntegerField(help_text=gettext_lazy("Number of votes, with those that are void."))
    sums = models.BinaryField()

    class Meta:
        verbose_name_plural = gettext_lazy("review tallies")

    def __str__(self) -> str:
        return f"{self.member}: {self.answers} answers"


class ModerationAction(models.Model):
    """That something was done about a member: by whom or by which rule, when, and on what figures. Append-only."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="actions")
    kind = models.CharField(max_length=8, choices=ActionKind)
    rule = models.ForeignKey(ReviewRule, on_delete=models.PROTECT, null=True, blank=True, related_name="actions")
    # Of the rule and of its test, at that time. Null also for actions from before versions were kept.
    rule_version = models.PositiveIntegerField(null=True, blank=True)
    test_version = models.PositiveIntegerField(null=True, blank=True)
    figures = models.JSONField(default=dict, help_text=gettext_lazy("The measured values at that time. For display only."))
    # Null for what changes no votes, and for actions from before they were counted.
    votes = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("How many votes this made void, or restored.")
    )
    pairs_reopened = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("How many settled pairs wanted votes again after this.")
    )
    note = models.CharField(
        max_length=MESSAGE_LIMIT, blank=True, default="", help_text=gettext_lazy("The manager's message to the member.")
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "annotator_act"
        ordering = ["-pk"]
        constraints = [
            one_of("kind", ActionKind, name="act_kind_known"),
            CheckConstraint(
                condition=Q(rule_version__isnull=True, test_version__isnull=True)
                | Q(rule__isnull=False, rule_version__isnull=False, test_version__isnull=False),
                name="act_versions_are_of_its_rule",
            ),
        ]
        # quality/review.py: what a rule did to whom since a manager last said that it may go on.
        indexes = [Index(fields=["rule", "member"], condition=Q(rule__isnull=False), name="act_of_rule")]
        triggers = [pgtrigger.Protect(name="act_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.member}"

    @property
    def rule_in_words(self) -> str:
        """The rule and its version at that time; empty where a person acted on their own."""
        if self.rule is None:
            return ""
        if self.rule_version is None:
            return f"{self.rule} (version not recorded)"
        return f"{self.rule} (rule version {self.rule_version}, test version {self.test_version})"


class Proposal(models.Model):
    """What a rule that asks first would do to a member. Gone once a manager has decided; what was decided is an action."""

    rule = models.ForeignKey(ReviewRule, on_delete=models.CASCADE, related_name="proposals")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    figures = models.JSONField(default=dict, help_text=gettext_lazy("The measured values at that time. For display only."))
    proposed_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [UniqueConstraint(fields=["rule", "member"], name="proposal_once_per_rule_and_member")]

    def __str__(self) -> str:
        return f"{self.rule} of {self.member}"


class Appeal(models.Model):
    """A member asks the managers to look again at what was done, and what these answered."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="appeals")
    message = models.CharField(max_length=MESSAGE_LIMIT)
    state = models.CharField(max_length=8, choices=AppealState, default=AppealState.OPEN)
    created_at = models.DateTimeField()
    answer = models.CharField(max_length=MESSAGE_LIMIT, blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("state", AppealState, name="appeal_state_known"),
            UniqueConstraint(fields=["member"], condition=Q(state=AppealState.OPEN), name="appeal_one_open_per_member"),
            CheckConstraint(
                condition=Q(state=AppealState.OPEN, answered_at__isnull=True)
                | (~Q(state=AppealState.OPEN) & Q(answered_at__isnull=False)),
                name="appeal_answered_at_says_when",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="appeal_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="appeal_message_is_fixed", fields=["member", "message", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"appeal of {self.member}"
