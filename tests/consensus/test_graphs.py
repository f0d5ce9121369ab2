"""Components, against reachability written out."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.graphs import connected_components, count_meetings, strong_components


@pytest.mark.parametrize("seed", range(10))
def test_items_share_a_component_when_each_reaches_the_other(seed):
    rng = np.random.default_rng(seed)
    edges = rng.random((12, 12)) < 0.12
    reach = np.eye(12, dtype=bool)
    for _ in range(12):
        reach = reach | (reach.astype(int) @ edges.astype(int) > 0)
    component = strong_components(edges)
    assert np.array_equal(component[:, None] == component, reach & reach.T)
    assert sorted(set(component.tolist())) == list(range(component.max() + 1))


def test_connected_whatever_the_direction():
    edges = np.zeros((4, 4), dtype=bool)
    edges[0, 2] = edges[3, 2] = True
    assert connected_components(edges).tolist() == [0, 1, 0, 0]
    assert strong_components(edges).tolist() == [0, 1, 2, 3]


def test_no_items_have_no_components():
    assert strong_components(np.zeros((0, 0), dtype=bool)).shape == (0,)


def test_meetings_are_counted_in_either_order():
    met = count_meetings([0, 2, 1, 1, -1, 0], [1, 0, 0, 1, 2, 1], [2, 5, 3, 9, 9, 0], n_items=3)
    assert met.tolist() == [[0, 5, 5], [5, 0, 0], [5, 0, 0]]


def test_nobody_meets_nobody():
    assert count_meetings([], [], [], n_items=0).shape == (0, 0)


def test_a_code_of_no_item_is_refused():
    with pytest.raises(ValueError, match="below 2"):
        count_meetings([0], [2], [1], n_items=2)
