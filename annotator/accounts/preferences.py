"""How somebody wants the annotation page to be: kept with their account, so that it is the same on each of their devices.

A small JSON object. What is not in it is as it is for everybody; what is not named here is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from annotator.errors import Invalid
from annotator.judging.conditions import GROUNDS
from annotator.judging.shortcuts import MAPS, STANDARD, problem_with_own
from annotator.models import User


def _is_ground(value: Any) -> bool:
    return isinstance(value, str) and value in GROUNDS


def _is_switch(value: Any) -> bool:
    return type(value) is bool


def _is_map(value: Any) -> bool:
    return isinstance(value, str) and value in MAPS


def _are_own_keys(value: Any) -> bool:
    return not problem_with_own(value)


SWITCH = "Use true or false."
CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ground": (_is_ground, f"Use one of {', '.join(GROUNDS)}."),
    "tap": (_is_switch, SWITCH),  # a tap on an image chooses it
    "swipe": (_is_switch, SWITCH),  # a swipe to a side chooses the image there
    "vibrate": (_is_switch, SWITCH),
    "keep_zoom": (_is_switch, SWITCH),  # the next pair is enlarged as the one before
    "unfold": (_is_switch, SWITCH),  # long prompts are shown in full
    "show_pace": (_is_switch, SWITCH),
    "hint_rest": (_is_switch, SWITCH),
    "key_map": (_is_map, f"Use one of {', '.join(MAPS)}."),
    # Action to key, in the place of the keys that the map has for it.
    "own_keys": (_are_own_keys, 'Use an object of an action and the code of a key each, such as {"left": "KeyA"}, no key twice.'),
}
FOR_EVERYBODY: dict[str, Any] = {
    "ground": "grey",
    "tap": True,
    "swipe": True,
    "vibrate": True,
    "keep_zoom": False,
    "unfold": False,
    "show_pace": True,
    "hint_rest": True,
    "key_map": STANDARD,
    "own_keys": {},
}


def preferences_of(user: User) -> dict[str, Any]:
    """All of them. What is stored and no longer fits is left out."""
    stored = {name: value for name, value in user.preferences.items() if name in CHECKS and CHECKS[name][0](value)}
    return FOR_EVERYBODY | stored


@transaction.atomic
def change_preferences(*, user: User, changes: dict[str, Any]) -> dict[str, Any]:
    """Keep these; the others stay as they are. Raises Invalid, naming each field that does not exist or does not fit."""
    errors = {}
    for name, value in changes.items():
        if name not in CHECKS:
            errors[name] = ["This setting does not exist."]
        elif not CHECKS[name][0](value):
            errors[name] = [CHECKS[name][1]]
    if errors:
        raise Invalid(gettext("Some settings are not valid."), errors=errors)
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.preferences = {name: value for name, value in (locked.preferences | changes).items() if name in CHECKS}
    locked.save(update_fields=["preferences"])
    return preferences_of(locked)
