"""What every method is given: whole numbers from 0 in place of names. Here are their types and their checks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CELLS_MAX = 100_000_000  # of one table of numbers: 800 MB


def checked_codes(limits: dict[str, int], **columns: ArrayLike) -> list[Ints]:
    """The columns as codes, one by one.

    Raises:
        ValueError: columns of different lengths, or a code outside of 0 … limit - 1.
    """
    arrays = {name: np.asarray(column, dtype=np.int64) for name, column in columns.items()}
    check_codes(limits, **arrays)
    return list(arrays.values())


def check_codes(limits: dict[str, int], **arrays: Ints) -> None:
    """Raises ValueError as `checked_codes` does, and makes no copies: for columns of millions."""
    if len({array.shape for array in arrays.values()}) > 1 or any(array.ndim != 1 for array in arrays.values()):
        raise ValueError(f"{', '.join(arrays)} must be columns of the same length")
    for name, codes in arrays.items():
        if codes.size and not (codes.min() >= 0 and codes.max() < limits[name]):
            raise ValueError(f"{name} codes must be from 0 to {limits[name] - 1}")


def check_cells(what: str, *shape: int) -> None:
    """Raises ValueError where a table would not fit into memory."""
    if np.prod([float(size) for size in shape]) > CELLS_MAX:
        raise ValueError(f"{' × '.join(f'{size:,}' for size in shape)} {what} are more than fit into memory")


def totals(codes: Ints, weights: Floats, size: int) -> Floats:
    """The sum of the weights of each code of 0 … size - 1."""
    sums: Floats = np.bincount(codes, weights=weights, minlength=size).astype(np.float64, copy=False)
    return sums


def sigmoid(x: Floats) -> Floats:
    return np.asarray(np.exp(log_sigmoid(x)))


def log_sigmoid(x: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0, -x))


def is_first_vote(*keys: ArrayLike) -> Bools:
    """Whether each vote is the first with its keys, such as task and annotator. Shape (votes,).

    The keys are codes. What comes first in the columns came first.
    """
    columns = [np.asarray(key, dtype=np.int64) for key in keys]
    if not columns[0].size:
        return np.zeros(0, dtype=np.bool_)
    order = np.lexsort(columns)  # stable: votes with the same keys stay in the order in which they came
    is_other = np.zeros(len(order), dtype=np.bool_)
    is_other[0] = True
    for column in columns:
        in_order = column[order]
        is_other[1:] |= in_order[1:] != in_order[:-1]
    is_first = np.empty(len(order), dtype=np.bool_)
    is_first[order] = is_other
    return is_first
