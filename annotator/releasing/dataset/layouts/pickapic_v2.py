"""The columns of Pick-a-Pic v2 in their order, as PickScore reads them, with ties as 0.5 and soft labels beside them.

PickScore's `limit_examples_per_prompt` drops `__index_level_0__`, so it has to be there.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import A_WON, BYTES, LABEL, Column, value
from annotator.releasing.dataset.layout import Layout, staged_rows
from annotator.releasing.dataset.pair_rows import constant, first_and_second, has_winner, is_swapped, voted


def address(reference: pa.StructArray) -> pa.Array:
    """What an image's file is called, as in the `path` of the images of other configs."""
    format = reference.field("format")
    extension = pc.if_else(pc.equal(format, "JPEG"), "jpg", pc.utf8_lower(format))
    return pc.binary_join_element_wise(reference.field("sha256"), extension, ".")


def pickapic_v2_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    rows = voted(labelled)
    first, second = first_and_second(rows)
    stays = pc.invert(is_swapped(rows))
    is_decided = has_winner(rows)
    first_won = pc.equal(stays, pc.equal(rows["label"], A_WON))
    label_0 = pc.if_else(is_decided, pc.cast(first_won, pa.float64()), 0.5)
    votes = pc.cast(rows["n_votes"], pa.float64())
    ties = pc.add(rows["n_both_good"], rows["n_both_bad"])
    share_of = {
        slot: pc.divide(pc.add(pc.cast(rows[f"n_{slot}"], pa.float64()), pc.multiply(0.5, pc.cast(ties, pa.float64()))), votes)
        for slot in ("a", "b")
    }
    soft_0 = pc.if_else(stays, share_of["a"], share_of["b"])
    best = pc.if_else(first_won, first("sha256"), second("sha256"))
    columns = {
        "are_different": is_decided,
        "best_image_uid": pc.if_else(is_decided, best, "tie"),
        "caption": rows["prompt"],
        "created_at": rows["last_vote_at"],
        "has_label": constant(True, rows, pa.bool_()),
        "image_0_uid": first("sha256"),
        "image_0_url": address(first("image")),
        "image_1_uid": second("sha256"),
        "image_1_url": address(second("image")),
        "label_0": label_0,
        "label_1": pc.subtract(1.0, label_0),
        "model_0": first("generator"),
        "model_1": second("generator"),
        "ranking_id": rows["pair_id"],
        "user_id": rows["sole_annotator"],
        "num_example_per_prompt": rows["voted_of_prompt"],
        "__index_level_0__": rows["pair_id"],
        "soft_label_0": soft_0,
        "soft_label_1": pc.subtract(1.0, soft_0),
        "consensus": pa.array(LABEL["names"], pa.string()).take(rows["label"]),
        "confidence": rows["confidence"],
        "jpg_0": first("image"),
        "jpg_1": second("image"),
    }
    return staged_rows(PICKAPIC_V2, columns)


PICKAPIC_V2 = Layout(
    config="pickapic_v2",
    row_is="a pair with votes, ties too, in the columns of Pick-a-Pic v2",
    columns=(
        Column("are_different", value("bool"), "whether one image won"),
        Column("best_image_uid", value("string"), "the uid of the image that won, or `tie`"),
        Column("caption", value("string"), "the text that both images were generated from"),
        Column("created_at", value("timestamp[ns]"), "when the last counted vote on the pair was cast, in UTC"),
        Column("has_label", value("bool"), "always true: pairs without votes are left out"),
        Column("image_0_uid", value("string"), "sha256 of `jpg_0` as imported"),
        Column("image_0_url", value("string"), "the name of its file, as in other configs; no web address is published"),
        Column("image_1_uid", value("string"), "sha256 of `jpg_1` as imported"),
        Column("image_1_url", value("string"), "the name of its file"),
        Column("label_0", value("float64"), "1 if `jpg_0` won, 0 if `jpg_1` did, 0.5 for a tie"),
        Column("label_1", value("float64"), "1 - `label_0`"),
        Column("model_0", value("string"), "the model that made `jpg_0`"),
        Column("model_1", value("string"), "the model that made `jpg_1`"),
        Column("ranking_id", value("int64"), "the `pair_id` of `pairs`"),
        Column("user_id", value("int64"), "who voted, where it was one person: the first digits of the sha256 of `annotator_id`"),
        Column("num_example_per_prompt", value("int64"), "number of rows with this prompt"),
        Column("__index_level_0__", value("int64"), "the `pair_id` again: PickScore drops this column"),
        Column("soft_label_0", value("float64"), "share of the votes for `jpg_0`, ties counted as half a vote for each"),
        Column("soft_label_1", value("float64"), "1 - `soft_label_0`"),
        Column("consensus", value("string"), "the label by the consensus method, which tells kinds of ties apart"),
        Column("confidence", value("float64"), "probability that the label is what most of the population would answer"),
        Column("jpg_0", BYTES, "the bytes of an image, JPEG, PNG or WebP; which comes first was drawn by the hashes of the two"),
        Column("jpg_1", BYTES, "the bytes of the other image"),
    ),
    rows=pickapic_v2_rows,
    leaves_out="unvoted",
)
