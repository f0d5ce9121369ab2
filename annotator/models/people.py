from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from annotator.choices import MemberState, Role, Scope
from annotator.models.campaigns import Campaign, Guideline
from annotator.models.fields import SHA256_PATTERN, one_of, random_public_id


class User(AbstractUser):
    """Somebody who can log in. What they may do in a campaign is said by their membership there."""


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> MemberQuerySet:
        return self.filter(state=MemberState.ACTIVE)

    def managers(self) -> MemberQuerySet:
        return self.active().filter(role=Role.MANAGER)


class Member(models.Model):
    """A user in a campaign. `public_id` is the pseudonym that exports show."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    state = models.CharField(max_length=10, choices=MemberState, default=MemberState.ACTIVE)
    public_id = models.CharField(max_length=16, unique=True, default=random_public_id, editable=False)
    guideline_accepted = models.ForeignKey(Guideline, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    guideline_accepted_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    # Written with each vote, so that a page never counts: how many assignments of any kind the member has answered.
    answered_count = models.PositiveIntegerField(default=0, editable=False)
    # How often `a` stood on the left less how often on the right, over the member's live assignments.
    side_balance = models.IntegerField(default=0, editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "user"], name="member_once_per_campaign"),
            one_of("role", Role, name="member_role_known"),
            one_of("state", MemberState, name="member_state_known"),
            CheckConstraint(
                condition=Q(guideline_accepted__isnull=True, guideline_accepted_at__isnull=True)
                | Q(guideline_accepted__isnull=False, guideline_accepted_at__isnull=False),
                name="member_acceptance_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.campaign}"


class RingCursor(models.Model):
    """Where a member stands on the ring of one priority of their campaign: the pairs up to `ring` were looked at."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="ring_cursors")
    priority = models.SmallIntegerField()
    ring = models.IntegerField()

    class Meta:
        constraints = [UniqueConstraint(fields=["member", "priority"], name="ring_cursor_once_per_priority")]

    def __str__(self) -> str:
        return f"{self.member} at {self.ring} of priority {self.priority}"


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self, now: datetime) -> TokenQuerySet:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True, user__is_active=True)


class Token(models.Model):
    """A key for the REST API and the Hub protocol. Only its sha256 is kept; the key itself is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100, blank=True)
    hint = models.CharField(max_length=12, editable=False, help_text="The first characters, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope))
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["user", "-created_at"]
        constraints = [
            CheckConstraint(condition=Q(digest__regex=SHA256_PATTERN), name="token_digest_is_sha256"),
            CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & ~Q(scopes=[]),
                name="token_scopes_known_and_some",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hint}… of {self.user}"
