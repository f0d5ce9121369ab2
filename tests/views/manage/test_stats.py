"""Shares of the statistics document in words."""

from __future__ import annotations

from annotator.views.manage.stats import percents, share_words, whole


def test_a_share_is_said_with_its_interval_and_counts() -> None:
    rate = {"k": 1200, "n": 1500, "rate": 0.8, "lower": 0.779, "upper": 0.82}
    assert share_words(rate) == ("80 %", "78–82 % · 1,200 of 1,500")
    assert share_words({"k": 0, "n": 0, "rate": None, "lower": 0, "upper": 1}) == ("–", "no votes yet")
    assert (whole(1234567), percents(0.5)) == ("1,234,567", "50 %")
