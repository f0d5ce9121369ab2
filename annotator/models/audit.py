from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, Index, Q, TextChoices
from django.utils.translation import gettext_lazy

from annotator.models.campaigns import Campaign

TARGET_LIMIT = 200


class AuditAction(TextChoices):
    """What the audit log has. The part before the dot is what the log can be filtered by."""

    CAMPAIGN_CREATED = "campaign.created", gettext_lazy("Campaign created")
    CAMPAIGN_CHANGED = "campaign.changed", gettext_lazy("Settings changed")
    CAMPAIGN_STATE = "campaign.state", gettext_lazy("State changed")
    CAMPAIGN_ARCHIVED = "campaign.archived", gettext_lazy("Campaign archived")
    CAMPAIGN_RESTORED = "campaign.restored", gettext_lazy("Campaign restored")
    CAMPAIGN_DELETED = "campaign.deleted", gettext_lazy("Draft deleted")
    QUESTIONS_CHANGED = "questions.changed", gettext_lazy("Questions changed")
    GROUPS_CHANGED = "questions.groups", gettext_lazy("Group question changed")
    GUIDELINE_DRAFTED = "guideline.drafted", gettext_lazy("Guideline draft saved")
    GUIDELINE_PUBLISHED = "guideline.published", gettext_lazy("Guideline published")
    CONSENT_PUBLISHED = "guideline.consent", gettext_lazy("Consent text published")
    MEMBER_ADDED = "people.added", gettext_lazy("Person added")
    MEMBER_ROLE = "people.role", gettext_lazy("Role changed")
    MEMBER_WARN = "people.warn", gettext_lazy("Person warned")
    MEMBER_PAUSE = "people.pause", gettext_lazy("Person paused")
    MEMBER_SUSPEND = "people.suspend", gettext_lazy("Person suspended")
    MEMBER_LIFT = "people.lift", gettext_lazy("Person reinstated")
    MEMBER_DISMISS = "people.dismiss", gettext_lazy("Warning dismissed")
    MEMBER_WITHDRAW = "people.withdraw", gettext_lazy("Person withdrew")
    MEMBER_MESSAGE = "people.message", gettext_lazy("Message sent")
    TRAINING_PASSED = "people.training_passed", gettext_lazy("Training passed by hand")
    TRAINING_AGAIN = "people.training_again", gettext_lazy("Another try at the training")
    APPEAL_ANSWERED = "people.appeal", gettext_lazy("Appeal answered")
    INVITE_CREATED = "people.invite_created", gettext_lazy("Invite link created")
    INVITE_REVOKED = "people.invite_revoked", gettext_lazy("Invite link revoked")
    RULES_CHANGED = "rules.changed", gettext_lazy("Review rules changed")
    RULE_CONFIRMED = "rules.confirmed", gettext_lazy("Review rule confirmed")
    RULE_OFF = "rules.off", gettext_lazy("Review rule turned off")
    GOLD_SET = "gold.set", gettext_lazy("Known answer set")
    GOLD_REVIEW = "gold.review", gettext_lazy("Gold put in review")
    PAIRS_HELD = "pairs.held", gettext_lazy("Pairs held")
    PAIRS_RETURNED = "pairs.returned", gettext_lazy("Pairs returned")
    PAIRS_RETIRED = "pairs.retired", gettext_lazy("Pairs retired")
    PAIRS_REOPENED = "pairs.reopened", gettext_lazy("Pairs reopened")
    PAIRS_DECIDED = "pairs.decided", gettext_lazy("Pair decided by a reviewer")
    PAIRS_UNDONE = "pairs.undone", gettext_lazy("Decision about a pair undone")
    PAIRS_VOTES = "pairs.votes", gettext_lazy("Votes per pair changed")
    PAIRS_PRIORITY = "pairs.priority", gettext_lazy("Priority changed")
    IMPORT_CREATED = "imports.created", gettext_lazy("Import started")
    IMPORT_UNDONE = "imports.undone", gettext_lazy("Import undone")
    IMPORT_CANCELLED = "imports.cancelled", gettext_lazy("Import cancelled")
    RELEASE_CREATED = "releases.created", gettext_lazy("Release requested")
    RELEASE_CANCELLED = "releases.cancelled", gettext_lazy("Release cancelled")
    RELEASE_PUBLISHED = "releases.published", gettext_lazy("Publishing started")
    RELEASE_YANKED = "releases.yanked", gettext_lazy("Release yanked")
    IMAGE_TAKEN_DOWN = "pairs.image_taken_down", gettext_lazy("Image taken down")
    HUB_ACCOUNT_SAVED = "releases.hub_account", gettext_lazy("Hub account saved")
    HUB_ACCOUNT_REMOVED = "releases.hub_forgotten", gettext_lazy("Hub account removed")
    WEBHOOK_CREATED = "webhooks.created", gettext_lazy("Webhook created")
    WEBHOOK_CHANGED = "webhooks.changed", gettext_lazy("Webhook changed")
    WEBHOOK_DELETED = "webhooks.deleted", gettext_lazy("Webhook deleted")
    USER_ACTIVE = "users.active", gettext_lazy("Account activated or deactivated")
    TOKEN_CREATED = "tokens.created", gettext_lazy("Token created")
    TOKEN_REVOKED = "tokens.revoked", gettext_lazy("Token revoked")


class AuditEntry(models.Model):
    """One change that somebody made. Append-only. Written by annotator/lib/audit.py alone.

    The campaign and the actor may be deleted later, so nothing refers to them: their names then are kept beside their numbers.
    """

    at = models.DateTimeField()
    # One of AuditAction. Not held by the column, so that another kind of change needs no migration.
    action = models.CharField(max_length=40)
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        help_text=gettext_lazy("Empty: no campaign's, such as a token."),
    )
    campaign_name = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        help_text=gettext_lazy("Empty: automatic, or a command of the operator."),
    )
    actor_name = models.CharField(max_length=150, blank=True)
    target = models.CharField(max_length=TARGET_LIMIT, blank=True, help_text=gettext_lazy("What was changed."))
    changes = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text=gettext_lazy("By field: the value before, and the value after.")
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = gettext_lazy("audit entries")
        constraints = [CheckConstraint(condition=Q(action__regex=r"^[a-z]+\.[a-z_]+$"), name="audit_entry_action_form")]
        indexes = [
            # views/manage/audit.py: the newest of a campaign, and those of one person in it.
            Index(fields=["campaign", "-id"], name="audit_of_campaign"),
            Index(fields=["actor", "-id"], name="audit_of_actor"),
        ]
        triggers = [pgtrigger.Protect(name="audit_entry_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.action} of {self.target or self.campaign_name}"

    @property
    def words(self) -> str:
        """What was done, for people."""
        return str(AuditAction(self.action).label) if self.action in AuditAction.values else self.action
