"""What a release holds: its configs, their columns, and how a judged pair becomes a row of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import RELEASE_CONFIGS, USUAL_CONFIGS
from annotator.releasing.dataset.columns import A_WON, B_WON, BYTES, CHOICE, IMAGE, Column, value
from annotator.releasing.dataset.compact import IMAGES, PAIR_INFO, labels_layout
from annotator.releasing.dataset.layout import (
    DRAWN_COLUMNS,
    FIRST_VOTES_COLUMNS,
    IMAGE_KEYS,
    KEYS,
    PAIR_COLUMNS,
    Layout,
    image_keys,
    layout_on,
    staged_rows,
    verdict_columns,
)
from annotator.releasing.dataset.layouts import FOR_TRAINERS
from annotator.releasing.dataset.pair_rows import decided, in_slots, is_swapped
from annotator.releasing.dataset.records import ADJUDICATIONS, ANNOTATORS, GOLD

# --- what a judged pair becomes


def binarized_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    rows = decided(labelled)
    chosen, rejected = (in_slots(rows, pc.equal(rows["label"], code)) for code in (A_WON, B_WON))
    columns = {
        "id": rows["pair_id"],
        "prompt": rows["prompt"],
        "chosen_model": chosen("generator"),
        "rejected_model": rejected("generator"),
        "category": rows["category"],
        "confidence": rows["confidence"],
        "evolution": rows["evolution"],
        "sub_category": rows["sub_category"],
        **{name: rows[name] for name in KEYS},
        **{f"chosen_{name}": chosen(name) for name in IMAGE_KEYS},
        **{f"rejected_{name}": rejected(name) for name in IMAGE_KEYS},
        "chosen": chosen("image"),
        "rejected": rejected("image"),
    }
    return staged_rows(BINARIZED, columns)


def diffusion_dpo_rows(labelled: pa.RecordBatch) -> pa.RecordBatch:
    rows = decided(labelled)
    stays = pc.invert(is_swapped(rows))
    first, second = in_slots(rows, stays), in_slots(rows, pc.invert(stays))
    first_won = pc.equal(stays, pc.equal(rows["label"], A_WON))
    yes = pa.array(np.ones(rows.num_rows, dtype=np.bool_))
    columns = {
        "ranking_id": rows["pair_id"],
        "caption": rows["prompt"],
        "label_0": pc.cast(first_won, pa.float64()),
        "label_1": pc.cast(pc.invert(first_won), pa.float64()),
        "are_different": yes,
        "has_label": yes,
        "model_0": first("generator"),
        "model_1": second("generator"),
        "image_0_uid": first("sha256"),
        "image_1_uid": second("sha256"),
        "best_image_uid": pc.if_else(first_won, first("sha256"), second("sha256")),
        "num_example_per_prompt": rows["decided_of_prompt"],
        "confidence": rows["confidence"],
        **{name: rows[name] for name in KEYS},
        **{f"{name}_0": first(name) for name in IMAGE_KEYS},
        **{f"{name}_1": second(name) for name in IMAGE_KEYS},
        "jpg_0": first("image"),
        "jpg_1": second("image"),
    }
    return staged_rows(DIFFUSION_DPO, columns)


# --- the configs


VOTES = Layout(
    config="votes",
    row_is="a vote of a person, including voided votes",
    columns=(
        Column("vote_id", value("int64"), "the vote"),
        Column("pair_id", value("int64"), "the pair, as in `pairs`"),
        Column("question", value("string"), "short name of the question"),
        Column("annotator_id", value("string"), "a pseudonym, different in each campaign"),
        Column("choice", CHOICE, "the answer; `a` and `b` are the images of the pair, on either side"),
        Column("a_on_left", value("bool"), "whether image `a` was shown on the left"),
        Column("kind", value("string"), "`regular`, `training`, `gold` or `repeat`; only regular votes are used for labels"),
        Column("elapsed_ms", value("int32"), "milliseconds from showing both images to the answer, measured by the client"),
        Column("conditions", value("string"), "JSON: how the pair was seen and answered (input, sizes, zoom, folded prompt)"),
        Column("guideline_version", value("int32"), "version of the guideline that was shown"),
        Column("created_at", value("timestamp[us, tz=UTC]"), "when it was cast"),
        Column("void_reason", value("string"), "null for a counted vote, else why it is void"),
        Column(
            "is_first",
            value("bool"),
            "whether it is among the first counted votes on its pair and question: agreement is measured on these",
        ),
        KEYS["external_id"],
        KEYS["metadata"],
        Column("comment", value("string"), "what the annotator wrote with the answer; it is with the first vote of an answer"),
    ),
)

# As VOTES, without what only votes that make labels have.
MACHINE_VOTES = Layout(
    config="machine_votes",
    row_is="a vote of a machine annotator. None of them is used for labels",
    columns=tuple(column for column in VOTES.columns if column.name != "is_first"),
)

RECORDS = (MACHINE_VOTES, ANNOTATORS, ADJUDICATIONS, GOLD)


def pairs_layout(secondary_questions: Sequence[str] = ()) -> Layout:
    """Every pair, judged or not. Each question after the first has columns of its own: `secondary_questions` are their slugs."""
    columns = (
        *PAIR_COLUMNS,
        *verdict_columns(),
        *FIRST_VOTES_COLUMNS,
        *DRAWN_COLUMNS,
        *(column for slug in secondary_questions for column in verdict_columns(f"_{slug}", f"the question `{slug}`")),
        *KEYS.values(),
        *(column for slot in ("a", "b") for column in image_keys(f"{{}}_{slot}", f"image `{slot}`")),
        Column("image_a", IMAGE, "the image in slot `a`; slots were assigned at random at import"),
        Column("image_b", IMAGE, "the image in slot `b`"),
    )
    names = [column.name for column in columns]
    return Layout(config="pairs", row_is="a pair, judged or not", columns=columns, rows=lambda labelled: labelled.select(names))


PAIRS = pairs_layout()

BINARIZED = Layout(
    config="binarized",
    row_is="a pair with a winner",
    columns=(
        Column("id", value("int64"), "the `pair_id` of `pairs`"),
        Column("prompt", value("string"), "the text that both images were generated from"),
        Column("chosen_model", value("string"), "the model that made the chosen image"),
        Column("rejected_model", value("string"), "the model that made the rejected image"),
        Column("category", value("string"), "category of the prompt"),
        Column("confidence", value("float64"), "probability that most of the population would prefer the chosen image"),
        Column("evolution", value("string"), "`evolution` in your `metadata` of the pair or the prompt"),
        Column("sub_category", value("string"), "`sub_category` in your `metadata` of the pair or the prompt"),
        *KEYS.values(),
        *(column for which in ("chosen", "rejected") for column in image_keys(f"{which}_{{}}", f"the {which} image")),
        Column("chosen", IMAGE, "the image that won"),
        Column("rejected", IMAGE, "the image that lost"),
    ),
    rows=binarized_rows,
    leaves_out="undecided",
)

DIFFUSION_DPO = Layout(
    config="diffusion_dpo",
    row_is="a pair with a winner, in the columns of Pick-a-Pic, as read by Diffusion-DPO scripts",
    columns=(
        Column("ranking_id", value("int64"), "the `pair_id` of `pairs`"),
        Column("caption", value("string"), "the text that both images were generated from"),
        Column("label_0", value("float64"), "1 if `jpg_0` won, else 0; there are no ties"),
        Column("label_1", value("float64"), "1 if `jpg_1` won, else 0"),
        Column("are_different", value("bool"), "always true: pairs without a winner are left out"),
        Column("has_label", value("bool"), "always true"),
        Column("model_0", value("string"), "the model that made `jpg_0`"),
        Column("model_1", value("string"), "the model that made `jpg_1`"),
        Column("image_0_uid", value("string"), "sha256 of `jpg_0` as imported"),
        Column("image_1_uid", value("string"), "sha256 of `jpg_1` as imported"),
        Column("best_image_uid", value("string"), "the uid of the image that won"),
        Column("num_example_per_prompt", value("int64"), "number of rows with this caption"),
        Column("confidence", value("float64"), "probability that most of the population would prefer the winner"),
        *KEYS.values(),
        *(column for place in (0, 1) for column in image_keys(f"{{}}_{place}", f"`jpg_{place}`")),
        Column("jpg_0", BYTES, "the bytes of an image, JPEG, PNG or WebP; the order of the two depends on their hashes"),
        Column("jpg_1", BYTES, "the bytes of the other image"),
    ),
    rows=diffusion_dpo_rows,
    leaves_out="undecided",
)

BY_QUESTION = (BINARIZED, DIFFUSION_DPO, *FOR_TRAINERS)

LEADERBOARD = Layout(
    config="leaderboard",
    row_is="a generator",
    columns=(
        Column("generator", value("string"), "the model that made the images"),
        Column("score", value("float64"), "Bradley–Terry score; 1 higher means about 7.3 wins of ten; the scores sum to 0"),
        Column("lower", value("float64"), "lower end of the 95 % interval of the score"),
        Column("upper", value("float64"), "upper end of the interval"),
        Column("rank_lower", value("int64"), "best rank it may have; right for all generators at once with 95 % confidence"),
        Column("rank_upper", value("int64"), "worst rank it may have"),
        Column("p_first", value("float64"), "probability to have the highest score"),
        Column("n_comparisons", value("int64"), "votes on pairs with one of its images and one of another generator"),
        Column("n_wins", value("int64"), "votes for its image"),
        Column("n_ties", value("int64"), "votes for both or neither"),
    ),
)

LEADERBOARDS = Layout(
    config="leaderboards",
    row_is="a generator on one question and in one category",
    columns=(
        Column("question", value("string"), "the slug of the question"),
        Column("category", value("string"), "the category of the prompts; null: all prompts"),
        *LEADERBOARD.columns,
    ),
)

# Beside the columns of `pairs`, a batch of judged pairs has:
LABELLED_FIELDS = (
    ("is_held", pa.bool_()),
    ("evolution", pa.string()),
    ("sub_category", pa.string()),
    ("last_vote_at", pa.timestamp("ns")),
    ("sole_annotator", pa.int64()),
)
# … and for each question how many pairs of the prompt have a winner, and how many have votes.
OF_PROMPT = ("decided_of_prompt", "voted_of_prompt")

# In every release, beside the chosen ones: from the votes each label can be computed again, and no record is left out.
ALWAYS = (LEADERBOARD.config, LEADERBOARDS.config, VOTES.config, *(layout.config for layout in RECORDS))


def layouts_for(secondary_questions: Sequence[str] = (), configs: Sequence[str] = ()) -> tuple[Layout, ...]:
    """The configs of a campaign whose questions after the first have these slugs, in the order of the card. `configs` are those
    that were chosen beside ALWAYS; none: the usual ones. What goes by one question is there for each, if it was chosen.

    The data files of the first are listed by every client, whichever it asks for. It is the default.
    """
    known = (
        pairs_layout(secondary_questions),
        *(layout for each in BY_QUESTION for layout in (each, *(layout_on(each, slug) for slug in secondary_questions))),
        PAIR_INFO,
        labels_layout(secondary_questions),
        IMAGES,
        LEADERBOARD,
        LEADERBOARDS,
        VOTES,
        *RECORDS,
    )
    wanted = {*(configs or USUAL_CONFIGS), *ALWAYS, *(f"{config}_{slug}" for config in configs for slug in secondary_questions)}
    return tuple(layout for layout in known if layout.config in wanted)


def layout_of(config: str, secondary_questions: Sequence[str] = ()) -> Layout:
    return next(layout for layout in layouts_for(secondary_questions, RELEASE_CONFIGS) if layout.config == config)
