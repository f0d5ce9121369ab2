"""People from a crowd platform."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from annotator.campaigns.consent import _agree
from annotator.campaigns.invites import _new_member, require_usable
from annotator.choices import Role
from annotator.errors import Conflict, Invalid, NotAllowed
from annotator.models import CrowdIdentity, Invite, Member, User
from annotator.models.fields import PLATFORM_ID_PATTERN

CROWD_PREFIX = "crowd-"


def join_from_crowd(
    *,
    invite: Invite,
    participant: str,
    study: str = "",
    session: str = "",
    is_signed: bool = False,
    by: User | None = None,
    consent_version: int | None = None,
    now: datetime | None = None,
) -> Member:
    """The pseudonymous member whom the platform calls `participant`, made at their first visit. `by` is who is logged in.

    Unless the platform signs its names (`is_signed`), whoever has the invite's link and the name for somebody can act as them,
    here and nowhere else: the user has no password and no rights, belongs to this one campaign, and was made by this function.
    It never finds anybody else's account. So there is one session for each name: one that begins in another browser ends the one
    before, and managers see that it did. Raises Invalid, naming the parameters, and what `join` raises.
    """
    check_platform_ids(participant=participant, study=study, session=session)
    try:
        return _join_from_crowd(invite, participant, study, session, is_signed, by, consent_version, now)
    except IntegrityError as error:  # the same person by two links at once: only the constraint sees both
        raise Conflict(gettext("You are already joining from another page. Reload this one.")) from error


@transaction.atomic
def _join_from_crowd(
    invite: Invite,
    participant: str,
    study: str,
    session: str,
    is_signed: bool,
    by: User | None,
    consent_version: int | None,
    now: datetime | None,
) -> Member:
    locked = Invite.objects.select_for_update(of=("self",)).select_related("campaign__consent_text").get(pk=invite.pk)
    if not locked.for_crowd:
        raise NotAllowed(gettext("This link is not for people from a crowd platform."), code="invite_not_for_crowd")
    require_signature(locked, is_signed=is_signed)
    identity = find_crowd_identity(locked, participant)
    is_back = identity is not None
    if identity is None:
        require_usable(locked, now)
        user = User.objects.create_user(username=CROWD_PREFIX + secrets.token_hex(6), password=None, is_crowd=True)
        identity = CrowdIdentity(member=_new_member(locked, user), campaign=locked.campaign, participant=participant)
    elif locked.revoked_at is not None:
        require_usable(locked, now)
    member = identity.member
    if not member.user.is_crowd or not member.user.is_active or member.role != Role.ANNOTATOR:
        raise NotAllowed(gettext("Your access is closed. Ask the researchers for details."), code="crowd_identity_closed")
    if is_back and not is_signed and by != member.user:
        member.user.set_unusable_password()  # another one than before, with which all sessions end
        member.user.save(update_fields=["password"])
        identity.browsers += 1
    identity.study, identity.session, identity.is_signed = study, session, is_signed
    identity.save()
    _agree(member, consent_version, now)
    return member


def require_signature(invite: Invite, *, is_signed: bool) -> None:
    """Raises NotAllowed where the platform signs its parameters and these are not signed."""
    if invite.platform_key and not is_signed:
        raise NotAllowed(
            gettext("The parameters of this link are not signed. Start again from the study page."), code="platform_token_missing"
        )


def find_crowd_identity(invite: Invite, participant: str) -> CrowdIdentity | None:
    """Who this is in the invite's campaign, with their member and user, where they have been here before."""
    identities = CrowdIdentity.objects.select_related("member__user", "member__campaign")
    return identities.filter(campaign_id=invite.campaign_id, participant=participant).first()


def check_platform_ids(*, participant: str, study: str, session: str) -> None:
    """Raises Invalid, naming the parameters of the address."""
    words = gettext("Use 6 to 64 letters, digits, dashes and underscores.")
    given = {"PROLIFIC_PID": participant, "STUDY_ID": study, "SESSION_ID": session}
    errors = {
        name: [words]
        for name, value in given.items()
        if (value or name == "PROLIFIC_PID") and not re.fullmatch(PLATFORM_ID_PATTERN, value)
    }
    if errors:
        raise Invalid(gettext("The link to this page is not complete. Start again from the study page."), errors=errors)
