from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.models.campaigns import Campaign


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
