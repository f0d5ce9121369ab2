"""What the votes of a release amount to, pair by pair and question by question, by the campaign's method of consensus.

Everything is computed from the votes that are in the release, over all its splits, and over nothing else: whoever has the
votes config can compute it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import Choice, ConsensusMethod
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.dawid_skene import dawid_skene, most_probable
from annotator.consensus.majority import NO_LABEL, majority_of_counts
from annotator.releasing.dataset.configs import IMAGE_REFERENCE_TYPE, JUDGED_FIELDS, pairs_layout
from annotator.releasing.dataset.snapshot import Snapshot, count_name
from annotator.scoring.consensus_writer import SMOOTHING

# Of probabilities: two machines may differ in the last places of an exponential, and the bytes must not.
DECIMALS = 9


class Probabilities(NamedTuple):
    """Per pair: its soft label, its label, and the probability of the leading choice."""

    shares: Floats
    label: Ints
    confidence: Floats


# From the ids of pairs and the votes on each of them by choice.
Method = Callable[[Ints, Ints], Probabilities]


def by_majority(_: Ints, counts: Ints) -> Probabilities:
    verdict = majority_of_counts(counts)
    return Probabilities(verdict.shares, verdict.label, verdict.confidence)


def by_dawid_skene(snapshot: Snapshot, question_id: int) -> Method:
    """Learns the habits of the annotators from all counted votes on the question, before the first pair is judged."""
    pair, member, choice = snapshot.counted(question_id)
    if not len(pair):
        return by_majority
    pair_ids, task = np.unique(pair, return_inverse=True)
    member_ids, annotator = np.unique(member, return_inverse=True)
    result = dawid_skene(
        task,
        annotator,
        choice,
        n_tasks=len(pair_ids),
        n_annotators=len(member_ids),
        n_choices=len(Choice.values),
        smoothing=SMOOTHING,
    )
    posterior = np.vstack([result.posterior.round(DECIMALS), np.full(len(Choice.values), np.nan)])  # the last: not voted on
    label, confidence = most_probable(posterior)

    def probabilities(ids: Ints, _: Ints) -> Probabilities:
        place = np.searchsorted(pair_ids, ids)
        place[np.take(pair_ids, place, mode="clip") != ids] = len(pair_ids)
        return Probabilities(posterior[place], label[place], confidence[place])

    return probabilities


def methods_of(snapshot: Snapshot) -> list[Method]:
    """One per question."""
    if snapshot.campaign["consensus_method"] == ConsensusMethod.DAWID_SKENE:
        return [by_dawid_skene(snapshot, question["id"]) for question in snapshot.questions]
    return [by_majority for _ in snapshot.questions]


class Judge:
    """Adds to pairs with counted votes what these amount to."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.suffixes = ["", *(f"_{slug}" for slug in snapshot.secondary_questions)]
        self.methods = methods_of(snapshot)
        layout = pairs_layout(snapshot.secondary_questions)
        self.schema = pa.schema([*layout.staged_schema, *(pa.field(*each) for each in JUDGED_FIELDS), ("split", pa.int64())])

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The columns of the pairs config with references in place of the images, JUDGED_FIELDS, and the index of the split.
        How many of a prompt's pairs are decided is known when all have been judged; until then it is null."""
        columns = {name: batch[name] for name in batch.schema.names}
        for place, (suffix, method) in enumerate(zip(self.suffixes, self.methods, strict=True)):
            columns |= verdict_of(batch, place, suffix, method)
        for slot in ("a", "b"):
            references = [batch[f"{name}_{slot}"] for name in ("sha256", "format", "size")]
            columns[f"image_{slot}"] = pa.StructArray.from_arrays(references, fields=list(IMAGE_REFERENCE_TYPE))
        columns["decided_of_prompt"] = pa.nulls(batch.num_rows, pa.int64())
        return pa.RecordBatch.from_arrays([pc.cast(columns[field.name], field.type) for field in self.schema], schema=self.schema)


def verdict_of(batch: pa.RecordBatch, place: int, suffix: str, method: Method) -> dict[str, pa.Array]:
    """The columns of a question. Null where a number would need votes that are not there."""
    counts = np.column_stack([batch[count_name(place, choice)].to_numpy() for choice in Choice.values])
    said = method(batch["pair_id"].to_numpy(), counts)
    columns = {"n_votes": pa.array(counts.sum(axis=1))}
    columns |= {f"n_{choice}": batch[count_name(place, choice)] for choice in Choice.values}
    columns |= {f"p_{choice}": pa.array(said.shares[:, code], from_pandas=True) for code, choice in enumerate(Choice.values)}
    columns["label"] = pa.array(said.label, mask=said.label == NO_LABEL)
    columns["confidence"] = pa.array(said.confidence, from_pandas=True)
    columns["agreement"] = pa.array(majority_of_counts(counts).agreement, from_pandas=True)
    return {f"{name}{suffix}": column for name, column in columns.items()}
