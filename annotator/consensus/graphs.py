"""Which items can be put on one scale: the parts of a directed graph within which every item reaches every other; and how often
each two were compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Ints


def strong_components(reaches: Bools) -> Ints:
    """The component of each item, numbered from 0 in order of the first item in each. Shape (items,).

    Two items are in one component when each reaches the other along edges `reaches[i, j]` (items, items). Found by searching
    forwards and backwards from an item that has no component yet; each search takes whole frontiers at a time.
    """
    n_items = len(reaches)
    component = np.full(n_items, -1, dtype=np.int64)
    number = 0
    for item in range(n_items):
        if component[item] < 0:
            waiting = component < 0
            component[_reached(reaches, item, waiting) & _reached(reaches.T, item, waiting)] = number
            number += 1
    return component


def connected_components(touches: Bools) -> Ints:
    """The same, whatever the direction of the edges."""
    return strong_components(touches | touches.T)


def count_meetings(one: ArrayLike, other: ArrayLike, times: ArrayLike, *, n_items: int) -> Ints:
    """How often each two items met: the sum of `times` over the rows in which they are `one` and `other`, in either order.

    Shape (items, items), symmetric, with noughts on the diagonal. Rows are codes of shape (rows,); a negative code is no
    item, and an item does not meet itself. Raises ValueError on a code that is too large.
    """
    i, j, weight = (np.asarray(column, dtype=np.int64) for column in (one, other, times))
    if max(i.max(initial=-1), j.max(initial=-1)) >= n_items:
        raise ValueError(f"codes must be below {n_items}")
    counts = (i >= 0) & (j >= 0) & (i != j)
    cells = np.bincount(i[counts] * n_items + j[counts], weights=weight[counts], minlength=n_items**2)
    met = np.rint(cells).astype(np.int64).reshape(n_items, n_items)
    return np.asarray(met + met.T)


def _reached(reaches: Bools, start: int, among: Bools) -> Bools:
    found = np.zeros(len(reaches), dtype=np.bool_)
    found[start] = True
    frontier = found
    while frontier.any():
        frontier = reaches[frontier].any(axis=0) & among & ~found
        found = found | frontier
    return found
