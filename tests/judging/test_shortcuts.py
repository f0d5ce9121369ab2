"""The keys of the annotation page."""

from __future__ import annotations

from collections import Counter

import pytest

from annotator.judging.shortcuts import BY_NAME, CODE, MAPS, SHORTCUTS, problem_with_own
from annotator.judging.shown_choices import SHOWN_CHOICES


@pytest.mark.parametrize("name", MAPS)
def test_in_each_map_a_key_does_one_thing(name):
    codes = [code for shortcut in SHORTCUTS for code in shortcut.as_data()["maps"][name]]

    assert [code for code, count in Counter(codes).items() if count > 1] == []
    assert all(CODE.fullmatch(code) for code in codes)


def test_every_choice_has_keys():
    assert {one.name for one in SHOWN_CHOICES} <= BY_NAME.keys()
    assert BY_NAME["left"].keys == ["1", "ArrowLeft"]
    assert BY_NAME["skip"].keys == ["s"]
    assert BY_NAME["undo"].signs == ["u", "⌫"]
    assert BY_NAME["help"].keys == ["?"]


@pytest.mark.parametrize("own", [{}, {"left": "KeyA"}, {"left": "KeyA", "skip": "Backspace", "help": "Numpad0"}])
def test_keys_of_somebody_s_own(own):
    assert problem_with_own(own) == ""


@pytest.mark.parametrize(
    "own",
    [
        [],
        "KeyA",
        {"jump": "KeyA"},
        {"left": "Escape"},
        {"left": "Tab"},
        {"left": 1},
        {"left": "KeyA", "right": "KeyA"},
        {"left": "KeyA "},
    ],
)
def test_what_cannot_be_somebody_s_own_keys(own):
    assert problem_with_own(own) != ""
