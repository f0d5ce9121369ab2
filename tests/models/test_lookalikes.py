"""Names that look alike."""

from __future__ import annotations

import pytest

from annotator.models.lookalikes import skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana", "аnа"),
        ("paul", "pau1"),
        ("paul", "pauI"),
        ("modern", "modem"),
        ("bob", "b0b"),
        ("ana", "ANA"),
        ("admin", "αdmіn"),
        ("x", "ｘ"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("ana", "anna"), ("user1", "user2"), ("rené", "rene"), ("李", "木")])
def test_names_that_do_not_have_two(one, other):
    assert skeleton(one) != skeleton(other)


def test_numbered_names_stay_apart():
    assert len({skeleton(f"user{number}") for number in range(1000)}) == 1000
