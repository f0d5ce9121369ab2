"""How people come into a campaign: invite links, consent, and those whom a crowd platform sends."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from annotator.choices import MemberState, Role
from annotator.errors import Conflict, Invalid, NotAllowed, NotFound
from annotator.models import Campaign, Consent, ConsentText, CrowdIdentity, Invite, Member, User
from annotator.models.fields import PLATFORM_ID_PATTERN

SIGNER = Signer(salt="annotator.invite", sep=".")
CROWD_PREFIX = "crowd-"


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
    now: datetime | None = None,
) -> Invite:
    """A link by which people join. Raises Invalid, naming the fields."""
    errors: dict[str, list[str]] = {}
    if role not in Role.values:
        errors["role"] = [f"Use one of {', '.join(Role.values)}."]
    if for_crowd and role != Role.ANNOTATOR:
        errors["role"] = ["People from a crowd platform can only be annotators."]
    if expires_at is not None and expires_at <= (now or timezone.now()):
        errors["expires_at"] = ["Choose a time in the future."]
    if uses_max is not None and uses_max < 1:
        errors["uses_max"] = ["Use 1 or more, or leave it empty."]
    if errors:
        raise Invalid("The invite link is not valid.", errors=errors)
    return Invite.objects.create(
        campaign=campaign, note=note, role=role, for_crowd=for_crowd, expires_at=expires_at, uses_max=uses_max, created_by=by
    )


@transaction.atomic
def revoke_invite(*, invite: Invite, by: User, now: datetime | None = None) -> Invite:
    """Nobody joins by it any more; whoever has, stays. A second time is no change."""
    locked = Invite.objects.select_for_update().get(pk=invite.pk)
    if locked.revoked_at is None:
        locked.revoked_at, locked.revoked_by = now or timezone.now(), by
        locked.save(update_fields=["revoked_at", "revoked_by"])
    return locked


def key_of(invite: Invite) -> str:
    """The secret part of its link. Signed with SECRET_KEY, so that none has to be kept and managers can copy it again."""
    return SIGNER.sign(invite.public_id)


def find_invite(key: str) -> Invite:
    """The invite with its campaign. Raises NotFound for a key that this site did not make."""
    try:
        public_id = SIGNER.unsign(key)
    except BadSignature as error:
        raise NotFound("This link is not valid. Part of it may be missing. Ask for it again.", code="invite_unknown") from error
    invite = Invite.objects.select_related("campaign__consent_text").filter(public_id=public_id).first()
    if invite is None:
        raise NotFound("This link no longer exists.", code="invite_unknown")
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
    "invite_revoked": "This link was revoked. Ask the person who sent it for a new one.",
    "invite_expired": "This link has expired. Ask the person who sent it for a new one.",
    "invite_used_up": "This link was used the maximum number of times. Ask the person who sent it for a new one.",
}


def require_usable(invite: Invite, now: datetime | None = None) -> None:
    """Raises NotAllowed, in words for the one who follows the link."""
    if code := why_unusable(invite, now):
        raise NotAllowed(UNUSABLE[code], code=code)


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
        raise NotAllowed("You take part through a crowd platform. Log out to join with your own account.")
    member = locked.campaign.members.filter(user=by).first()
    if member is None:
        require_usable(locked, now)
        member = _new_member(locked, by)
    elif member.state == MemberState.WITHDRAWN:
        raise Conflict("You left this campaign. Ask its managers for details.", code="member_withdrawn")
    _agree(member, consent_version, now)
    return member


def join_from_crowd(
    *,
    invite: Invite,
    participant: str,
    study: str = "",
    session: str = "",
    consent_version: int | None = None,
    now: datetime | None = None,
) -> Member:
    """The pseudonymous member whom the platform calls `participant`, made at their first visit.

    Whoever has the invite's link and the platform's name for somebody can act as them, here and nowhere else: the user has
    no password and no rights, belongs to this one campaign, and was made by this function. It never finds anybody else's
    account. Raises Invalid, naming the parameters, and what `join` raises.
    """
    check_platform_ids(participant=participant, study=study, session=session)
    try:
        return _join_from_crowd(invite, participant, study, session, consent_version, now)
    except IntegrityError as error:  # the same person by two links at once: only the constraint sees both
        raise Conflict("You are already joining from another page. Reload this one.") from error


@transaction.atomic
def _join_from_crowd(
    invite: Invite, participant: str, study: str, session: str, consent_version: int | None, now: datetime | None
) -> Member:
    locked = Invite.objects.select_for_update(of=("self",)).select_related("campaign__consent_text").get(pk=invite.pk)
    if not locked.for_crowd:
        raise NotAllowed("This link is not for people from a crowd platform.", code="invite_not_for_crowd")
    identity = find_crowd_identity(locked, participant)
    if identity is None:
        require_usable(locked, now)
        user = User.objects.create_user(username=CROWD_PREFIX + secrets.token_hex(6), password=None, is_crowd=True)
        identity = CrowdIdentity(member=_new_member(locked, user), campaign=locked.campaign, participant=participant)
    elif locked.revoked_at is not None:
        require_usable(locked, now)
    member = identity.member
    if not member.user.is_crowd or not member.user.is_active or member.role != Role.ANNOTATOR:
        raise NotAllowed("Your access is closed. Ask the researchers for details.", code="crowd_identity_closed")
    identity.study, identity.session = study, session
    identity.save()
    _agree(member, consent_version, now)
    return member


def find_crowd_identity(invite: Invite, participant: str) -> CrowdIdentity | None:
    """Who this is in the invite's campaign, with their member and user, where they have been here before."""
    identities = CrowdIdentity.objects.select_related("member__user", "member__campaign")
    return identities.filter(campaign_id=invite.campaign_id, participant=participant).first()


def check_platform_ids(*, participant: str, study: str, session: str) -> None:
    """Raises Invalid, naming the parameters of the address."""
    words = "Use 6 to 64 letters, digits, dashes and underscores."
    given = {"PROLIFIC_PID": participant, "STUDY_ID": study, "SESSION_ID": session}
    errors = {
        name: [words]
        for name, value in given.items()
        if (value or name == "PROLIFIC_PID") and not re.fullmatch(PLATFORM_ID_PATTERN, value)
    }
    if errors:
        raise Invalid("The link to this page is not complete. Start again from the study page.", errors=errors)


def _new_member(invite: Invite, user: User) -> Member:
    Invite.objects.filter(pk=invite.pk).update(uses=F("uses") + 1)
    return Member.objects.create(campaign=invite.campaign, user=user, role=invite.role, invite=invite)


# --- consent


@transaction.atomic
def publish_consent_text(*, campaign: Campaign, text: str, by: User | None, now: datetime | None = None) -> ConsentText:
    """The next version, in force at once: members agree to it before their next pair. Raises Invalid where it is empty."""
    if not text.strip():
        raise Invalid("The consent text is empty.", errors={"text": ["Write what people agree to."]})
    locked = Campaign.objects.select_for_update(of=("self",)).select_related("consent_text").get(pk=campaign.pk)
    version = locked.consent_text.version + 1 if locked.consent_text else 1
    made = ConsentText.objects.create(campaign=locked, version=version, text=text, published_at=now or timezone.now(), author=by)
    locked.consent_text = made
    locked.save(update_fields=["consent_text"])
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
        raise Conflict("The consent text has changed. Please read the new version.", code="consent_outdated")
    Consent.objects.get_or_create(member=member, text=text, defaults={"accepted_at": now or timezone.now()})
    member.consent_accepted = text
    member.save(update_fields=["consent_accepted"])
