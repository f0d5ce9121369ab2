"""What may be said of how a pair was seen and answered."""

from __future__ import annotations

import json

import pytest

from annotator.judging.conditions import CHECKS, DENSITY_LIMIT, SIDE_LIMIT, VIEWS, ZOOM_LIMIT, problem_with
from annotator.models.judging import CONDITIONS_LENGTH

WHOLE = {
    "input": "mouse",
    "prompt": "unfolded",
    "layout": "side_by_side",
    "left": [SIDE_LIMIT, SIDE_LIMIT],
    "right": [SIDE_LIMIT, 1],
    "density": DENSITY_LIMIT,
    "zoom": ZOOM_LIMIT - 1 / 3,
    "views": list(VIEWS),
    "ground": "checkerboard",
    "language": "zh-hans",
}


def test_the_longest_that_may_be_said_has_room_in_its_column():
    assert problem_with(WHOLE) is None
    assert WHOLE.keys() == CHECKS.keys()
    assert len(json.dumps(WHOLE)) < CONDITIONS_LENGTH


def test_all_of_it_may_be_left_out():
    assert problem_with({}) is None


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        (None, ""),
        ([], ""),
        ("touch", ""),
        ({"device": "a phone of mine"}, "device"),
        ({"input": "telepathy"}, "input"),
        ({"input": ["keys"]}, "input"),
        ({"prompt": None}, "prompt"),
        ({"layout": {}}, "layout"),
        ({"left": [0, 5]}, "left"),
        ({"left": [5.5, 5]}, "left"),
        ({"left": [True, 5]}, "left"),
        ({"left": [5]}, "left"),
        ({"right": [5, SIDE_LIMIT + 1]}, "right"),
        ({"density": "2"}, "density"),
        ({"zoom": 0.5}, "zoom"),
        ({"zoom": float("nan")}, "zoom"),
        ({"zoom": float("inf")}, "zoom"),
        ({"zoom": True}, "zoom"),
        ({"views": ["flicker"] * 4}, "views"),
        ({"views": [["flicker"]]}, "views"),
        ({"views": "flicker"}, "views"),
        ({"ground": "pink"}, "ground"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_what_is_not_listed_is_refused_by_its_field(conditions, field):
    found = problem_with(conditions)

    assert found is not None
    assert found[0] == field
    assert found[1].endswith(".")
