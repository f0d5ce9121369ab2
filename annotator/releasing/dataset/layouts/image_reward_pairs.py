"""The pairs of ImageRewardDB, with the features of its `*_pair` configs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import IMAGE, Column, value
from annotator.releasing.dataset.layout import Layout, staged_rows
from annotator.releasing.dataset.pair_rows import decided, won_and_lost


def image_reward_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    rows = decided(labelled)
    better, worse = won_and_lost(rows)
    columns = {
        "prompt_id": pc.cast(rows["prompt_id"], pa.string()),
        "prompt": rows["prompt"],
        "classification": rows["category"],
        "pair_id": rows["pair_id"],
        "confidence": rows["confidence"],
        "img_better": better("image"),
        "img_worse": worse("image"),
    }
    return staged_rows(IMAGE_REWARD_PAIRS, columns)


IMAGE_REWARD_PAIRS = Layout(
    config="image_reward_pairs",
    row_is="a pair with a winner, in the columns of ImageRewardDB's pairs",
    columns=(
        Column("prompt_id", value("string"), "the prompt, as in `pairs`"),
        Column("prompt", value("string"), "the text that both images were generated from"),
        Column("classification", value("string"), "category of the prompt"),
        Column("pair_id", value("int64"), "the pair, as in `pairs`"),
        Column("confidence", value("float64"), "probability that most of the population would prefer the better image"),
        Column("img_better", IMAGE, "the image that won"),
        Column("img_worse", IMAGE, "the image that lost"),
    ),
    rows=image_reward_rows,
    leaves_out="undecided",
)
