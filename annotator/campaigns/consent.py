"""Consent texts, and who agreed to which."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Campaign, Consent, ConsentText, Member, User
from annotator.models.audit import AuditAction

# --- consent


@transaction.atomic
def publish_consent_text(*, campaign: Campaign, text: str, by: User | None, now: datetime | None = None) -> ConsentText:
    """The next version, in force at once: members agree to it before their next pair. Raises Invalid where it is empty."""
    if not text.strip():
        raise Invalid(gettext("The consent text is empty."), errors={"text": [gettext("Write what people agree to.")]})
    locked = Campaign.objects.select_for_update(of=("self",)).select_related("consent_text").get(pk=campaign.pk)
    version = locked.consent_text.version + 1 if locked.consent_text else 1
    made = ConsentText.objects.create(campaign=locked, version=version, text=text, published_at=now or timezone.now(), author=by)
    locked.consent_text = made
    locked.save(update_fields=["consent_text"])
    audit.record(AuditAction.CONSENT_PUBLISHED, by=by, campaign=locked, target=f"version {made.version}")
    return made


def must_agree(member: Member) -> ConsentText | None:
    """The consent text the member has to agree to before judging, or None. Expects `member.campaign` as it is now."""
    campaign = member.campaign
    return None if campaign.consent_text_id in (None, member.consent_accepted_id) else campaign.consent_text


@transaction.atomic
def agree(*, member: Member, version: int | None, now: datetime | None = None) -> None:
    """Record that the member agrees to this version. Raises Conflict where it is not the one in force."""
    _agree(
        Member.objects.select_for_update(of=("self",)).select_related("campaign__consent_text").get(pk=member.pk), version, now
    )


def _agree(member: Member, version: int | None, now: datetime | None) -> None:
    text = must_agree(member)
    if text is None:
        return
    if version != text.version:
        raise Conflict(gettext("The consent text has changed. Please read the new version."), code="consent_outdated")
    Consent.objects.get_or_create(member=member, text=text, defaults={"accepted_at": now or timezone.now()})
    member.consent_accepted = text
    member.save(update_fields=["consent_accepted"])
