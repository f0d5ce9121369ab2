"""The keys of the annotation page: the one list of what a key does, in which words, and where it lies on the keyboard.

Keys are places (`KeyboardEvent.code`), not letters: the first key of the digit row is `Digit1` on every keyboard, whatever it
types. The page shows what this keyboard has there. Somebody can choose another map, or a key of their own for an action
(`accounts.preferences`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

# Keys that type, and the arrows. Not those with which a page is walked through or left: Tab, Enter, Space, Escape, F5.
CODE = re.compile(
    r"Key[A-Z]|Digit\d|Numpad\d|Arrow(?:Left|Right|Up|Down)|Bracket(?:Left|Right)|Intl(?:Backslash|Ro|Yen)"
    r"|Numpad(?:Add|Subtract|Multiply|Divide|Decimal)|Backquote|Minus|Equal|Semicolon|Quote|Backslash|Comma|Period|Slash|Backspace"
)
MAPS = {"standard": gettext_lazy("Standard"), "left_hand": gettext_lazy("Left hand")}
STANDARD = "standard"
SIGNS = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Backspace": "⌫"}


@dataclass(frozen=True)
class Shortcut:
    """`codes` are those of the standard map, the most usual first; `left_hand` those of the other."""

    name: str
    words: str | Promise
    codes: tuple[str, ...]
    left_hand: tuple[str, ...]
    character: str = ""  # typed, wherever it lies

    @property
    def keys(self) -> list[str]:
        """The standard keys as aria-keyshortcuts names them, without the second digits that some keyboards have."""
        codes = [self.character] if self.character else [code for code in self.codes if not code.startswith("Numpad")]
        return [re.sub(r"^(?:Key|Digit)", "", code).lower() if code.startswith(("Key", "Digit")) else code for code in codes]

    @property
    def signs(self) -> list[str]:
        """The standard keys as they are shown until the page knows this keyboard."""
        return [SIGNS.get(key, key) for key in self.keys]

    def as_data(self) -> dict[str, Any]:
        maps = {"standard": self.codes, "left_hand": self.left_hand}
        return {"name": self.name, "label": self.words, "key": self.keys[0], "maps": maps, "character": self.character}


SHORTCUTS = (
    Shortcut("left", "", ("Digit1", "ArrowLeft", "Numpad1"), ("KeyA", "Digit1", "ArrowLeft")),
    Shortcut("right", "", ("Digit2", "ArrowRight", "Numpad2"), ("KeyD", "Digit2", "ArrowRight")),
    Shortcut("both_good", "", ("Digit3", "ArrowUp", "Numpad3"), ("KeyW", "Digit3", "ArrowUp")),
    Shortcut("both_bad", "", ("Digit4", "ArrowDown", "Numpad4"), ("KeyS", "Digit4", "ArrowDown")),
    Shortcut("skip", gettext_lazy("Skip this pair"), ("KeyS",), ("KeyE",)),
    Shortcut("flag", gettext_lazy("Flag a problem with this pair"), ("KeyF",), ("KeyF",)),
    Shortcut("undo", gettext_lazy("Undo what you did last"), ("KeyU", "Backspace"), ("KeyQ", "Backspace")),
    Shortcut("comment", gettext_lazy("Write a comment"), ("KeyC",), ("KeyR",)),
    Shortcut("look_back", gettext_lazy("Look at earlier pairs"), ("KeyL",), ("Backquote",)),
    Shortcut("prompt", gettext_lazy("Show or fold a long prompt"), ("KeyP",), ("KeyT",)),
    Shortcut("zoom", gettext_lazy("Zoom both images"), ("KeyZ",), ("KeyZ",)),
    Shortcut("actual", gettext_lazy("Actual pixels"), ("KeyX",), ("KeyX",)),
    Shortcut("flicker", gettext_lazy("Flicker: both images in one place, while held"), ("KeyB",), ("KeyB",)),
    Shortcut("difference", gettext_lazy("Show the difference"), ("KeyD",), ("KeyC",)),
    Shortcut("one_image", gettext_lazy("One image at a time"), ("KeyO",), ("Digit5",)),
    Shortcut("views", gettext_lazy("More ways to look, and settings"), ("KeyV",), ("KeyV",)),
    Shortcut("guideline", gettext_lazy("Show or hide the guideline"), ("KeyG",), ("KeyG",)),
    Shortcut("help", gettext_lazy("Show this help"), (), (), character="?"),
)
BY_NAME = {shortcut.name: shortcut for shortcut in SHORTCUTS}


def problem_with_own(own: Any) -> str:
    """Why these are no keys of somebody's own, a key for an action each; "" if they are."""
    if not isinstance(own, dict) or not all(isinstance(name, str) and name in BY_NAME for name in own):
        return gettext("Use an object with any of %(by_name)s.") % {"by_name": ", ".join(BY_NAME)}
    if not all(isinstance(code, str) and CODE.fullmatch(code) for code in own.values()):
        return gettext("Each key must be the code of a key that types or an arrow, such as KeyA or Digit1.")
    if len(set(own.values())) < len(own):
        return gettext("A key can do one thing only.")
    return ""
