"""What annotators are told about what was done, and how to do better.

In kind words, and none from which anybody could learn that a pair has a known answer or comes a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotator.choices import ActionKind, AppealState, Measure, MemberState
from annotator.models import Member, ModerationAction

WHAT: dict[str, str] = {
    Measure.GOLD_ACCURACY: "Several of your answers are not what the guideline asks for.",
    Measure.CONSISTENCY: "You have not always judged alike.",
    Measure.SIDE_SHARE: "You have chosen the image on the same side nearly every time.",
    Measure.FAST_RATE: "Many of your answers came faster than one can look at two images.",
    Measure.AGREEMENT: "Your answers differ from those of other people more often than usual.",
    Measure.TRUST: "Your answers do not fit the images as well as we would expect.",
    Measure.RECENT_TRUST: "Your latest answers are not as careful as the ones before.",
}
ADVICE: dict[str, str] = {
    Measure.GOLD_ACCURACY: "Please read it once more: it says what counts and what does not.",
    Measure.CONSISTENCY: "Please look at the prompt and at both images before each answer.",
    Measure.SIDE_SHARE: "The side says nothing: an image on your left is on the right for somebody else. Please look at both.",
    Measure.FAST_RATE: "There is no hurry. Please look at both images each time.",
    Measure.AGREEMENT: "That may be your taste, which is welcome. Please see whether the guideline asks for something else.",
    Measure.TRUST: "Please read the guideline once more, and look at both images each time.",
    Measure.RECENT_TRUST: "Perhaps it is time for a break.",
}


@dataclass(frozen=True)
class Notice:
    """`act` is the id of what it tells of, `note` what a manager wrote, and against a warning one can appeal."""

    act: int
    title: str
    text: str
    note: str
    is_warning: bool


def notice_for(member: Member, *, known: int | None = None) -> Notice | None:
    """What the member is told of until they put it away, unless the page has it. Costs a query only where there is something."""
    if member.notice_id in (None, known):
        return None
    act = ModerationAction.objects.select_related("rule").get(pk=member.notice_id)
    if act.kind != ActionKind.WARN:
        text = "The managers have looked at your answers. Thank you for your patience."
        return Notice(act.pk, "You can go on", text, act.note, is_warning=False)
    measure = act.rule.measure if act.rule else None
    text = f"{WHAT[measure]} {ADVICE[measure]}" if measure else "The managers ask you to look at the guideline once more."
    return Notice(act.pk, "A word about your answers", text, act.note, is_warning=True)


def what_happened(member: Member) -> list[str]:
    """Why somebody is paused or suspended, and what became of their appeal: a paragraph each."""
    kind = ActionKind.PAUSE if member.state == MemberState.PAUSED else ActionKind.SUSPEND
    act = member.acts.filter(kind=kind).select_related("rule").first()
    said = []
    if act and act.rule:
        said.append(f"What led to it: {WHAT[act.rule.measure][0].lower()}{WHAT[act.rule.measure][1:]} This may be a mistake.")
    if act and act.note:
        said.append(f"The managers wrote: {act.note}")
    appeal = member.appeals.filter(created_at__gte=act.at).first() if act else None
    if appeal and appeal.state == AppealState.OPEN:
        said.append("The managers have your message and have not answered yet.")
    if appeal and appeal.state == AppealState.DECLINED:
        said.append(f"The managers looked again, and it stays so. {appeal.answer}".strip())
    return said
