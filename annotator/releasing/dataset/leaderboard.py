"""The leaderboard: a score per generator by Bradley–Terry, from the votes that make the labels of the primary question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from annotator.choices import Choice
from annotator.consensus.bradley_terry import NotConnected, bradley_terry_of_counts
from annotator.consensus.codes import Ints
from annotator.releasing.dataset.configs import LEADERBOARD

DECIMALS = 6  # of scores: more would hang on the machine that computed them
A, B, BOTH_GOOD, BOTH_BAD = range(len(Choice.values))


def standings(met: Mapping[tuple[str, str], Ints]) -> tuple[list[dict[str, Any]], str]:
    """The rows of the leaderboard, the best first; where there can be none, why, as the end of a sentence.

    `met` has the votes by choice for each two generators, those of images a and b. Both good and both bad are ties.
    """
    names = sorted({name for makers, votes in met.items() if votes.sum() for name in makers})
    if not names:
        return [], "no votes were cast on images of two different generators"
    place = {name: code for code, name in enumerate(names)}
    wins, tied = np.zeros((2, len(names), len(names)), dtype=np.int64)
    for (maker_a, maker_b), votes in met.items():
        if votes.sum():
            a, b = place[maker_a], place[maker_b]
            wins[a, b] += votes[A]
            wins[b, a] += votes[B]
            tied[a, b] += votes[BOTH_GOOD] + votes[BOTH_BAD]
            tied[b, a] += votes[BOTH_GOOD] + votes[BOTH_BAD]
    try:
        result = bradley_terry_of_counts(wins, tied, names=names)
    except NotConnected as error:
        return [], str(error).partition(". ")[0]
    rows = [
        {
            "generator": name,
            **{key: round(float(getattr(result, key)[code]), DECIMALS) for key in ("score", "lower", "upper")},
            "n_comparisons": int(result.wins[code] + result.losses[code] + result.ties[code]),
            "n_wins": int(result.wins[code]),
            "n_ties": int(result.ties[code]),
        }
        for name, code in place.items()
    ]
    return sorted(rows, key=lambda row: (-row["score"], row["generator"])), ""


def leaderboard_table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=LEADERBOARD.schema)
