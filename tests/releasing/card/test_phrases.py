"""The pieces that the card's text is made of."""

from __future__ import annotations

from annotator.releasing.card.readme import card


def test_names_do_not_break_its_tables(facts, shards):
    assert "| generators | flux\\|dev and sdxl |" in card(facts, shards, {})
