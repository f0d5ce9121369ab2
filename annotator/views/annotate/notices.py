"""Notices to annotators: what the managers or the review did, and how to do better.

The words are kind, and none of them reveals that a pair has a known answer or is a repeat.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from annotator.choices import ActionKind, AppealState, Measure, MemberState
from annotator.lib.public_ids import NOTICES
from annotator.models import Member, ModerationAction

WHAT: dict[str, Promise] = {
    Measure.GOLD_ACCURACY: gettext_lazy("Several of your answers do not follow the guideline."),
    Measure.CONSISTENCY: gettext_lazy("Your answers are not always consistent."),
    Measure.SIDE_SHARE: gettext_lazy("You chose the image on the same side almost every time."),
    Measure.FAST_RATE: gettext_lazy("Many of your answers were too fast to have looked at both images."),
    Measure.AGREEMENT: gettext_lazy("Your answers differ from those of other people more often than usual."),
    Measure.TRUST: gettext_lazy("Many of your answers do not seem to depend on what the images show."),
    Measure.RECENT_TRUST: gettext_lazy(
        "Many of your latest answers do not seem to depend on what the images show, unlike your earlier ones."
    ),
}
ADVICE: dict[str, Promise] = {
    Measure.GOLD_ACCURACY: gettext_lazy("Please read it again: it says what counts and what does not."),
    Measure.CONSISTENCY: gettext_lazy("Please look at the prompt and both images before each answer."),
    Measure.SIDE_SHARE: gettext_lazy(
        "The side means nothing: the image on your left is on the right for someone else. Please look at both."
    ),
    Measure.FAST_RATE: gettext_lazy("There is no hurry. Please look at both images each time."),
    Measure.AGREEMENT: gettext_lazy(
        "That may be your taste, which is welcome. Please check whether the guideline asks for something else."
    ),
    Measure.TRUST: gettext_lazy("Please read the guideline again, and look at both images each time."),
    Measure.RECENT_TRUST: gettext_lazy("Maybe it is time for a break."),
}

REASONS: dict[str, Promise] = {
    Measure.GOLD_ACCURACY: gettext_lazy("Reason: several of your answers do not follow the guideline. This may be a mistake."),
    Measure.CONSISTENCY: gettext_lazy("Reason: your answers are not always consistent. This may be a mistake."),
    Measure.SIDE_SHARE: gettext_lazy("Reason: you chose the image on the same side almost every time. This may be a mistake."),
    Measure.FAST_RATE: gettext_lazy(
        "Reason: many of your answers were too fast to have looked at both images. This may be a mistake."
    ),
    Measure.AGREEMENT: gettext_lazy(
        "Reason: your answers differ from those of other people more often than usual. This may be a mistake."
    ),
    Measure.TRUST: gettext_lazy(
        "Reason: many of your answers do not seem to depend on what the images show. This may be a mistake."
    ),
    Measure.RECENT_TRUST: gettext_lazy(
        "Reason: many of your latest answers do not seem to depend on what the images show, unlike your earlier ones. "
        "This may be a mistake."
    ),
}


@dataclass(frozen=True)
class Notice:
    """`number` is the number that stands for the moderation action, `note` what a manager wrote. Warnings can be appealed."""

    number: int
    title: str
    text: str
    note: str
    is_warning: bool


def notice_for(member: Member, *, known: int | None = None) -> Notice | None:
    """The notice that the member has not dismissed, unless the page shows it already. One query, and only if there is one."""
    if member.notice_id in (None, known):
        return None
    action = ModerationAction.objects.select_related("rule").get(pk=member.notice_id)
    if action.kind == ActionKind.MESSAGE:
        text = gettext("This is about a pair that you flagged. Thank you for reporting it.")
        return Notice(NOTICES.show(action.pk), gettext("Message from the managers"), text, action.note, is_warning=False)
    if action.kind != ActionKind.WARN:
        text = gettext("The managers reviewed your answers. Thank you for your patience.")
        return Notice(NOTICES.show(action.pk), gettext("You can continue"), text, action.note, is_warning=False)
    measure = action.rule.measure if action.rule else None
    text = f"{WHAT[measure]} {ADVICE[measure]}" if measure else gettext("The managers ask you to read the guideline again.")
    return Notice(NOTICES.show(action.pk), gettext("About your answers"), text, action.note, is_warning=True)


def what_happened(member: Member) -> list[str]:
    """Why the member is paused or suspended, and the state of their appeal, a paragraph each."""
    kind = ActionKind.PAUSE if member.state == MemberState.PAUSED else ActionKind.SUSPEND
    action = member.actions.filter(kind=kind).select_related("rule").first()
    paragraphs = []
    if action and action.rule:
        paragraphs.append(str(REASONS[action.rule.measure]))
    if action and action.note:
        paragraphs.append(gettext("Note from the managers: %(note)s") % {"note": action.note})
    appeal = member.appeals.filter(created_at__gte=action.at).first() if action else None
    if appeal and appeal.state == AppealState.OPEN:
        paragraphs.append(gettext("The managers have your message but have not answered yet."))
    if appeal and appeal.state == AppealState.DECLINED:
        paragraphs.append(f"{gettext('The managers declined your appeal.')} {appeal.answer}".strip())
    return paragraphs
