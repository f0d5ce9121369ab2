from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import BulkAction
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of


class SavedView(models.Model):
    """Filters and order of the list of pairs that a manager gave a name. Everyone who manages the campaign sees it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, help_text=gettext_lazy("The query of the list's address."))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            UniqueConstraint(fields=["campaign", "name"], name="saved_view_name_unique_in_campaign"),
            CheckConstraint(condition=~Q(name=""), name="saved_view_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BulkChange(models.Model):
    """One act on many pairs at once, with what undoing it restores."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="bulk_changes", db_index=False)
    action = models.CharField(max_length=12, choices=BulkAction)
    detail = models.CharField(max_length=300, blank=True, help_text=gettext_lazy("The value that was set, in words."))
    pairs = models.PositiveIntegerField(help_text=gettext_lazy("Number of pairs that were changed."))
    before = models.JSONField(
        default=list, blank=True, help_text=gettext_lazy("What undoing it restores: quality/bulk_changes.py. For this alone.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("action", BulkAction, name="bulk_change_action_known"),
            CheckConstraint(condition=Q(undone_by__isnull=True) | Q(undone_at__isnull=False), name="bulk_undoing_has_time"),
        ]
        indexes = [Index(fields=["campaign", "-id"], name="bulk_change_newest")]
        triggers = [
            pgtrigger.Protect(name="bulk_change_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="bulk_change_is_fixed", exclude=["undone_at", "undone_by"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.pairs}"
