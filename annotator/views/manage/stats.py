"""A number as the console shows it: with its name, and what it is of, said to whoever points at it or comes to it by keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext

DASH = "–"


@dataclass(frozen=True)
class Stat:
    """`name` is unique on the page. `explanation` says what is counted, and of which votes."""

    name: str
    label: str
    value: str
    explanation: str
    note: str = ""
    url: str = ""


def whole(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def percents(share: float) -> str:
    return f"{100 * share:.0f} %"


def share_words(rate: dict[str, Any]) -> tuple[str, str]:
    """A rate of the statistics document as its value and what stands below it: interval and counts."""
    if rate["rate"] is None:
        return DASH, gettext("no votes yet")
    interval = f"{100 * rate['lower']:.0f}–{percents(rate['upper'])}"
    counts = gettext("%(part)s of %(all)s") % {"part": whole(rate["k"]), "all": whole(rate["n"])}
    return percents(rate["rate"]), f"{interval} · {counts}"
