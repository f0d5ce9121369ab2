"""Layouts by question, and what the card says of them."""

from __future__ import annotations

import pytest

from annotator.releasing.dataset.layouts import FOR_TRAINERS
from tests.released import card_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("config", [*(layout.config for layout in FOR_TRAINERS), "binarized"])
def test_a_layout_is_there_for_each_question(released, load, config):
    [row] = load(f"{config}_beauty")
    pair = released.pairs[0]
    assert pair.pk in (row.get(name) for name in ("id", "question_id", "ranking_id", "pair_id"))
    if config == "binarized":
        assert row["chosen_model"] == "bad-model"
    if config == "pickapic_v2":
        assert row["num_example_per_prompt"] == 1


def test_the_card_counts_what_a_layout_leaves_out(released):
    sections = card_of(released.release).split("\n### ")
    said = {section.split("`")[1]: section for section in sections if section.startswith("`")}
    assert "leaves out 2 pairs" in said["trl_preference"]
    assert "1 with the label `tie`" in said["trl_preference"]
    assert "leaves out 1 pair " in said["pickapic_v2"]
    assert "leaves out 1 pair " in said["arena"]
    assert "leaves out 4 pairs" in said["binarized_beauty"]
