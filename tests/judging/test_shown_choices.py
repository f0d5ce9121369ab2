"""The choices as annotators see them."""

from __future__ import annotations

import pytest

from annotator.choices import Choice
from annotator.judging.shown_choices import SHOWN_CHOICES, shown_among, shown_choice


@pytest.mark.parametrize("a_on_left", [True, False])
@pytest.mark.parametrize("choice", Choice.values)
def test_what_is_stored_is_what_was_seen(choice, a_on_left):
    assert shown_choice(choice, a_on_left=a_on_left).slot(a_on_left=a_on_left) == choice


def test_the_image_on_the_left_is_a_or_b():
    left = SHOWN_CHOICES[0]

    assert left.wide.label == "Left is better"
    assert (left.slot(a_on_left=True), left.slot(a_on_left=False)) == ("a", "b")


def test_a_question_offers_the_choices_that_it_has():
    assert [one.name for one in shown_among(["a", "b"])] == ["left", "right"]
    assert [one.name for one in shown_among(["a", "b", "both_bad"])] == ["left", "right", "both_bad"]
