"""Careers of somebody with a known true share of hits, and how probable it is that a rule ever finds them: exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ANSWERS = 500


def found_by_then(
    true_share: float, is_found: Callable[[np.ndarray, np.ndarray], np.ndarray], *, answers: int = ANSWERS
) -> np.ndarray:
    """The probability of having been found by each answer, looked at after every single one.

    `is_found` says it of k hits among n answers, and the more hits, the less it is so.
    """
    n = np.arange(1, answers + 1)
    few, many = np.full(answers, -1), n.copy()  # found with so few, and not with so many
    while (many - few > 1).any():
        middle = (few + many) // 2
        found = is_found(np.maximum(middle, 0), n) & (middle >= 0)
        few, many = np.where(found, middle, few), np.where(found, many, np.maximum(middle, few + 1))
    going_on, by_then = np.array([1.0]), np.zeros(answers)
    for at, most in enumerate(few):
        going_on = np.append(going_on * (1 - true_share), 0) + np.append(0, going_on * true_share)
        by_then[at] = going_on[: most + 1].sum()
        going_on[: most + 1] = 0
    return by_then.cumsum()
