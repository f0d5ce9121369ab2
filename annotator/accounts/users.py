"""Accounts, as the site's administrators see to them."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext

from annotator.errors import Conflict
from annotator.lib import audit
from annotator.models import User
from annotator.models.audit import AuditAction


@transaction.atomic
def set_active(*, user: User, is_active: bool, by: User) -> User:
    """Deactivate an account, which ends its sessions and lets its tokens open nothing; or activate it again.

    Raises Conflict for one's own: nobody locks themselves out.
    """
    if user == by:
        raise Conflict(gettext("You cannot deactivate your own account. Ask another administrator."), code="own_account")
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if locked.is_active != is_active:
        audit.record(AuditAction.USER_ACTIVE, by=by, target=locked, changes={"is_active": (locked.is_active, is_active)})
        locked.is_active = is_active
        locked.save(update_fields=["is_active"])
        if not is_active:
            for session in UserSession.objects.filter(user=locked):
                session.end()
    return locked
