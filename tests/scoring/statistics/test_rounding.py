"""Figures as the document has them."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from annotator.consensus.bias import share_of
from annotator.scoring.statistics.rounding import gini, number, rate_of, rates_of
from annotator.scoring.statistics.schema import Rate


@pytest.mark.parametrize(
    ("values", "expected"), [([5], 0), ([3, 3, 3], 0), ([1, 3], 0.25), ([0, 0, 0, 1], 0.75), ([1, 2, 3, 4], 0.25)]
)
def test_gini(values, expected):
    assert gini(values) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "written"), [(0.12345678, 0.123457), (np.float32(0.5), 0.5), (math.nan, None), (math.inf, None), (-math.inf, None)]
)
def test_what_is_not_defined_is_null_and_the_rest_has_six_digits(value, written):
    found = number(value)
    assert found == written
    assert found is None or type(found) is float


def test_a_rate_has_the_exact_interval():
    rate = rate_of(0, 10)
    assert (rate.k, rate.n, rate.rate, rate.lower) == (0, 10, 0.0, 0.0)
    assert rate.upper == pytest.approx(1 - 0.025**0.1, abs=1e-6)  # Clopper–Pearson of none of ten


def test_a_rate_of_nothing_is_null_and_may_be_anything():
    assert rate_of(0, 0) == Rate(0, 0, None, 0.0, 1.0)


def test_rates_are_numbers_that_json_knows():
    for rate in rates_of(share_of([1, 2], [2, 3])):
        assert json.loads(json.dumps(dataclasses.asdict(rate))) == dataclasses.asdict(rate)
