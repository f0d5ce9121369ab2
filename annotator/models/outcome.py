from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint, Value
from django.utils.translation import gettext_lazy

from annotator.choices import UNFINISHED_RELEASES, ConsensusMethod, Label, ReleaseState
from annotator.models.campaigns import Campaign, Question
from annotator.models.fields import SHA256_PATTERN, one_of
from annotator.models.judging import Assignment
from annotator.models.material import Pair

AGREED_SHARE = 0.9  # of votes on one label: nearly all agree


class Consensus(models.Model):
    """What the live regular votes on a pair amount to, for one question, by one method."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="consensus")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=16, choices=ConsensusMethod, default=ConsensusMethod.MAJORITY)
    label = models.CharField(max_length=9, choices=Label)
    share = models.FloatField(help_text=gettext_lazy("Share of the votes on the label; of a tie, the largest share."))
    confidence = models.FloatField(
        help_text=gettext_lazy("Probability that the label is what most of the campaign's population would answer.")
    )
    agreement = models.FloatField(
        null=True, blank=True, help_text=gettext_lazy("Share of agreeing pairs of votes; null below two votes.")
    )
    n_a = models.PositiveSmallIntegerField(default=0)
    n_b = models.PositiveSmallIntegerField(default=0)
    n_both_good = models.PositiveSmallIntegerField(default=0)
    n_both_bad = models.PositiveSmallIntegerField(default=0)
    p_a = models.FloatField()
    p_b = models.FloatField()
    p_both_good = models.FloatField()
    p_both_bad = models.FloatField()
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = gettext_lazy("consensus")
        # quality/gold.py: pairs on which people agree all but entirely, the most voted for first.
        indexes = [
            Index(
                F("question"),
                (F("n_a") + F("n_b") + F("n_both_good") + F("n_both_bad")).desc(),
                F("share").desc(),
                F("pair"),
                condition=Q(method=ConsensusMethod.MAJORITY, share__gte=AGREED_SHARE) & ~Q(label=Label.TIE),
                name="consensus_agreed",
            ),
            # quality/review_queue.py: pairs without a majority, those with the most votes first.
            Index(
                F("question"),
                Value(0) - (F("n_a") + F("n_b") + F("n_both_good") + F("n_both_bad")),
                F("pair"),
                condition=Q(method=ConsensusMethod.MAJORITY, label=Label.TIE),
                name="consensus_ties",
            ),
            # scoring/pair_list.py: pairs by label and confidence.
            Index(fields=["question", "method", "label", "confidence", "pair"], name="consensus_by_label"),
        ]
        constraints = [
            UniqueConstraint(fields=["pair", "question", "method"], name="consensus_once_per_pair_question_method"),
            one_of("label", Label, name="consensus_label_known"),
            one_of("method", ConsensusMethod, name="consensus_method_known"),
            CheckConstraint(condition=Q(share__gte=0, share__lte=1), name="consensus_share_is_share"),
            CheckConstraint(condition=Q(confidence__gte=0, confidence__lte=1), name="consensus_confidence_is_probability"),
            CheckConstraint(
                condition=Q(agreement__isnull=True) | Q(agreement__gte=0, agreement__lte=1), name="consensus_agreement_is_share"
            ),
            CheckConstraint(
                condition=Q(
                    p_a__gte=0,
                    p_b__gte=0,
                    p_both_good__gte=0,
                    p_both_bad__gte=0,
                    p_a__lte=1,
                    p_b__lte=1,
                    p_both_good__lte=1,
                    p_both_bad__lte=1,
                ),
                name="consensus_soft_label_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pair}: {self.label}"

    @property
    def n_votes(self) -> int:
        return self.n_a + self.n_b + self.n_both_good + self.n_both_bad


class SplitPrior(models.Model):
    """How the population splits on the pairs of a question: what `confidence` and soft labels were computed with, and what the
    stopping rule goes by. Fitted again when the number of votes has changed by a tenth."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, primary_key=True, related_name="split_prior")
    document = models.JSONField(help_text=gettext_lazy("Made and read by annotator/consensus/posterior.py."))
    votes_now = models.PositiveBigIntegerField(
        default=0, help_text=gettext_lazy("Votes on the question when it was scored last.")
    )
    fitted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.question}: fitted at {self.fitted_at}"


class UnscoredAssignment(models.Model):
    """That the votes of an assignment changed, and its pair is to be scored again.

    Written by triggers on what decides whether and how a vote counts (see `triggers.py`), in the transaction of the change, so
    that no change is missed and none is seen too early. Taken away by scoring. Without constraints and indexes, even that of the
    primary key: a vote should pay for one row and nothing else, and there are seldom more than the votes of some seconds.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")

    def __str__(self) -> str:
        return f"unscored: {self.assignment_id}"


class CampaignScoring(models.Model):
    """How far a campaign is scored. `changes` only ever grows: what was computed at the same number is still right."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="scoring")
    changes = models.PositiveBigIntegerField(default=0, help_text=gettext_lazy("Number of vote changes scored so far."))
    # The last run of the campaign's label method, where that needs all votes at once. The names are of the first such method.
    fitted_method = models.CharField(
        max_length=16, blank=True, default="", db_default="", help_text=gettext_lazy("Label method of the last run. Empty: none.")
    )
    dawid_skene_changes = models.PositiveBigIntegerField(null=True, help_text=gettext_lazy("Value of `changes` at the last run."))
    dawid_skene_at = models.DateTimeField(null=True)
    dawid_skene_seconds = models.FloatField(default=0.0, help_text=gettext_lazy("Duration of the last run."))

    def __str__(self) -> str:
        return f"{self.campaign}: {self.changes} changes scored"


class LabelFit(models.Model):
    """How the labels of a question came about, by a label method that needs all votes at once. None for the majority."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, primary_key=True, related_name="label_fit")
    method = models.CharField(
        max_length=16,
        choices=ConsensusMethod,
        help_text=gettext_lazy("Method that made the labels: with `auto`, the one it chose."),
    )
    converged = models.BooleanField(
        help_text=gettext_lazy("Whether it had settled when it stopped. If not, labels may be wrong.")
    )
    iterations = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True, help_text=gettext_lazy("Why `auto` chose this method."))
    held_out = models.JSONField(
        default=dict,
        blank=True,
        help_text=gettext_lazy("With `auto`: method to the mean log-likelihood of held-out votes. For display only."),
    )
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [one_of("method", ConsensusMethod, name="label_fit_method_known")]

    def __str__(self) -> str:
        return f"{self.question}: {self.method}"


class CampaignStatistics(models.Model):
    """What the votes of a campaign say about its people, pairs and generators; computed by a task, never on request."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="statistics")
    document = models.JSONField(help_text=gettext_lazy("Described in annotator/scoring/statistics/schema.py. For display only."))
    changes = models.PositiveBigIntegerField(
        default=0, help_text=gettext_lazy("The value of CampaignScoring.changes at that time.")
    )
    votes_counted = models.PositiveBigIntegerField(default=0)
    computed_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0, help_text=gettext_lazy("Duration of the computation."))
    is_outdated = models.BooleanField(default=False, help_text=gettext_lazy("Whether anything except votes has changed since."))

    class Meta:
        verbose_name_plural = gettext_lazy("campaign statistics")

    def __str__(self) -> str:
        return f"{self.campaign} at {self.computed_at}"


class Release(models.Model):
    """An immutable, numbered, hashed snapshot of a campaign in Hub format."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField()
    revision = models.CharField(  # noqa: DJ001 - null: not built yet
        max_length=40, null=True, blank=True, editable=False, help_text=gettext_lazy("40 hex digits: the hash of its content.")
    )
    state = models.CharField(max_length=9, choices=ReleaseState, default=ReleaseState.QUEUED)
    progress = models.FloatField(default=0.0, help_text=gettext_lazy("Share of the work done, 0 to 1."))
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    configs = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        blank=True,
        help_text=gettext_lazy("What is in it besides the votes and leaderboards. Empty: the usual configs."),
    )
    shard_bytes = models.PositiveBigIntegerField(
        null=True, blank=True, help_text=gettext_lazy("About how many bytes a file holds. Null: the usual size.")
    )
    shard_count = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("Into how many files each split of a config is cut. Null: by size.")
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    yanked_at = models.DateTimeField(null=True, blank=True)
    yanked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    yank_reason = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        help_text=gettext_lazy("Why. Everybody who asks for the release reads this."),
    )
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    heard_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("Time of the last sign of life from a builder. Null: not started."),
    )
    tries = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text=gettext_lazy("Builders that started the current step and have not finished it."),
    )
    has_leftovers = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Whether temporary files of the build may remain."),
    )

    class Meta:
        ordering = ["campaign", "-number"]
        # releasing/lifecycle.py: what the beat looks after.
        indexes = [
            Index(fields=["id"], condition=Q(state__in=UNFINISHED_RELEASES) | Q(has_leftovers=True), name="release_to_look_after")
        ]
        constraints = [
            UniqueConstraint(fields=["campaign", "number"], name="release_number_unique_in_campaign"),
            one_of("state", ReleaseState, name="release_state_known"),
            CheckConstraint(condition=Q(number__gte=1), name="release_number_from_one"),
            CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="release_progress_is_share"),
            CheckConstraint(
                condition=~Q(state=ReleaseState.READY) | Q(revision__regex=r"^[0-9a-f]{40}$", finished_at__isnull=False),
                name="release_ready_has_revision",
            ),
            CheckConstraint(
                condition=~Q(state=ReleaseState.YANKED) | (Q(yanked_at__isnull=False) & ~Q(yank_reason="")),
                name="release_yanked_has_reason",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="release_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="release_number_is_fixed", fields=["campaign", "number", "created_at"]),
            pgtrigger.Protect(
                name="release_ready_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=ReleaseState.READY)
                & (
                    pgtrigger.Q(new__revision__df=pgtrigger.F("old__revision"))
                    | ~pgtrigger.Q(new__state__in=[ReleaseState.READY, ReleaseState.YANKED])
                ),
            ),
            pgtrigger.Protect(
                name="release_yanked_stays_yanked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=ReleaseState.YANKED)
                & (pgtrigger.Q(new__revision__df=pgtrigger.F("old__revision")) | ~pgtrigger.Q(new__state=ReleaseState.YANKED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} v{self.number}"


class ReleaseShard(models.Model):
    """One data file of a release while it is built: what there is to write, and once it is written, what it became.

    These rows are the plan that workers share. A broker that is wiped or a worker that dies takes none of it along.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="shards")
    path = models.CharField(max_length=300, help_text=gettext_lazy("Path in the release."))
    staged_as = models.CharField(
        max_length=300, blank=True, help_text=gettext_lazy("The file with its staged rows. Empty: written directly.")
    )
    row_groups = ArrayField(
        models.PositiveIntegerField(), default=list, blank=True, help_text=gettext_lazy("Number of rows in each row group.")
    )
    image_bytes = models.PositiveBigIntegerField(default=0, help_text=gettext_lazy("Size of the images in this file."))
    bytes_done = models.PositiveBigIntegerField(default=0, help_text=gettext_lazy("About how many of these bytes are written."))
    tries = models.PositiveSmallIntegerField(default=0, help_text=gettext_lazy("Number of workers that started it."))
    finished_at = models.DateTimeField(null=True, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text=gettext_lazy("Bytes."))
    sha256 = models.CharField(max_length=64, blank=True)
    rows = models.PositiveBigIntegerField(null=True, blank=True)
    num_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text=gettext_lazy("Bytes before compression."))
    stored_as = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text=gettext_lazy("The object of an earlier release that it shares in a bucket. Empty: it has one of its own."),
    )

    class Meta:
        ordering = ["release", "pk"]
        constraints = [
            UniqueConstraint(fields=["release", "path"], name="release_shard_path_unique"),
            CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(size__isnull=False, rows__isnull=False, num_bytes__isnull=False, sha256__regex=SHA256_PATTERN),
                name="release_shard_finished_is_described",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release}: {self.path}"


class ReleaseFile(models.Model):
    """One file of a release: written once, when the release becomes ready."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(
        max_length=300, help_text=gettext_lazy("Path in the release, for example pairs/train-00000-of-00001.parquet.")
    )
    size = models.PositiveBigIntegerField(help_text=gettext_lazy("Bytes."))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text=gettext_lazy("The object of an earlier release that it shares in a bucket. Empty: it has one of its own."),
    )

    class Meta:
        ordering = ["release", "path"]
        # releasing/sharing.py: an earlier release with the same bytes.
        indexes = [Index(fields=["sha256"], name="release_file_by_sha256")]
        constraints = [
            UniqueConstraint(fields=["release", "path"], name="release_file_path_unique"),
            CheckConstraint(condition=Q(sha256__regex=SHA256_PATTERN), name="release_file_sha256_form"),
        ]
        triggers = [
            pgtrigger.Protect(name="release_file_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.path


class ImageShard(models.Model):
    """A file of the `images` config, as all releases of the campaign have it: written once, and not again while its images stay.

    New images go into new files. Its bytes are at the address of any ready release that lists its sha256.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="image_shards")
    number = models.PositiveIntegerField()
    members = models.BinaryField(help_text=gettext_lazy("The sha256 of its images, 32 bytes each, in the order of its rows."))
    size = models.PositiveBigIntegerField(help_text=gettext_lazy("Bytes."))
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    num_bytes = models.PositiveBigIntegerField(help_text=gettext_lazy("Bytes before compression."))

    class Meta:
        ordering = ["campaign", "number"]
        constraints = [
            UniqueConstraint(fields=["campaign", "number"], name="image_shard_number_unique_in_campaign"),
            CheckConstraint(condition=Q(sha256__regex=SHA256_PATTERN), name="image_shard_sha256_form"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: images {self.number}"
