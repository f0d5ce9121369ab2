"""What judged pairs become in the rows of many configs: who won, and which image comes first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import A_WON, B_WON


def has_winner(labelled: pa.RecordBatch) -> pa.BooleanArray:
    return pc.or_(pc.equal(labelled["label"], A_WON), pc.equal(labelled["label"], B_WON))


def decided(labelled: pa.RecordBatch) -> pa.RecordBatch:
    """The pairs of which one image won, that no manager holds, and of which both images are there."""
    return labelled.filter(pc.and_(has_winner(labelled), is_whole(labelled)))


def voted(labelled: pa.RecordBatch) -> pa.RecordBatch:
    """The pairs that have votes, that no manager holds, and of which both images are there."""
    return labelled.filter(pc.and_(pc.greater(labelled["n_votes"], 0), is_whole(labelled)))


def is_whole(labelled: pa.RecordBatch) -> pa.BooleanArray:
    return pc.and_(pc.invert(labelled["is_held"]), pc.is_null(labelled["taken_down"]))


def in_slots(rows: pa.RecordBatch, is_a: pa.BooleanArray) -> Callable[[str], pa.Array]:
    """Picks `name_a` where `is_a`, and `name_b` elsewhere."""
    return lambda name: pc.if_else(is_a, rows[f"{name}_a"], rows[f"{name}_b"])


def is_swapped(rows: pa.RecordBatch) -> pa.BooleanArray:
    """Whether image `b` comes first: drawn by the hashes of the two, so that the place says nothing of the winner, whatever
    decided which image was `a`, and is the same in every release."""
    odd = [
        pc.is_in(pc.utf8_slice_codeunits(rows[f"sha256_{slot}"], 63), value_set=pa.array(list("13579bdf"))) for slot in ("a", "b")
    ]
    return pc.xor(*odd)


def won_and_lost(rows: pa.RecordBatch) -> tuple[Callable[[str], pa.Array], Callable[[str], pa.Array]]:
    """Of decided pairs: what picks a column of the image that won, and of the other."""
    a_won = pc.equal(rows["label"], A_WON)
    return in_slots(rows, a_won), in_slots(rows, pc.invert(a_won))


def first_and_second(rows: pa.RecordBatch) -> tuple[Callable[[str], pa.Array], Callable[[str], pa.Array]]:
    """What picks a column of the image that comes first, and of the other."""
    stays = pc.invert(is_swapped(rows))
    return in_slots(rows, stays), in_slots(rows, pc.invert(stays))


def on_question(labelled: pa.RecordBatch, suffix: str) -> pa.RecordBatch:
    """The same pairs with what the votes on another question amount to in place of the primary one."""
    names = labelled.schema.names
    columns = [labelled[f"{name}{suffix}" if f"{name}{suffix}" in names else name] for name in names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def constant(value: object, rows: pa.RecordBatch, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), rows.num_rows)


def repeated(rows: pa.RecordBatch, times: pa.Array) -> tuple[pa.RecordBatch, np.ndarray]:
    """Each row as often as it says, and which of its repetitions each is, from 0."""
    counts = times.to_numpy(zero_copy_only=False)
    places = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows.take(pa.array(places)), nth
