"""The figures of agreement from sums over pairs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.agreement import krippendorff_alpha_of_counts
from annotator.scoring.statistics.agreement_figures import figures_of, sums_of

COUNTS = np.array([[3, 0, 0, 0], [2, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
IS_FULL = np.array([True, True, False, False, False])


def test_figures_are_those_of_the_pairs_with_two_votes():
    alpha, ordinal, same, unanimous, leading, entropy = figures_of(sums_of(COUNTS, IS_FULL).sum(axis=0)[None])[0]
    assert alpha == pytest.approx(krippendorff_alpha_of_counts(COUNTS).alpha)
    in_order = [[3, 0, 0], [2, 0, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert ordinal == pytest.approx(krippendorff_alpha_of_counts(in_order, level="ordinal").alpha)
    assert same == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert (unanimous, leading) == (pytest.approx(1 / 2), pytest.approx((1 + 2 / 3) / 2))
    assert entropy == pytest.approx(-(2 / 3 * np.log2(2 / 3) + 1 / 3 * np.log2(1 / 3)) / 2)


def test_pairs_with_fewer_than_two_votes_add_nothing():
    assert not sums_of(COUNTS[3:], np.ones(2, dtype=bool)).any()
