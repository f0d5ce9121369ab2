"""What the votes of a release amount to, pair by pair and question by question, by the campaign's method of consensus.

Everything is computed from the votes that are in the release, over all its splits, and over nothing else: whoever has the
votes config can compute it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.choices import ConsensusMethod
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.majority import NO_LABEL, majority_of_counts
from annotator.consensus.posterior import Prior
from annotator.releasing.dataset.columns import IMAGE_REFERENCE_TYPE
from annotator.releasing.dataset.configs import LABELLED_FIELDS, OF_PROMPT, pairs_layout
from annotator.scoring.confidence import Confidence, confidence_of
from annotator.scoring.labels import Fit, labels_by
from annotator.scoring.statistics.load import CHOICES, CampaignData


class QuestionLabels(NamedTuple):
    """On one question, of each pair of the campaign."""

    counts: Ints  # (pairs, choices)
    label: Ints  # a code of CHOICES, their number for a tie, or NO_LABEL
    confidence: Confidence  # how sure the label is, and the soft label by the majority
    prior: Prior  # that confidence rests on, fitted to the votes of the release
    posterior: Floats | None = None  # (pairs, choices): the soft label by another method, NaN without votes
    fit: Fit | None = None  # how a method that needs all votes came to them; None: by majority


def labels_of(data: CampaignData, method: str) -> list[QuestionLabels]:
    """One per question."""
    if method != ConsensusMethod.MAJORITY:
        return [_by(method, data, place) for place in range(len(data.questions))]
    return [_by_majority(data, place) for place in range(len(data.questions))]


def _by_majority(data: CampaignData, place: int) -> QuestionLabels:
    counts, asked = data.counts[place], data.questions[place][1]
    prior, label = data.priors[place], majority_of_counts(counts).label
    return QuestionLabels(counts, label, confidence_of(prior, counts, label, asked), prior)


def _by(method: str, data: CampaignData, place: int) -> QuestionLabels:
    votes, counts = data.votes.where(data.is_counted(place)), data.counts[place]
    found = labels_by(method, votes.pair, votes.member, votes.choice, asked=data.questions[place][1])
    if found.fit.method == ConsensusMethod.MAJORITY:  # `auto` chose it
        return _by_majority(data, place)._replace(fit=found.fit)
    label, posterior = np.full(len(data.pairs), NO_LABEL), np.full((len(data.pairs), len(CHOICES)), np.nan)
    label[found.pair], posterior[found.pair] = found.label, found.posterior
    asked = data.questions[place][1]
    prior = data.priors[place]
    return QuestionLabels(counts, label, confidence_of(prior, counts, label, asked), prior, posterior, found.fit)


class Labeler:
    """Adds to pairs what their counted votes amount to."""

    def __init__(self, data: CampaignData, labels: Sequence[QuestionLabels], secondary_questions: Sequence[str]) -> None:
        self.pair_ids = data.pairs.id
        first = data.first_counts[0].sum(axis=1) if data.questions else np.zeros(len(data.pairs), dtype=np.int64)
        self.marks = {"n_first": pa.array(first), "stopped_early": pa.array(data.stopped_early), **cast_by(data)}
        self.labels = dict(zip(["", *(f"_{slug}" for slug in secondary_questions)], labels, strict=True))
        layout = pairs_layout(secondary_questions)
        self.of_prompt = [f"{name}{suffix}" for suffix in self.labels for name in OF_PROMPT]
        fields = [*LABELLED_FIELDS, *((name, pa.int64()) for name in self.of_prompt), ("split", pa.int64())]
        self.schema = pa.schema([*layout.staged_schema, *(pa.field(*each) for each in fields)])

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The columns of the pairs config with references in place of the images, LABELLED_FIELDS, and the index of the split.
        How many of a prompt's pairs are decided is known when all have been judged; until then it is null."""
        columns = {name: batch[name] for name in batch.schema.names}
        rows = np.searchsorted(self.pair_ids, batch["pair_id"].to_numpy())
        columns |= {name: of_pair.take(pa.array(rows)) for name, of_pair in self.marks.items()}
        for suffix, labels in self.labels.items():
            columns |= {f"{name}{suffix}": column for name, column in columns_of(labels, rows).items()}
        for slot in ("a", "b"):
            references = [batch[f"{name}_{slot}"] for name in ("sha256", "format", "size")]
            is_gone = pc.fill_null(pc.match_substring(batch["taken_down"], slot), False)
            columns[f"image_{slot}"] = pa.StructArray.from_arrays(references, fields=list(IMAGE_REFERENCE_TYPE), mask=is_gone)
        columns |= {name: pa.nulls(batch.num_rows, pa.int64()) for name in self.of_prompt}
        return pa.RecordBatch.from_arrays([pc.cast(columns[field.name], field.type) for field in self.schema], schema=self.schema)


def cast_by(data: CampaignData) -> dict[str, pa.Array]:
    """Of each pair, when its last counted vote was cast, and a number for who cast them, where it was one person."""
    pairs, counted = (
        len(data.pairs),
        data.counted if data.questions else data.votes.where(np.zeros(len(data.votes), dtype=np.bool_)),
    )
    last, least, most = np.zeros(pairs, np.int64), np.full(pairs, len(data.members)), np.full(pairs, -1)
    np.maximum.at(last, counted.pair, counted.at.astype(np.int64))
    np.minimum.at(least, counted.pair, counted.member)
    np.maximum.at(most, counted.pair, counted.member)
    numbers = np.array([int(hashlib.sha256(name.encode()).hexdigest()[:15], 16) for name in [*data.members, ""]])
    return {
        "last_vote_at": pa.array(last * 1_000_000_000, pa.timestamp("ns"), mask=last == 0),
        "sole_annotator": pa.array(numbers[np.maximum(most, 0)], mask=(least != most)),
    }


def columns_of(labels: QuestionLabels, rows: Ints) -> dict[str, pa.Array]:
    """The columns of a question, of some pairs. Null where a number would need votes that are not there."""
    counts, label = labels.counts[rows], labels.label[rows]
    majority = majority_of_counts(counts)
    soft = (labels.confidence.p if labels.posterior is None else labels.posterior)[rows]
    return {
        "n_votes": pa.array(counts.sum(axis=1)),
        **{f"n_{choice}": pa.array(counts[:, code]) for code, choice in enumerate(CHOICES)},
        **{f"p_{choice}": pa.array(soft[:, code], from_pandas=True) for code, choice in enumerate(CHOICES)},
        "label": pa.array(label, mask=label == NO_LABEL),
        "share": pa.array(labels.confidence.share[rows], from_pandas=True),
        "confidence": pa.array(labels.confidence.confidence[rows], from_pandas=True),
        "agreement": pa.array(majority.agreement, from_pandas=True),
    }
