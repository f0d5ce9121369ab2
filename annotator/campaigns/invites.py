"""Joining by invite link."""

from __future__ import annotations

import re
from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotator.campaigns import platform_tokens
from annotator.campaigns.consent import _agree
from annotator.choices import MemberState, Role
from annotator.errors import Conflict, Invalid, NotAllowed, NotFound
from annotator.lib import audit
from annotator.lib.encryption import encrypt
from annotator.models import Campaign, Invite, Member, User
from annotator.models.audit import AuditAction
from annotator.models.fields import PLATFORM_ID_PATTERN

SIGNER = Signer(salt="annotator.invite", sep=".")
# What a link for a crowd platform ends in. Prolific fills it in.
PLATFORM_PARAMETERS = "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"


# --- invites


@transaction.atomic
def create_invite(
    *,
    campaign: Campaign,
    by: User,
    note: str = "",
    role: str = Role.ANNOTATOR,
    for_crowd: bool = False,
    expires_at: datetime | None = None,
    uses_max: int | None = None,
    platform_key: str = "",
    platform_customer: str = "",
    now: datetime | None = None,
) -> Invite:
    """A link by which people join. Raises Invalid, naming the fields.

    With a `platform_key` (campaigns/platform_tokens.py), people from a crowd platform join only by parameters signed with it, and
    with a `platform_customer` only by those of this study or workspace.
    """
    platform_key, platform_customer = platform_key.strip(), platform_customer.strip()
    errors: dict[str, list[str]] = {}
    if role not in Role.values:
        errors["role"] = [gettext("Use one of %(values)s.") % {"values": ", ".join(Role.values)}]
    if for_crowd and role != Role.ANNOTATOR:
        errors["role"] = [gettext("People from a crowd platform can only be annotators.")]
    if expires_at is not None and expires_at <= (now or timezone.now()):
        errors["expires_at"] = [gettext("Choose a time in the future.")]
    if uses_max is not None and uses_max < 1:
        errors["uses_max"] = [gettext("Use 1 or more, or leave it empty.")]
    if platform_key and not for_crowd:
        errors["platform_key"] = [gettext("Only links for a crowd platform have signed parameters.")]
    elif platform_key:
        try:
            platform_tokens.check_key(platform_key)
        except Invalid as error:
            errors["platform_key"] = [error.detail]
    if platform_key.startswith("https://") and not platform_customer:
        errors["platform_customer"] = [
            gettext("The keys at this address sign for all customers of the platform. Enter your workspace or study.")
        ]
    if platform_customer and not re.fullmatch(PLATFORM_ID_PATTERN, platform_customer):
        errors["platform_customer"] = [gettext("Use 6 to 64 letters, digits, dashes and underscores.")]
    if errors:
        raise Invalid(gettext("The invite link is not valid."), errors=errors)
    invite = Invite.objects.create(
        campaign=campaign,
        note=note,
        role=role,
        for_crowd=for_crowd,
        expires_at=expires_at,
        uses_max=uses_max,
        platform_key=encrypt(platform_key, purpose=platform_tokens.PURPOSE) if platform_key else "",
        platform_customer=platform_customer,
        created_by=by,
    )
    audit.record(AuditAction.INVITE_CREATED, by=by, campaign=campaign, target=note or role, changes={"role": (None, role)})
    return invite


@transaction.atomic
def revoke_invite(*, invite: Invite, by: User, now: datetime | None = None) -> Invite:
    """Revoke an invite link. Members who joined with it stay. Repeating it changes nothing."""
    locked = Invite.objects.select_for_update().get(pk=invite.pk)
    if locked.revoked_at is None:
        locked.revoked_at, locked.revoked_by = now or timezone.now(), by
        locked.save(update_fields=["revoked_at", "revoked_by"])
        audit.record(AuditAction.INVITE_REVOKED, by=by, campaign=locked.campaign, target=locked.note or locked.role)
    return locked


def key_of(invite: Invite) -> str:
    """The secret part of its link. Signed with SECRET_KEY, so that none has to be kept and managers can copy it again."""
    return SIGNER.sign(invite.public_id)


def find_invite(key: str) -> Invite:
    """The invite with its campaign. Raises NotFound for a key that this site did not make."""
    try:
        public_id = SIGNER.unsign(key)
    except BadSignature as error:
        raise NotFound(
            gettext("This link is not valid. Part of it may be missing. Ask for it again."), code="invite_unknown"
        ) from error
    invite = Invite.objects.select_related("campaign__consent_text").filter(public_id=public_id).first()
    if invite is None:
        raise NotFound(gettext("This link no longer exists."), code="invite_unknown")
    return invite


def why_unusable(invite: Invite, now: datetime | None = None) -> str:
    """The code that says why nobody new joins by this link, or "" where they may."""
    if invite.revoked_at is not None:
        return "invite_revoked"
    if invite.expires_at is not None and invite.expires_at <= (now or timezone.now()):
        return "invite_expired"
    if invite.uses_max is not None and invite.uses >= invite.uses_max:
        return "invite_used_up"
    return ""


UNUSABLE = {
    "invite_revoked": gettext_lazy("This link was revoked. Ask the person who sent it for a new one."),
    "invite_expired": gettext_lazy("This link has expired. Ask the person who sent it for a new one."),
    "invite_used_up": gettext_lazy("This link was used the maximum number of times. Ask the person who sent it for a new one."),
}


def require_usable(invite: Invite, now: datetime | None = None) -> None:
    """Raises NotAllowed, in words for the one who follows the link."""
    if code := why_unusable(invite, now):
        raise NotAllowed(str(UNUSABLE[code]), code=code)


def may_sign_up(*, invite_id: object) -> bool:
    """Whether the link that somebody opened lets them make an account."""
    return isinstance(invite_id, int) and Invite.objects.usable(timezone.now()).filter(pk=invite_id).exists()


# --- joining


@transaction.atomic
def join(*, invite: Invite, by: User, consent_version: int | None = None, now: datetime | None = None) -> Member:
    """Make `by` a member through the invite, or leave the member they are as it is.

    `consent_version` is that of the text they agreed to. Raises NotAllowed for a link that is used up, Conflict where the
    consent text changed meanwhile or the member withdrew.
    """
    locked = Invite.objects.select_for_update(of=("self",)).select_related("campaign__consent_text").get(pk=invite.pk)
    if by.is_crowd:
        raise NotAllowed(gettext("You take part through a crowd platform. Log out to join with your own account."))
    member = locked.campaign.members.filter(user=by).first()
    if member is None:
        require_usable(locked, now)
        member = _new_member(locked, by)
    elif member.state == MemberState.WITHDRAWN:
        raise Conflict(gettext("You left this campaign. Ask its managers for details."), code="member_withdrawn")
    _agree(member, consent_version, now)
    return member


def _new_member(invite: Invite, user: User) -> Member:
    Invite.objects.filter(pk=invite.pk).update(uses=F("uses") + 1)
    return Member.objects.create(campaign=invite.campaign, user=user, role=invite.role, invite=invite)
