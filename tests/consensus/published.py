"""Published tables, small enough to be here, and what is known of them."""

from __future__ import annotations

import numpy as np

# Dawid and Skene 1979, table 1: 45 patients, whom observer 1 rated three times and observers 2 to 5 once; classes 1 to 4.
# fmt: off
PATIENTS = (
    "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223",
    "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111", "1111111", "1111111",
    "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222",
    "1111111", "1111111", "1121121", "1111111", "3333233", "1111111", "2222222", "2223232", "4334343",
    "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
)
# fmt: on
OBSERVERS = (0, 0, 0, 1, 2, 3, 4)

# Krippendorff's example of four observers and twelve units, a row per observer; nominal alpha is 904 / 1216 = 0.743.
UNITS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")

# Baseball of 1987 in the American League's eastern division: wins of the row's team over the column's. Agresti, Categorical Data
# Analysis, "Bradley–Terry model for paired preferences".
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)
ABOVE_BALTIMORE = (1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0)


def patients() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Task, annotator and choice of the 315 ratings."""
    label = np.array([[int(mark) - 1 for mark in marks] for marks in PATIENTS])
    task, annotator = np.indices(label.shape)
    return task.ravel(), np.array(OBSERVERS)[annotator.ravel()], label.ravel()


def units() -> tuple[np.ndarray, np.ndarray]:
    """Task and choice of the 41 values."""
    cells = [(unit, int(mark) - 1) for row in UNITS for unit, mark in enumerate(row) if mark.isdigit()]
    return tuple(np.array(column) for column in zip(*cells, strict=True))
