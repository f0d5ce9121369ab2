from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.choices import MemberKind, MemberState, Role, Scope
from annotator.models.campaigns import GROUP_OPTION_LIMIT, Campaign, ConsentText, Guideline
from annotator.models.fields import (
    LANGUAGE_PATTERN,
    PLATFORM_ID_PATTERN,
    SHA256_PATTERN,
    SkeletonField,
    in_campaign,
    one_of,
    random_public_id,
)
from annotator.models.triggers import note_member_who_counts_otherwise


class User(AbstractUser):
    """Somebody who can log in. What they may do in a campaign is said by their membership there."""

    # Somebody a crowd platform sent: no name, no address, no password, no rights but to judge in the campaign they came for.
    is_crowd = models.BooleanField(default=False, editable=False)
    name_skeleton = SkeletonField(max_length=1000, null=True, unique=True, editable=False)
    # Of the pages and e-mails, as in settings.LANGUAGES. Empty: what the browser asks for.
    language = models.CharField(max_length=12, blank=True, default="", db_default="")

    # Of the annotation page: accounts/preferences.py. Only what somebody changed.
    preferences = models.JSONField(default=dict, db_default={}, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            CheckConstraint(
                condition=Q(is_crowd=False)
                | Q(is_staff=False, is_superuser=False, email="", password__startswith=UNUSABLE_PASSWORD_PREFIX),
                name="user_crowd_is_pseudonymous",
            ),
            CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="user_language_form"),
        ]


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> MemberQuerySet:
        return self.filter(state=MemberState.ACTIVE)

    def managers(self) -> MemberQuerySet:
        return self.active().filter(role=Role.MANAGER)


class Member(models.Model):
    """A user in a campaign. `public_id` is the pseudonym that exports show."""

    # One index begins with the campaign, as with prompts, and one with the user.
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    state = models.CharField(max_length=10, choices=MemberState, default=MemberState.ACTIVE)
    kind = models.CharField(max_length=8, choices=MemberKind, default=MemberKind.HUMAN, db_default=MemberKind.HUMAN)
    public_id = models.CharField(max_length=16, unique=True, default=random_public_id, editable=False)
    guideline_accepted = models.ForeignKey(Guideline, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    guideline_accepted_at = models.DateTimeField(null=True, blank=True)
    # The newest of their consents; models.Consent has them all.
    consent_accepted = models.ForeignKey(
        ConsentText, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    joined_at = models.DateTimeField(auto_now_add=True)
    invite = models.ForeignKey(
        "Invite",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="members",
        help_text=gettext_lazy("The invite link they used."),
    )
    # Which try at the training the member is at or was last at, from 1; and when they passed, or failed the last one.
    training_try = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    training_since = models.DateTimeField(null=True, blank=True, editable=False)  # null: the first try
    training_passed_at = models.DateTimeField(null=True, blank=True, editable=False)
    training_failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The notice the member sees until they dismiss it; on this row, so that the answer to a vote needs no further query.
    notice = models.ForeignKey(
        "ModerationAction", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    # Written with each vote, so that a page never counts: how many assignments of any kind the member has answered.
    answered_count = models.PositiveIntegerField(default=0, editable=False)
    # How often `a` stood on the left less how often on the right, over the member's live assignments.
    side_balance = models.IntegerField(default=0, editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "id"], name="member_of_campaign"),
            UniqueConstraint(fields=["user", "campaign"], name="member_once_per_campaign"),
            one_of("role", Role, name="member_role_known"),
            one_of("state", MemberState, name="member_state_known"),
            one_of("kind", MemberKind, name="member_kind_known"),
            CheckConstraint(condition=Q(kind=MemberKind.HUMAN) | Q(role=Role.ANNOTATOR), name="member_machine_is_annotator"),
            CheckConstraint(
                condition=Q(guideline_accepted__isnull=True, guideline_accepted_at__isnull=True)
                | Q(guideline_accepted__isnull=False, guideline_accepted_at__isnull=False),
                name="member_acceptance_has_time",
            ),
        ]
        triggers = [note_member_who_counts_otherwise("member_who_counts_otherwise_is_noted")]

    def __str__(self) -> str:
        return f"{self.user} in {self.campaign}"


class InviteQuerySet(models.QuerySet["Invite"]):
    def usable(self, now: datetime) -> InviteQuerySet:
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            Q(uses_max__isnull=True) | Q(uses__lt=F("uses_max")),
            revoked_at__isnull=True,
        )


class Invite(models.Model):
    """A link by which people join a campaign. The link's secret is no column: it is a signature over `public_id`."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="invites")
    public_id = models.CharField(max_length=16, unique=True, default=random_public_id, editable=False)
    note = models.CharField(
        max_length=100, blank=True, help_text=gettext_lazy("Helps managers to tell links apart. Only managers see it.")
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    for_crowd = models.BooleanField(default=False, help_text=gettext_lazy("People from a crowd platform need no account."))
    expires_at = models.DateTimeField(null=True, blank=True)
    uses_max = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("How many people can join with this link. Empty: no limit.")
    )
    uses = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    # What the platform signs its parameters with (campaigns/platform_tokens.py), encrypted. Empty: they are not signed.
    platform_key = models.TextField(blank=True, default="", db_default="", editable=False)
    platform_customer = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=gettext_lazy("The study or workspace that signed parameters must be of."),
    )

    objects = InviteQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("role", Role, name="invite_role_known"),
            CheckConstraint(condition=Q(for_crowd=False) | Q(role=Role.ANNOTATOR), name="invite_for_crowd_makes_annotators"),
            CheckConstraint(condition=Q(platform_key="") | Q(for_crowd=True), name="invite_key_is_of_a_platform"),
            CheckConstraint(
                condition=Q(uses_max__isnull=True) | Q(uses_max__gte=1, uses__lte=F("uses_max")), name="invite_uses_within_max"
            ),
        ]

    def __str__(self) -> str:
        return f"invite {self.public_id} to {self.campaign}"


class CrowdIdentity(models.Model):
    """Who a member is on the crowd platform that sent them, so that managers can pay. In no export and no release."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="crowd_identity", db_constraint=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="crowd_identities", db_index=False, db_constraint=False
    )
    participant = models.CharField(max_length=64, help_text=gettext_lazy("PROLIFIC_PID."))
    study = models.CharField(max_length=64, blank=True, help_text=gettext_lazy("STUDY_ID."))
    session = models.CharField(max_length=64, blank=True, help_text=gettext_lazy("SESSION_ID of the last visit."))
    is_signed = models.BooleanField(
        default=False, db_default=False, help_text=gettext_lazy("Whether the platform signed the last visit.")
    )
    browsers = models.PositiveIntegerField(
        default=1,
        db_default=1,
        help_text=gettext_lazy("In how many browsers somebody began with this ID and no signature, one after the other."),
    )

    class Meta:
        ordering = ["campaign", "-pk"]
        verbose_name_plural = gettext_lazy("crowd identities")
        constraints = [
            in_campaign("member", "Member", name="crowd_identity_member_in_campaign"),
            UniqueConstraint(fields=["campaign", "participant"], name="crowd_identity_once_per_campaign"),
            CheckConstraint(condition=Q(participant__regex=PLATFORM_ID_PATTERN), name="crowd_identity_participant_form"),
        ]

    def __str__(self) -> str:
        return f"{self.participant} in {self.campaign}"


class Consent(models.Model):
    """That a member agreed to a version of the campaign's consent text. Append-only."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="consents")
    accepted_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [UniqueConstraint(fields=["member", "text"], name="consent_once_per_member_and_text")]
        triggers = [pgtrigger.Protect(name="consent_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.member} to version {self.text.version}"


class SelfDescription(models.Model):
    """A member's answer to the demographic question. Shown only in counts over many people, and in no export."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="self_description")
    option = models.CharField(
        max_length=GROUP_OPTION_LIMIT, help_text=gettext_lazy("One of the options of the campaign's question.")
    )
    described_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"self-description of {self.member}"


class FailedLogIn(models.Model):
    """A log-in that failed, kept for as long as it counts towards a lock-out. Neither name nor address is kept in clear."""

    name_digest = models.CharField(max_length=64)
    address_digest = models.CharField(max_length=64, blank=True, help_text=gettext_lazy("Empty if the address is unknown."))
    at = models.DateTimeField()

    class Meta:
        indexes = [
            # accounts/lockout.py: the failures of a name, and those of an address, since some time.
            Index(fields=["name_digest", "at"], name="failed_log_in_name"),
            Index(fields=["address_digest", "at"], name="failed_log_in_address"),
        ]

    def __str__(self) -> str:
        return f"failed log-in {self.pk}"


class JoinAttempt(models.Model):
    """That somebody tried to join, kept for the hour in which it counts (campaigns/join_limits.py)."""

    address_digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [Index(fields=["address_digest", "at"], name="join_attempt_address")]

    def __str__(self) -> str:
        return f"join attempt {self.pk}"


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
    hint = models.CharField(max_length=12, editable=False, help_text=gettext_lazy("The first characters, to tell tokens apart."))
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
