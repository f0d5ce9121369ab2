"""Figures as pages show them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template import engines
from django.utils import timezone

from annotator.templatetags.figures import decimal, percent, points, rate, seconds, share, until


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
