from __future__ import annotations

import math

import numpy as np
import pytest

from annotator.consensus.count_vectors import count_vectors, log_orders


@pytest.mark.parametrize(("n", "n_choices"), [(0, 2), (1, 1), (3, 2), (5, 4), (7, 3)])
def test_every_way_is_there_once_and_their_orders_are_all_orders(n, n_choices):
    vectors = count_vectors(n, n_choices)

    assert len(np.unique(vectors, axis=0)) == len(vectors) == math.comb(n + n_choices - 1, n_choices - 1)
    assert set(vectors.sum(axis=1).tolist()) == {n}
    assert vectors.min(initial=0) >= 0
    assert np.exp(log_orders(vectors)).sum() == pytest.approx(n_choices**n)


def test_it_refuses_what_does_not_fit_into_memory():
    with pytest.raises(ValueError, match="more than fit"):
        count_vectors(1000, 6)
