"""Intransitive cycles: i preferred to j, j to k, and k to i.

i beats j where more votes prefer i to j than j to i; ties of votes, and equal numbers, beat nobody. A cycle of three is the
smallest, and the only one to look for: where every two have met, there is a longer cycle only if there is one of three.
Comparisons are looked at within blocks: all votes are one block, or each prompt is one of its own, where a cycle says that
the people on that prompt contradict each other. A scale such as Bradley–Terry's cannot show a cycle; many strong ones say not
to trust it.

Where all n of a block have met without a draw, Kendall's coefficient of consistence is 1 - 24 d / (n³ - n) for n odd and
1 - 24 d / (n³ - 4n) for n even, with d cycles of three: 1 without any, 0 with as many as there can be.

M. G. Kendall and B. Babington Smith, "On the method of paired comparisons", Biometrika 31 (1940).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.bradley_terry import LEFT, RIGHT
from annotator.consensus.codes import Floats, Ints, checked_codes

LISTED_MAX = 10_000
PATHS_AT_ONCE = 4_000_000


class Cycles(NamedTuple):
    """The cycles of three, the clearest first, and counts per block."""

    block: Ints  # (listed,)
    generators: Ints  # (listed, 3): each beats the next, the last the first
    margin: Ints  # (listed,): by how many votes more the least clear of the three was won
    counts: Ints  # (blocks,): cycles of three, listed or not
    triads: Ints  # (blocks,): threes of which every two are decided, and so what `counts` is out of
    consistence: Floats  # (blocks,): Kendall's coefficient; NaN where not all have met and been decided


def find_cycles(
    left: ArrayLike,
    right: ArrayLike,
    winner: ArrayLike,
    *,
    n_generators: int,
    block: ArrayLike | None = None,
    n_blocks: int = 1,
    listed_max: int = LISTED_MAX,
) -> Cycles:
    """Cycles in votes, one per row: codes of shape (votes,), `winner` LEFT, RIGHT or TIE; without `block` all are in one.

    Raises:
        ValueError: codes out of range, or columns of different lengths.
    """
    won = np.asarray(winner, dtype=np.int64)
    limits = {"left": n_generators, "right": n_generators, "winner": 3, "block": n_blocks}
    block = np.zeros_like(won) if block is None else block
    on_left, on_right, won, of_block = checked_codes(limits, left=left, right=right, winner=won, block=block)
    met = np.unique(of_block * n_generators + on_left), np.unique(of_block * n_generators + on_right)
    node, members = np.union1d(*met), np.zeros(n_blocks, dtype=np.int64)
    members += np.bincount(node // max(n_generators, 1), minlength=n_blocks)
    tail, head, margin = _edges(
        np.searchsorted(node, of_block * n_generators + on_left),
        np.searchsorted(node, of_block * n_generators + on_right),
        won,
        len(node),
    )
    return _cycles(node % max(n_generators, 1), node // max(n_generators, 1), (tail, head, margin), members, listed_max)


def find_cycles_of_counts(wins: Ints, tied: Ints, *, listed_max: int = LISTED_MAX) -> Cycles:
    """The same from the wins [i, j], how often i was preferred to j, and the ties; all are in one block."""
    ahead = wins - wins.T
    tail, head = np.nonzero(ahead > 0)  # by the first, then by the second
    node = np.flatnonzero((wins + wins.T + tied).any(axis=1))
    edges = np.searchsorted(node, tail), np.searchsorted(node, head), ahead[tail, head]
    return _cycles(node, np.zeros(len(node), dtype=np.int64), edges, np.array([len(node)]), listed_max)


def _cycles(generator: Ints, at: Ints, edges: tuple[Ints, Ints, Ints], members: Ints, listed_max: int) -> Cycles:
    """Of nodes, each a generator in a block; edges go from who wins to who loses, with the margin; blocks have `members`."""
    tail, head, margin = edges
    found, paths = _triads(tail, head, len(at))
    cycles = _margins(found, tail, head, margin, len(at))
    counts = np.bincount(at[found[:, 0]], minlength=len(members))
    order = np.argsort(-cycles, kind="stable")[:listed_max]
    decided = np.bincount(at[tail], minlength=len(members))
    return Cycles(
        block=at[found[order, 0]],
        generators=generator[found[order]],
        margin=cycles[order],
        counts=counts,
        # A cycle holds three decided paths of two, another three holds one.
        triads=np.bincount(at, weights=paths, minlength=len(members)).astype(np.int64) - 2 * counts,
        consistence=np.where(decided == members * (members - 1) // 2, _consistence(members, counts), np.nan),
    )


def _edges(left: Ints, right: Ints, winner: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Who beats whom, and by how many votes, sorted by the first."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    sign = np.where(winner == LEFT, 1, np.where(winner == RIGHT, -1, 0)) * np.where(left < right, 1, -1)
    pair, kind = np.unique(low * size + high, return_inverse=True)
    balance = np.bincount(kind.reshape(-1), weights=sign, minlength=len(pair)).astype(np.int64)
    pair, balance = pair[balance != 0], balance[balance != 0]
    low, high = pair // max(size, 1), pair % max(size, 1)
    tail, head = np.where(balance > 0, low, high), np.where(balance > 0, high, low)
    order = np.lexsort([head, tail])
    return tail[order], head[order], np.abs(balance)[order]


def _triads(tail: Ints, head: Ints, size: int) -> tuple[Ints, Ints]:
    """The cycles of three, each once from its smallest node (cycles, 3), and the decided paths of two from each node (nodes,)."""
    out = np.bincount(tail, minlength=size)
    first = np.concatenate([[0], np.cumsum(out)])
    edge = tail * size + head
    onward = out[head]
    paths, found = np.zeros(size, dtype=np.int64), [np.zeros((0, 3), dtype=np.int64)]
    until = np.concatenate([[0], np.cumsum(onward)])
    start = 0
    while start < len(tail):
        stop = max(start + 1, int(np.searchsorted(until, until[start] + PATHS_AT_ONCE, side="right")) - 1)
        number = onward[start:stop]
        i, j = np.repeat(tail[start:stop], number), np.repeat(head[start:stop], number)
        k = head[np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + first[j]]
        is_closed, is_short = _has(edge, k * size + i), _has(edge, i * size + k)
        paths += np.bincount(i[is_closed | is_short], minlength=size)
        is_found = is_closed & (i < j) & (i < k)
        found.append(np.stack([i, j, k], axis=1)[is_found])
        start = stop
    return np.concatenate(found), paths


def _has(edges: Ints, wanted: Ints) -> np.ndarray:
    if not len(edges):
        return np.zeros(len(wanted), dtype=np.bool_)
    return edges[np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)] == wanted


def _margins(found: Ints, tail: Ints, head: Ints, margin: Ints, size: int) -> Ints:
    """Of each cycle, the smallest margin."""
    if not len(found):
        return np.zeros(0, dtype=np.int64)
    wanted = found * size + np.roll(found, -1, axis=1)
    return margin[np.searchsorted(tail * size + head, wanted)].min(axis=1)


def _consistence(members: Ints, cycles: Ints) -> Floats:
    n = members.astype(np.float64)
    most = np.where(members % 2 == 1, n**3 - n, n**3 - 4 * n)
    return np.divide(most - 24 * cycles, most, out=np.full(len(n), np.nan), where=members >= 3)
