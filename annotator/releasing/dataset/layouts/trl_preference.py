"""TRL's conversational preference data with images: what a judge of two images should answer, and what not.

The preference is over texts, and the images are in the prompt. Read by TRL's DPO and reward trainers for vision models, with the
features of `trl-lib/rlaif-v`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import IMAGE, IMAGE_REFERENCE_TYPE, Column, Feature, value
from annotator.releasing.dataset.layout import Layout, staged_rows
from annotator.releasing.dataset.pair_rows import decided, first_and_second, won_and_lost

MESSAGES: Feature = [{"content": [{"text": value("string"), "type": value("string")}], "role": value("string")}]
TASK = "Which of these two images would most people prefer for the prompt below? Answer with Image 1 or Image 2.\n\nPrompt: "
PICTURE = {"text": None, "type": "image"}
ANSWERS = ("Image 1", "Image 2")


def said(role: str, *content: dict[str, str | None]) -> list[dict[str, object]]:
    return [{"content": list(content), "role": role}]


def text(words: str) -> dict[str, str | None]:
    return {"text": words, "type": "text"}


def trl_preference_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    rows = decided(labelled)
    first, second = first_and_second(rows)
    won, _ = won_and_lost(rows)
    first_won = pc.equal(won("sha256"), first("sha256")).to_pylist()
    kinds = {column.name: column.arrow_type for column in TRL_PREFERENCE.columns}
    answers = [
        (said("assistant", text(ANSWERS[not is_first])), said("assistant", text(ANSWERS[is_first]))) for is_first in first_won
    ]
    prompts = [said("user", PICTURE, PICTURE, text(TASK + prompt)) for prompt in rows["prompt"].to_pylist()]
    both = pa.concat_arrays([first("image"), second("image")]).take(
        pa.array(np.arange(2 * rows.num_rows).reshape(2, rows.num_rows).T.ravel())
    )
    offsets = pa.array(np.arange(rows.num_rows + 1, dtype=np.int32) * 2)
    columns = {
        "id": rows["pair_id"],
        "confidence": rows["confidence"],
        "prompt": pa.array(prompts, kinds["prompt"]),
        "chosen": pa.array([chosen for chosen, _ in answers], kinds["chosen"]),
        "rejected": pa.array([rejected for _, rejected in answers], kinds["rejected"]),
        "images": pa.ListArray.from_arrays(offsets, both, type=pa.list_(IMAGE_REFERENCE_TYPE)),
    }
    return staged_rows(TRL_PREFERENCE, columns)


TRL_PREFERENCE = Layout(
    config="trl_preference",
    row_is="a pair with a winner, as TRL's trainers read what a judge of two images should answer",
    columns=(
        Column("id", value("int64"), "the `pair_id` of `pairs`"),
        Column("confidence", value("float64"), "probability that most of the population would prefer the winner"),
        Column("prompt", MESSAGES, "the two images and the question, with the prompt they were generated from"),
        Column("chosen", MESSAGES, "the answer that names the winner"),
        Column("rejected", MESSAGES, "the answer that names the other image"),
        Column("images", [IMAGE], "the two images; which comes first was drawn by their hashes"),
    ),
    rows=trl_preference_rows,
    leaves_out="undecided",
)
