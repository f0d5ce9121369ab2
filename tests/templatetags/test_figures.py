"""Figures as pages show them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template import engines
from django.utils import timezone

from annotator.templatetags.figures import (
    ago,
    chance,
    decimal,
    duration,
    estimated,
    estimated_share,
    file_size,
    percent,
    points,
    ranks,
    rate,
    seconds,
    share,
    thousands,
    until,
)


@pytest.mark.parametrize(
    ("filter_", "value", "text"),
    [
        (percent, 0.29, "29 %"),  # 0.29 × 100 is 28.999… in binary
        (percent, 0.9999, "99 %"),
        (share, 0.12345, "12.3 %"),
        (share, 0, "0.0 %"),
        (points, 0.031, "+3.1"),
        (points, -0.031, "−3.1"),
        (decimal, 0.456, "0.46"),
        (decimal, -1.5, "−1.50"),
        (seconds, 1249, "1.2 s"),
        (seconds, 0, "0.0 s"),
    ],
)
def test_a_figure_is_rounded_and_has_its_unit(filter_, value, text):
    assert filter_(value) == text


@pytest.mark.parametrize("filter_", [share, points, decimal, seconds])
def test_a_figure_that_is_not_there_is_a_dash(filter_):
    assert filter_(None) == "–"


def test_an_estimate_comes_with_its_interval_where_it_has_one():
    whole, alone = {"value": 0.624, "lower": 0.55, "upper": 0.691}, {"value": -0.624, "lower": None, "upper": None}
    none = {"value": None, "lower": None, "upper": None}
    assert [estimated(each) for each in (whole, alone, none)] == ["0.62 (0.55 to 0.69)", "−0.62", "–"]
    assert [estimated_share(each) for each in (whole, none)] == ["62 % (55–69 %)", "–"]


def test_a_rate_comes_with_its_interval():
    assert rate({"rate": 0.624, "lower": 0.55, "upper": 0.691}) == "62 % (55–69 %)"
    assert rate({"rate": 0.0, "lower": 0.0, "upper": 0.2}) == "0 % (0–20 %)"
    assert rate({"rate": None, "lower": None, "upper": None}) == "–"


def test_a_moment_that_is_over_is_no_time_away():
    now = timezone.now()

    assert until(now - timedelta(seconds=1)) == until(now) == "none"
    assert until(now + timedelta(hours=3, seconds=30)) == "3 hours"


def test_templates_know_the_filters():
    template = engines["django"].from_string("{% load figures %}{{ n|thousands }}, {{ size|file_size }}, {{ part|share }}")

    assert template.render({"n": 1234567, "size": 12_300_000, "part": None}) == "1,234,567, 12.3 MB, –"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(0), "none"),
        (timedelta(seconds=20), "under a minute"),
        (timedelta(seconds=50), "1 minute"),
        (timedelta(minutes=90), "2 hours"),
        (timedelta(hours=2, minutes=51), "3 hours"),
        (timedelta(hours=40), "2 days"),
        (timedelta(days=100_000), "over 10 years"),
    ],
)
def test_durations_are_rough(left: timedelta, words: str) -> None:
    assert duration(left) == words


def test_shares_are_never_rounded_up_to_all() -> None:
    assert [percent(share) for share in (0.0, 0.29, 0.999, 1.0)] == ["0 %", "29 %", "99 %", "100 %"]


def test_a_chance_is_never_rounded_to_impossible_or_certain() -> None:
    assert [chance(value) for value in (0.0, 0.001, 0.734, 0.9999, 1.0)] == ["0 %", "<1 %", "73 %", ">99 %", "100 %"]
    assert chance(None) == "–"


def test_ranks_are_a_range_where_there_are_several() -> None:
    assert ranks({"rank_lower": 2, "rank_upper": 4}) == "2–4"
    assert ranks({"rank_lower": 2, "rank_upper": 2}) == "2"
    assert ranks({"rank_lower": None, "rank_upper": None}) == "–"


def test_numbers_sizes_and_moments_are_readable() -> None:
    assert thousands(1234567) == "1,234,567"
    assert [file_size(size) for size in (12, 3456, 7_800_000, 2_000_000_000)] == ["12 bytes", "3.5 kB", "7.8 MB", "2.0 GB"]
    assert ago(timezone.now()) == "just now"
    assert ago(timezone.now() - timedelta(minutes=5, seconds=1)) == "5 minutes ago"
