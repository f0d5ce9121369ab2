"""All ways in which n votes may fall on choices."""

from __future__ import annotations

import itertools

import numpy as np
import scipy

from annotator.consensus.codes import Floats, Ints, check_cells


def count_vectors(n: int, n_choices: int) -> Ints:
    """All counts of n votes on one choice or more, (vectors, choices), by stars and bars.

    Raises ValueError where there are more than fit into memory.
    """
    number = float(np.exp(scipy.special.gammaln(n + n_choices) - scipy.special.gammaln(n + 1) - scipy.special.gammaln(n_choices)))
    check_cells("counts", int(number), n_choices)
    found = list(itertools.combinations(range(n + n_choices - 1), n_choices - 1))
    bars = np.array(found, dtype=np.int64).reshape(len(found), n_choices - 1)
    first, last = np.full((len(bars), 1), -1), np.full((len(bars), 1), n + n_choices - 1)
    return np.asarray(np.diff(np.hstack([first, bars, last]), axis=1) - 1)


def log_orders(vectors: Ints) -> Floats:
    """The logarithm of how many orders of votes give each row of counts: the multinomial coefficient."""
    return np.asarray(scipy.special.gammaln(vectors.sum(axis=1) + 1) - scipy.special.gammaln(vectors + 1).sum(axis=1))
