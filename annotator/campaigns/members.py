"""Adding members to a campaign and changing their state."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from annotator.choices import MemberKind, MemberState, Role
from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Campaign, Member, User
from annotator.models.audit import AuditAction
from annotator.quality import moderation


@transaction.atomic
def add_member(
    *,
    campaign: Campaign,
    user: User,
    role: str = Role.ANNOTATOR,
    kind: str | None = None,
    by: User | None = None,
) -> tuple[Member, bool]:
    """Make the user a member, or change the role of one who is. Returns the member and whether they are new.

    A machine is always an annotator. The kind of a member never changes, so that votes of people stay votes of people.
    Without a `kind`, a new member is a person.
    """
    if role not in Role.values:
        raise Invalid(
            gettext("The role %(role)s does not exist.") % {"role": repr(role)},
            errors={"role": [gettext("Use one of %(values)s.") % {"values": ", ".join(Role.values)}]},
        )
    if kind is not None and kind not in MemberKind.values:
        raise Invalid(
            gettext("The kind %(kind)s does not exist.") % {"kind": repr(kind)},
            errors={"kind": [gettext("Use one of %(values)s.") % {"values": ", ".join(MemberKind.values)}]},
        )
    if kind == MemberKind.MACHINE and role != Role.ANNOTATOR:
        raise Invalid(
            gettext("A machine can only be an annotator."), errors={"role": [gettext("Use the role annotator for a machine.")]}
        )
    if user.is_crowd:
        words = "People from a crowd platform can only be annotators, in the campaign they joined."
        raise Invalid(words, errors={"person": [words]})
    defaults = {"role": role, "kind": kind or MemberKind.HUMAN}
    member, is_new = Member.objects.get_or_create(campaign=campaign, user=user, defaults=defaults)
    if kind is not None and member.kind != kind:
        words = f"The kind of this member is {member.get_kind_display().lower()} and cannot change. Use another account."
        raise Conflict(words, code="member_kind_fixed", errors={"kind": [words]})
    if member.kind == MemberKind.MACHINE and role != Role.ANNOTATOR:
        raise Invalid(
            gettext("A machine can only be an annotator."), errors={"role": [gettext("The role of a machine cannot change.")]}
        )
    if is_new:
        audit.record(AuditAction.MEMBER_ADDED, by=by, campaign=campaign, target=user, changes={"role": (None, role)})
    elif member.role != role:
        audit.record(AuditAction.MEMBER_ROLE, by=by, campaign=campaign, target=user, changes={"role": (member.role, role)})
        member.role = role
        member.save(update_fields=["role"])
    return member, is_new


def change_member_state(*, member: Member, state: str, by: User | None) -> Member:
    """Pause or resume a member. Setting the current state again changes nothing.

    Votes stay, and open seats are released when their leases expire. Raises Conflict for members who withdrew or are
    suspended.
    """
    if state not in (MemberState.ACTIVE, MemberState.PAUSED):
        raise Invalid(
            gettext("A manager cannot set the state %(state)s.") % {"state": repr(state)},
            errors={"state": [gettext("Use active or paused.")]},
        )
    verb = moderation.pause_member if state == MemberState.PAUSED else moderation.resume_member
    verb(member=member, by=by)
    return Member.objects.get(pk=member.pk)
