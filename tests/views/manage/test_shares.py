"""Shares in words."""

from __future__ import annotations

from annotator.views.manage.shares import share_words_of


def test_a_share_has_its_interval_and_counts() -> None:
    share = share_words_of("Gold accuracy", 9, 10)
    assert (share.words, share.interval, share.counts) == ("90 %", "60–98 %", "9 of 10")
    assert share_words_of("Gold accuracy", 0, 0).counts == "none yet"
