"""The choices as annotators see them, by their side of the page: the one list of their order and words.

Buttons, help, messages, training, the annotator's own answers and the script of the page all take them from here. Their keys are
in `judging.shortcuts`, under the same names.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.choices import Choice
from annotator.judging.shortcuts import BY_NAME


@dataclass(frozen=True)
class Words:
    """Of a choice: on its button, in a few letters, and within a sentence."""

    label: str | Promise
    short: str | Promise
    sentence: str | Promise


@dataclass(frozen=True)
class ShownChoice:
    """`side` is 0 for the image on the left, 1 for the one on the right, None for both; `stacked` are the words where one image
    stands above the other."""

    name: str
    side: int | None
    wide: Words
    stacked: Words

    @property
    def keys(self) -> list[str]:
        return BY_NAME[self.name].keys

    @property
    def signs(self) -> list[str]:
        return BY_NAME[self.name].signs

    def slot(self, *, a_on_left: bool) -> str:
        """The choice that is stored."""
        if self.side is None:
            return self.name
        return Choice.A.value if (self.side == 0) == a_on_left else Choice.B.value

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def _both(label: Promise, sentence: Promise) -> tuple[Words, Words]:
    words = Words(label, label, sentence)
    return words, words


SHOWN_CHOICES = (
    ShownChoice(
        "left",
        0,
        Words(
            gettext_lazy("Left is better"),
            pgettext_lazy("image", "Left"),
            pgettext_lazy("in a sentence", "left is better"),
        ),
        Words(
            gettext_lazy("Top is better"),
            pgettext_lazy("image", "Top"),
            pgettext_lazy("in a sentence", "top is better"),
        ),
    ),
    ShownChoice(
        "right",
        1,
        Words(
            gettext_lazy("Right is better"),
            pgettext_lazy("image", "Right"),
            pgettext_lazy("in a sentence", "right is better"),
        ),
        Words(
            gettext_lazy("Bottom is better"),
            pgettext_lazy("image", "Bottom"),
            pgettext_lazy("in a sentence", "bottom is better"),
        ),
    ),
    ShownChoice("both_good", None, *_both(gettext_lazy("Both good"), pgettext_lazy("in a sentence", "both good"))),
    ShownChoice("both_bad", None, *_both(gettext_lazy("Both bad"), pgettext_lazy("in a sentence", "both bad"))),
)


def shown_choice(choice: str, *, a_on_left: bool) -> ShownChoice:
    """How a stored choice was seen."""
    return next(shown for shown in SHOWN_CHOICES if shown.slot(a_on_left=a_on_left) == choice)


def shown_among(choices: Collection[str]) -> list[ShownChoice]:
    """Those that questions with these choices offer."""
    return [shown for shown in SHOWN_CHOICES if shown.side is not None or shown.name in choices]
