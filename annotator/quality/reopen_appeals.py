"""Undoing the answer to an appeal."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import ActionKind, AppealState, MemberState
from annotator.errors import Conflict
from annotator.models import Appeal, User
from annotator.quality import moderation


@transaction.atomic
def reopen_appeal(*, appeal: Appeal, by: User, now: datetime | None = None) -> Appeal:
    """Undo the answer: the appeal waits again, and what accepting it took back applies again.

    Raises Conflict where it waits already, the member has appealed again or withdrew, or something was done since.
    """
    now = now or timezone.now()
    locked = Appeal.objects.select_for_update(of=("self",)).select_related("member").get(pk=appeal.pk)
    member = locked.member
    if locked.state == AppealState.OPEN:
        raise Conflict(gettext("This appeal waits for an answer already."), code="appeal_is_open")
    if member.state == MemberState.WITHDRAWN or member.appeals.filter(pk__gt=locked.pk).exists():
        raise Conflict(gettext("The member has withdrawn, or has appealed again since."), code="appeal_is_over")
    if locked.state == AppealState.ACCEPTED:
        _apply_again(locked, by, now)
    locked.state, locked.answer, locked.answered_by, locked.answered_at = AppealState.OPEN, "", None, None
    locked.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    return locked


def _apply_again(appeal: Appeal, by: User, now: datetime) -> None:
    """What led to the appeal: the last that was done to the member before it."""
    member = appeal.member
    kinds = (ActionKind.WARN, ActionKind.PAUSE, ActionKind.SUSPEND)
    done = member.actions.filter(kind__in=kinds, at__lte=appeal.created_at).select_related("rule").first()
    if done is None or member.state != MemberState.ACTIVE or member.actions.filter(kind__in=kinds, pk__gt=done.pk).exists():
        raise Conflict(gettext("Something else was done about the member since. Decide on their page."), code="member_changed")
    reason = moderation.Reason(rule=done.rule, figures=done.figures, note=done.note)
    again = {
        ActionKind.WARN: moderation.warn_member,
        ActionKind.PAUSE: moderation.pause_member,
        ActionKind.SUSPEND: moderation.suspend_member,
    }[ActionKind(done.kind)]
    again(member=member, by=by, reason=reason, now=now)
