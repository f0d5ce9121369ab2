from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import UNFINISHED_PUBLICATIONS, PublicationState
from annotator.models.campaigns import Campaign
from annotator.models.fields import one_of
from annotator.models.outcome import Release


class HubAccount(models.Model):
    """Where a campaign's releases are published on the Hub, and the token to do it with."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="hub_account")
    repository = models.CharField(max_length=200, help_text=gettext_lazy("Owner and name, for example flowers/preferences."))
    is_private = models.BooleanField(default=True, help_text=gettext_lazy("Create a new repository as private."))
    encrypted_token = models.TextField(editable=False, help_text=gettext_lazy("Encrypted with a key derived from SECRET_KEY."))
    token_hint = models.CharField(
        max_length=8, editable=False, help_text=gettext_lazy("The last characters, to tell tokens apart.")
    )
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.campaign} on the Hub: {self.repository}"


class Publication(models.Model):
    """One release on its way to the Hub, or there."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="publications")
    repository = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=PublicationState, default=PublicationState.QUEUED)
    progress = models.FloatField(default=0.0, help_text=gettext_lazy("Share of the bytes that are uploaded, 0 to 1."))
    error = models.TextField(blank=True)
    commit = models.CharField(max_length=64, blank=True, help_text=gettext_lazy("The commit id on the Hub."))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=gettext_lazy("How often a worker began it.")
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("state", PublicationState, name="publication_state_known"),
            CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="publication_progress_is_share"),
            CheckConstraint(
                condition=~Q(state=PublicationState.DONE) | (~Q(commit="") & Q(finished_at__isnull=False)),
                name="publication_done_has_commit",
            ),
            # Two at once would commit to one repository in turns.
            UniqueConstraint(
                fields=["release"],
                condition=Q(state__in=UNFINISHED_PUBLICATIONS),
                name="publication_one_at_a_time_per_release",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release} to {self.repository}"
