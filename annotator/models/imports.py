from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint, Value
from django.utils.translation import gettext_lazy

from annotator.choices import UNFINISHED_IMPORTS, ImportState
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of


class Import(models.Model):
    """One file (or request body) of pairs on its way in. Counts are of lines and of the pairs they made."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=255, help_text=gettext_lazy("The original file name. For display only."))
    stored_name = models.CharField(
        max_length=255, blank=True, editable=False, help_text=gettext_lazy("Name of the upload in storage, until it is read.")
    )
    size = models.PositiveBigIntegerField(
        default=0,
        editable=False,
        help_text=gettext_lazy("Bytes of the upload; 0 for one that an administrator made from a file."),
    )
    column_map = models.JSONField(
        default=dict,
        blank=True,
        help_text=gettext_lazy('Maps our column names to those in the file: {"image_a": "image_quality_dev"}.'),
    )
    state = models.CharField(max_length=9, choices=ImportState, default=ImportState.QUEUED)
    error = models.TextField(blank=True, help_text=gettext_lazy("Why the whole import failed."))
    lines_total = models.PositiveIntegerField(default=0)
    lines_done = models.PositiveIntegerField(default=0)
    lines_failed = models.PositiveIntegerField(default=0)
    pairs_added = models.PositiveIntegerField(default=0)
    pairs_known = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Pairs that the campaign already had."))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=gettext_lazy("How often a worker began to read the file.")
    )
    has_leftovers = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Whether files of an import that was cancelled or undone may remain."),
    )

    class Meta:
        ordering = ["campaign", "-pk"]
        constraints = [one_of("state", ImportState, name="import_state_known")]
        # tasks.py: what the beat looks after.
        indexes = [
            Index(fields=["id"], condition=Q(state__in=UNFINISHED_IMPORTS) | Q(has_leftovers=True), name="import_to_look_after")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.campaign}"


class ImportBatch(models.Model):
    """Consecutive lines of an import, worked off by one task. Images are references here: staged bytes or a URL."""

    batch_of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="batches")
    number = models.PositiveIntegerField()
    lines = models.JSONField(help_text=gettext_lazy('[{"number": 1, "line": {…}}, …]; empty when done.'))
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=gettext_lazy("How often a worker began this batch.")
    )
    image_attempts = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        editable=False,
        help_text=gettext_lazy("Hash of an image to how often its decoding began and did not end."),
    )

    class Meta:
        ordering = ["batch_of", "number"]
        constraints = [UniqueConstraint(fields=["batch_of", "number"], name="import_batch_number_unique")]
        # tasks.py: batches whose task was lost.
        indexes = [Index(fields=["batch_of"], condition=Q(done_at__isnull=True), name="import_batch_pending")]

    def __str__(self) -> str:
        return f"batch {self.number} of {self.batch_of}"


class LineError(models.Model):
    """Why a line of an import was refused."""

    line_of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="line_errors")
    number = models.PositiveIntegerField(help_text=gettext_lazy("Line (JSONL, CSV) or row (parquet) of the file, from 1."))
    field = models.CharField(max_length=64, blank=True)
    message = models.TextField()

    class Meta:
        ordering = ["line_of", "number"]
        constraints = [
            UniqueConstraint(fields=["line_of", "number"], name="line_error_once_per_line"),
            CheckConstraint(condition=Q(number__gte=1), name="line_error_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"line {self.number}: {self.message}"
