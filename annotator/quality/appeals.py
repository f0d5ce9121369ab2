"""A member who was warned, paused or suspended asks the managers to look again, and these answer."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import ActionKind, AppealState, MemberState
from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Appeal, Campaign, Member, User
from annotator.models.audit import AuditAction
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.quality import moderation


def may_appeal(member: Member) -> bool:
    """Whether something was done about the member that a manager could take back."""
    is_warned = member.state == MemberState.ACTIVE and member.notice is not None and member.notice.kind == ActionKind.WARN
    return is_warned or member.state in (MemberState.PAUSED, MemberState.SUSPENDED)


def appeal(*, member: Member, message: str, now: datetime | None = None) -> Appeal:
    """Ask the managers to look again. Raises Conflict where there is nothing to take back or an appeal is open, and Invalid."""
    message = message.strip()
    if not message:
        raise Invalid(gettext("The message is empty."), errors={"message": [gettext("Write what the managers should know.")]})
    if len(message) > MESSAGE_LIMIT:
        raise Invalid(
            gettext("The message is too long."),
            errors={"message": [gettext("Use at most %(message_limit)s characters.") % {"message_limit": MESSAGE_LIMIT}]},
        )
    if not may_appeal(member):
        raise Conflict(gettext("There is nothing to appeal. You can judge pairs as usual."), code="nothing_to_appeal")
    try:
        with transaction.atomic():
            return Appeal.objects.create(member=member, message=message, created_at=now or timezone.now())
    except IntegrityError as error:
        words = gettext("You already sent a message. The managers have not answered yet.")
        raise Conflict(words, code="appeal_is_open") from error


@transaction.atomic
def answer_appeal(*, appeal: Appeal, is_accepted: bool, answer: str, by: User, now: datetime | None = None) -> Appeal:
    """Decide about an appeal. Accepting one takes back what was done: the member works again, and starts afresh.

    Raises Conflict where it was answered before, and Invalid for an answer that is too long.
    """
    now = now or timezone.now()
    if len(answer) > MESSAGE_LIMIT:
        raise Invalid(
            gettext("The answer is too long."),
            errors={"answer": [gettext("Use at most %(message_limit)s characters.") % {"message_limit": MESSAGE_LIMIT}]},
        )
    locked = Appeal.objects.select_for_update(of=("self",)).select_related("member").get(pk=appeal.pk)
    if locked.state != AppealState.OPEN:
        raise Conflict(gettext("This appeal was already answered."), code="appeal_answered")
    if is_accepted:
        _take_back(locked.member, by, answer.strip(), now)
    locked.state = AppealState.ACCEPTED if is_accepted else AppealState.DECLINED
    locked.answer, locked.answered_by, locked.answered_at = answer.strip(), by, now
    locked.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    changes = {"state": (AppealState.OPEN, locked.state)}
    audit.record(AuditAction.APPEAL_ANSWERED, by=by, campaign=locked.member.campaign, target=locked.member.user, changes=changes)
    return locked


def _take_back(member: Member, by: User, answer: str, now: datetime) -> None:
    if member.state == MemberState.SUSPENDED:
        moderation.lift_suspension(member=member, by=by, note=answer, now=now)
    elif member.state == MemberState.PAUSED:
        moderation.resume_member(member=member, by=by, note=answer, now=now)
    elif member.state == MemberState.ACTIVE:
        moderation.dismiss_warning(member=member, by=by, note=answer, now=now)


def open_appeals(campaign: Campaign) -> QuerySet[Appeal]:
    """What waits for an answer, the oldest first. Who withdrew does not wait any more."""
    waiting = Appeal.objects.filter(member__campaign=campaign, state=AppealState.OPEN)
    return waiting.exclude(member__state=MemberState.WITHDRAWN).select_related("member__user", "member__stats").order_by("pk")
