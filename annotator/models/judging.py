from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, CheckConstraint, F, Func, Index, Q, UniqueConstraint, Value, When
from django.db.models.functions import Cast, Length
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils.translation import gettext_lazy

from annotator.choices import AssignmentKind, AssignmentState, Choice, FlagReason, VoidReason
from annotator.models.campaigns import Campaign, Guideline, Question
from annotator.models.fields import ForeignKeyPair, ThisTransaction, TransactionId, in_campaign, one_of, random_public_id
from annotator.models.material import Pair
from annotator.models.people import Member
from annotator.models.triggers import new_seats_wait, note_changed_votes, waiting_seats_follow

CONDITIONS_LENGTH = 500  # characters


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> AssignmentQuerySet:
        """Found by what waits, or by the rest of the query, whatever is less."""
        return self.filter(state=AssignmentState.OPEN, waiting__state=AssignmentState.OPEN, waiting__member=F("member"))

    def leased(self, now: datetime) -> AssignmentQuerySet:
        """Open and inside the lease: what the annotator may still answer."""
        return self.open().filter(lease_expires_at__gt=now)

    def overdue(self, now: datetime) -> AssignmentQuerySet:
        return self.open().filter(lease_expires_at__lte=now)


class Assignment(models.Model):
    """A seat of one member on one pair. Everything that was shown is fixed here, by the server."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="assignments", db_index=False, db_constraint=False
    )
    # Each index costs every vote an entry or two. No guideline that was assigned under is ever deleted, so it has none.
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="assignments", db_index=False, db_constraint=False)
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="assignments", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=8, choices=AssignmentKind, default=AssignmentKind.REGULAR)
    state = models.CharField(max_length=8, choices=AssignmentState, default=AssignmentState.OPEN)
    a_on_left = models.BooleanField()
    guideline = models.ForeignKey(
        Guideline,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text=gettext_lazy("The guideline version at that time."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    lease_expires_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True, blank=True, help_text=gettext_lazy("When the annotator first received it."))
    closed_at = models.DateTimeField(null=True, blank=True, help_text=gettext_lazy("When it stopped being open."))

    # How many open assignments its member has; set by judging/queue.py alone.
    queue_length: int

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "id"], name="assignment_of_campaign"),
            # Also in place of the member's own index. A vote refers to it: Vote.member.
            UniqueConstraint(fields=["member", "campaign", "id"], name="assignment_of_member"),
            in_campaign("member", "Member", name="assignment_member_in_campaign"),
            in_campaign("pair", "Pair", name="assignment_pair_in_campaign"),
            in_campaign("guideline", "Guideline", name="assignment_guideline_in_campaign"),
            # Also in place of the pair's own index. Training may come again: each of it counts as one of its own.
            UniqueConstraint(
                "pair",
                "member",
                "kind",
                Case(When(kind=AssignmentKind.TRAINING, then=F("pk")), default=Value(0), output_field=models.BigIntegerField()),
                name="assignment_once_per_member_and_pair",
            ),
            # judging/machine_annotators.py: the last pair that a machine has had.
            UniqueConstraint(
                fields=["member", "pair"],
                condition=Q(kind=AssignmentKind.MACHINE),
                name="assignment_machine_once_per_member_and_pair",
            ),
            one_of("kind", AssignmentKind, name="assignment_kind_known"),
            one_of("state", AssignmentState, name="assignment_state_known"),
            CheckConstraint(
                condition=Q(state=AssignmentState.OPEN, closed_at__isnull=True)
                | (~Q(state=AssignmentState.OPEN) & Q(closed_at__isnull=False)),
                name="assignment_closed_at_says_when",
            ),
        ]
        indexes = [
            # No index has a column that changes when an assignment is shown, answered or taken back: PostgreSQL then touches none
            # (a HOT update). What waits is found by WaitingSeat, and what was answered by Vote.
            # judging/training.py: what members answered in their training, which few seats of a campaign are.
            Index(fields=["member", "created_at"], condition=Q(kind=AssignmentKind.TRAINING), name="assignment_training"),
        ]
        triggers = [
            pgtrigger.Protect(name="assignment_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="assignment_seat_is_fixed", fields=["campaign", "member", "pair", "kind"]),
            new_seats_wait("assignment_waits"),
            waiting_seats_follow("assignment_waits_no_more"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class WaitingSeat(models.Model):
    """What waits: an open assignment for the member's answer, a skipped or flagged one for an undo, and an expired one of a
    machine to be handed out once more.

    In place of an index of the assignments by their state, which each answer would have to write all indexes for. Triggers of
    the assignments keep it, and nobody else writes it.
    """

    pk = models.CompositePrimaryKey("member", "state", "assignment")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    state = models.CharField(max_length=8, choices=AssignmentState)
    assignment = models.ForeignKey(
        Assignment, on_delete=models.DO_NOTHING, related_name="waiting", db_index=False, db_constraint=False
    )

    class Meta:
        db_table = "annotator_waiting_seat"
        ordering = ["member", "assignment"]

    def __str__(self) -> str:
        return f"waiting assignment {self.assignment_id}"


class VoteQuerySet(models.QuerySet["Vote"]):
    def live(self) -> VoteQuerySet:
        return self.filter(void_reason__isnull=True)

    def answers(self) -> VoteQuerySet:
        """One live vote of each answer: that for the first question."""
        return self.live().filter(question__position=0)


class Vote(models.Model):
    """A member's choice for one question of one assignment. Append-only: undone and void votes stay, with a reason.

    Which votes count is said once, by two views of the database: `live_vote`, and of these `counted_vote`, which make labels.
    Migration 0013_counted_votes defines them and says what is in them.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="votes", db_index=False, db_constraint=False)
    # That of the assignment, so that the answers of a member are found here: an assignment has no index by when it was answered.
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="votes", db_index=False, db_constraint=False)
    # Its own index is left out: the unique constraint begins with it.
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="votes", db_index=False, db_constraint=False
    )
    # Its own index is left out: `vote_changes` begins with the question, and serves whoever looks for its votes.
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="votes", db_index=False, db_constraint=False)
    choice = models.CharField(max_length=9, choices=Choice)
    elapsed_ms = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text=gettext_lazy("Milliseconds from both images shown to the answer, measured by the client."),
    )
    comment = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text=gettext_lazy("The annotator's comment. Stored with the first vote of the answer."),
    )
    conditions = models.JSONField(
        null=True,
        blank=True,
        help_text=gettext_lazy("How the pair was seen and answered, as the page measured it: judging/conditions.py."),
    )
    created_at = models.DateTimeField()
    void_reason = models.CharField(max_length=9, choices=VoidReason, null=True, blank=True)  # noqa: DJ001 - null: a live vote
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # The transaction that wrote the row last: cast it, voided it, or restored it. feeds/vote_feed.py says what for.
    changed_in = TransactionId(editable=False, db_default=ThisTransaction())

    objects = VoteQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            ForeignKeyPair(
                fields=["campaign", "member", "assignment"],
                to="annotator.Assignment",
                to_fields=["campaign", "member", "id"],
                name="vote_assignment_of_member",
            ),
            in_campaign("question", "Question", name="vote_question_in_campaign"),
            # Void votes are in it too, each as one of its own, so that it finds all votes of an assignment.
            UniqueConstraint(
                "assignment",
                "question",
                Case(When(void_reason__isnull=True, then=Value(0)), default=F("pk"), output_field=models.BigIntegerField()),
                name="vote_one_live_per_assignment_and_question",
            ),
            one_of("choice", Choice, name="vote_choice_known"),
            one_of("void_reason", VoidReason, name="vote_void_reason_known"),
            CheckConstraint(
                condition=Q(void_reason__isnull=True, voided_at__isnull=True, voided_by__isnull=True)
                | Q(void_reason__isnull=False, voided_at__isnull=False),
                name="vote_void_has_reason_and_time",
            ),
            CheckConstraint(
                condition=Q(conditions__isnull=True)
                | Q(
                    Exact(Func(F("conditions"), function="jsonb_typeof", output_field=models.TextField()), Value("object")),
                    LessThanOrEqual(Length(Cast("conditions", models.TextField())), CONDITIONS_LENGTH),
                ),
                name="vote_conditions_are_a_small_object",
            ),
        ]
        indexes = [
            # scoring/progress.py: the comments on a campaign's pairs. Most votes have none, and are not in it.
            Index(fields=["campaign", "-id"], condition=~Q(comment=""), name="vote_comments"),
            # feeds/vote_feed.py: what was cast or voided since some time. Votes lie in the table as they came, so that a few
            # bytes for each of its stretches are enough.
            BrinIndex(fields=["created_at"], name="vote_times", pages_per_range=32, autosummarize=True),
            Index(fields=["voided_at"], condition=Q(voided_at__isnull=False), name="vote_voided"),
            # feeds/vote_feed.py: the votes of a question in the order of their last change, after a place.
            Index(fields=["question", "changed_in", "id"], name="vote_changes"),
            # judging/limits.py, judging/own_history.py, judging/voting.py: a member's answers since some time, and the last.
            Index(fields=["member", "created_at"], name="vote_of_member"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="vote_change_is_noted",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="NEW.changed_in = pg_current_xact_id(); RETURN NEW;",
            ),
            pgtrigger.Protect(name="vote_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="vote_answer_is_fixed",
                fields=[
                    *("campaign", "member", "assignment", "question", "choice"),
                    *("elapsed_ms", "comment", "conditions", "created_at"),
                ],
            ),
            note_changed_votes("vote_cast_is_noted", pgtrigger.Insert),
            note_changed_votes("vote_voided_is_noted", pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"vote {self.pk}: {self.choice}"


class ServerEpoch(models.Model):
    """Of which database server the transaction numbers in `Vote.changed_in` are. There is one row at most."""

    server = models.CharField(
        max_length=80, help_text=gettext_lazy("Identifier and timeline of the server. A restored copy has different ones.")
    )
    name = models.CharField(
        max_length=16,
        default=random_public_id,
        help_text=gettext_lazy("Part of every cursor, so that old cursors are recognised."),
    )

    class Meta:
        db_table = "annotator_lineage"
        constraints = [CheckConstraint(condition=Q(pk=1), name="lineage_is_one")]

    def __str__(self) -> str:
        return self.name


class Flag(models.Model):
    """An annotator's report on a pair, made through the assignment that showed it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="flags", db_index=False, db_constraint=False)
    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="flag", db_constraint=False)
    reason = models.CharField(max_length=16, choices=FlagReason)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            in_campaign("assignment", "Assignment", name="flag_assignment_in_campaign"),
            one_of("reason", FlagReason, name="flag_reason_known"),
            CheckConstraint(
                condition=Q(resolved_by__isnull=True) | Q(resolved_at__isnull=False), name="flag_resolution_has_time"
            ),
        ]
        # scoring/progress.py: what waits for a manager.
        indexes = [Index(fields=["campaign", "id"], condition=Q(resolved_at__isnull=True), name="flag_open")]
        triggers = [pgtrigger.Protect(name="flag_never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} on {self.assignment}"
