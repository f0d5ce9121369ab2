"""What the script of the annotation page is told in the page: addresses, questions, and the choices with their words and keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from annotator.accounts.preferences import preferences_of
from annotator.judging.shortcuts import MAPS, SHORTCUTS, Shortcut
from annotator.judging.shown_choices import SHOWN_CHOICES, ShownChoice, shown_among
from annotator.models import Campaign, Question, User
from annotator.views.annotate.page_state import Card, PageState
from annotator.views.service_worker import service_worker_for

# As in judging.conditions.GROUNDS.
GROUND_WORDS = (
    ("grey", gettext_lazy("Grey")),
    ("black", gettext_lazy("Black")),
    ("white", gettext_lazy("White")),
    ("checkerboard", gettext_lazy("Checkerboard")),
)
# Those of accounts.preferences that are on or off.
SWITCH_WORDS = (
    ("keep_zoom", gettext_lazy("Keep the zoom for the next pair")),
    ("unfold", gettext_lazy("Show long prompts in full")),
    ("tap", gettext_lazy("Tap an image to choose it")),
    ("swipe", gettext_lazy("Swipe left or right to choose")),
    ("vibrate", gettext_lazy("Vibrate after a choice by touch")),
    ("show_pace", gettext_lazy("Show my count and pace")),
    ("hint_rest", gettext_lazy("Suggest a rest after a long time")),
)


@dataclass(frozen=True)
class ChoiceButton:
    """A choice with what its button posts for a card, and whether it is the answer that the annotator undid there."""

    shown: ShownChoice
    value: str
    is_earlier: bool


def buttons_of(question: Question, shown: list[ShownChoice], card: Card | None) -> list[ChoiceButton]:
    """In the order in which they stand. Without a card, those of an image post nothing yet."""
    if card is None:
        return [ChoiceButton(one, "" if one.side is not None else one.name, False) for one in shown]
    a_on_left, earlier = card.left.slot == "a", card.earlier.split()
    slots = [one.slot(a_on_left=a_on_left) for one in shown]
    return [ChoiceButton(one, slot, f"{question.slug}:{slot}" in earlier) for one, slot in zip(shown, slots, strict=True)]


def controls_of(state: PageState, user: User) -> dict[str, Any]:
    """The buttons of the page: of the question that is asked first, and of each question where no script asks them in state."""
    card = state.cards[0] if state.cards else None
    choices = shown_among(state.choices)
    return {
        "choices": choices,
        "buttons": buttons_of(state.question, choices, card) if state.question else [],
        "question_buttons": [(one, buttons_of(one, shown_among(one.choices), card)) for one in state.questions],
        "page_data": page_data(state, choices, user),
        "grounds": GROUND_WORDS,
        "switches": SWITCH_WORDS,
        "shortcuts": [one for one in shortcuts_of(state.campaign, state.questions) if one.words],
        "key_maps": MAPS.items(),
    }


def page_data(state: PageState, choices: list[ShownChoice], user: User) -> dict[str, Any]:
    return key_data(state.campaign, state.questions, user) | {
        "member": state.member_shown_as,
        "addresses": {
            "assignments": assignment_root(),
            "answers": reverse("answers"),
            "cards": reverse("deck", args=[state.campaign.slug]),
            "worker": service_worker_for(user),
            "logIn": reverse("login"),
            "preferences": reverse("preferences"),
            "earlier": reverse("earlier", args=[state.campaign.slug]),
        },
        "questions": [{"slug": one.slug, "text": one.text, "choices": one.choices} for one in state.questions],
        "choices": [one.as_data() for one in choices],
    }


def shortcuts_of(campaign: Campaign, questions: list[Question]) -> list[Shortcut]:
    """Those that do something in this campaign, whose questions these are."""
    offered = {one.name for one in shown_among({choice for question in questions for choice in question.choices})}
    out = {one.name for one in SHOWN_CHOICES} - offered
    if not campaign.undo_votes and len(questions) == 1:
        out.add("undo")
    return [one for one in SHORTCUTS if one.name not in out]


def key_data(campaign: Campaign, questions: list[Question], user: User) -> dict[str, Any]:
    """What keys do for this user, and from when on an answer is taken: on the page of the training as well."""
    labels = {one.name: {"label": one.wide.label} for one in SHOWN_CHOICES}
    return {
        "answerMsMin": campaign.answer_ms_min,
        "preferences": preferences_of(user),
        "shortcuts": [one.as_data() | labels.get(one.name, {}) for one in shortcuts_of(campaign, questions)],
    }


@cache
def assignment_root() -> str:
    """What the addresses of all assignments begin with."""
    return reverse("vote", args=[0]).rsplit("/", 3)[0] + "/"
