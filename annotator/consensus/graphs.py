"""Which items can be put on one scale: the parts of a directed graph within which every item reaches every other."""

from __future__ import annotations

import numpy as np

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


def _reached(reaches: Bools, start: int, among: Bools) -> Bools:
    found = np.zeros(len(reaches), dtype=np.bool_)
    found[start] = True
    frontier = found
    while frontier.any():
        frontier = reaches[frontier].any(axis=0) & among & ~found
        found = found | frontier
    return found
