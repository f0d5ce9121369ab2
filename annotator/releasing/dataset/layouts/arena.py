"""Battles of two models, as arena-rank and evalica read them: `model_a`, `model_b`, `winner`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import Choice
from annotator.releasing.dataset.columns import Column, value
from annotator.releasing.dataset.layout import Layout, staged_rows
from annotator.releasing.dataset.pair_rows import first_and_second, is_swapped, repeated

WINNERS = ("model_a", "model_b", "tie", "both_bad")


def arena_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    """Each counted vote of a pair of two known models is a battle, in the order of the choices."""
    are_two = pc.fill_null(pc.not_equal(labelled["generator_a"], labelled["generator_b"]), False)
    rows, nth = repeated(labelled.filter(are_two), labelled.filter(are_two)["n_votes"])
    counts = np.stack([rows[f"n_{choice}"].to_numpy(zero_copy_only=False) for choice in Choice.values], axis=1)
    choice = (nth[:, None] >= np.cumsum(counts, axis=1)).sum(axis=1)
    swapped = is_swapped(rows).to_numpy(zero_copy_only=False)
    winner = np.where((choice < 2) & swapped, 1 - choice, choice)
    first, second = first_and_second(rows)
    columns = {
        "question_id": rows["pair_id"],
        "model_a": first("generator"),
        "model_b": second("generator"),
        "winner": pa.array([WINNERS[code] for code in winner.tolist()], pa.string()),
        "prompt": rows["prompt"],
        "category": rows["category"],
        "language": rows["language"],
    }
    return staged_rows(ARENA, columns)


ARENA = Layout(
    config="arena",
    row_is="a counted vote, as a battle of the two models",
    columns=(
        Column("question_id", value("int64"), "the `pair_id` of `pairs`"),
        Column("model_a", value("string"), "a model; which of the two is `a` was drawn by the hashes of their images"),
        Column("model_b", value("string"), "the other model"),
        Column("winner", value("string"), "`model_a`, `model_b`, `tie` (both good) or `both_bad`"),
        Column("prompt", value("string"), "the text that both images were generated from"),
        Column("category", value("string"), "category of the prompt"),
        Column("language", value("string"), "language of the prompt, BCP 47"),
    ),
    rows=arena_rows,
    leaves_out="same_generator",
)
