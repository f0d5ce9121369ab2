"""The viewing conditions of an answer: how the pair was seen and answered, as the annotation page measured it.

A small JSON object beside each vote, for analysis only: nothing on the site decides by it. All of it is optional, and what is not
named here is refused, so that nothing about a person or their device can come in by this way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

INPUTS = ("keys", "mouse", "touch", "swipe")
# Of a long prompt, which the page folds: was it unfolded before the answer?
PROMPTS = ("whole", "folded", "unfolded")
LAYOUTS = ("side_by_side", "stacked")
LANGUAGES = tuple(code for code, _ in settings.LANGUAGES)
GROUNDS = ("grey", "black", "white", "checkerboard")
VIEWS = ("flicker", "difference", "one_image")
ZOOM_LIMIT = 64
DENSITY_LIMIT = 16
SIDE_LIMIT = 20_000  # CSS pixels

Conditions = dict[str, Any]


def problem_with(conditions: Any) -> tuple[str, str] | None:
    """The field that is wrong ("" for the whole) and why, or None."""
    if not isinstance(conditions, dict):
        return "", "Use an object."
    for name, value in conditions.items():
        if name not in CHECKS:
            return str(name), "This field does not exist."
        check, words = CHECKS[name]
        if not check(value):
            return name, words
    return None


def _one_of(names: tuple[str, ...]) -> tuple[Callable[[Any], bool], str]:
    return lambda value: isinstance(value, str) and value in names, f"Use one of {', '.join(names)}."


def _number(low: float, high: float) -> tuple[Callable[[Any], bool], str]:
    return lambda value: type(value) in (int, float) and low <= value <= high, f"Use a number from {low} to {high}."


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(side) is int and 1 <= side <= SIDE_LIMIT for side in value)


def _are_views(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= len(VIEWS) and all(isinstance(one, str) and one in VIEWS for one in value)


_SIZE = (_is_size, f"Use a list of a width and a height, whole numbers from 1 to {SIDE_LIMIT}.")
CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "input": _one_of(INPUTS),
    "prompt": _one_of(PROMPTS),
    "layout": _one_of(LAYOUTS),
    "left": _SIZE,  # of the image as it was drawn, in CSS pixels; above the other where they are stacked
    "right": _SIZE,
    "density": _number(0.1, DENSITY_LIMIT),  # device pixels of a CSS pixel
    "zoom": _number(1, ZOOM_LIMIT),  # the most that the images were enlarged
    "views": (_are_views, f"Use a list of {', '.join(VIEWS)}."),
    "ground": _one_of(GROUNDS),
    "language": _one_of(LANGUAGES),  # of the page
}
