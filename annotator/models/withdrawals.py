from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.models.campaigns import Campaign
from annotator.models.fields import SHA256_PATTERN
from annotator.models.outcome import Release
from annotator.models.people import Member


class ReleaseAnnotator(models.Model):
    """Somebody whose votes a release is made of: so that a withdrawal finds the releases that hold them."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="annotators", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [UniqueConstraint(fields=["release", "member"], name="release_annotator_once")]

    def __str__(self) -> str:
        return f"{self.member} in {self.release}"


class TakeDown(models.Model):
    """An image that may be nowhere in a campaign any more: not in storage, not on a page, not in a release."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="take_downs")
    sha256 = models.CharField(max_length=64, help_text=gettext_lazy("Hash of the imported file."))
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "sha256"], name="take_down_once_in_campaign"),
            CheckConstraint(condition=Q(sha256__regex=SHA256_PATTERN), name="take_down_sha256_form"),
            CheckConstraint(condition=~Q(reason=""), name="take_down_has_reason"),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
