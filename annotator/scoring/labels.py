"""Labels by Dawid–Skene: the one place that runs it, for the consensus and for releases alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annotator.choices import Choice
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.dawid_skene import dawid_skene, most_probable
from annotator.consensus.majority import count_votes

CHOICES = list(Choice.values)
# Votes that every cell of an annotator's confusion matrix has beforehand. Without any, somebody's first votes would make them
# infallible or worthless; a tenth moves nothing that twenty votes say.
SMOOTHING = 0.1
# Of probabilities: two machines may differ in the last places of an exponential, and the bytes of a release must not.
DECIMALS = 9


class DawidSkeneLabels(NamedTuple):
    """One row per pair with votes, by `pair`."""

    pair: Ints
    counts: Ints  # (pairs, choices), by the codes of CHOICES
    posterior: Floats  # (pairs, choices)
    label: Ints  # a code of CHOICES, or their number for a tie
    confidence: Floats  # the probability of the leading choice


def dawid_skene_labels(pair: Ints, member: Ints, choice: Ints, *, asked: Sequence[str]) -> DawidSkeneLabels:
    """From the counted votes on a question, in any order: the same votes give the same labels, to the last bit.

    `choice` are codes of CHOICES, `asked` the choices that the question has.
    """
    codes = np.array([code for code, each in enumerate(CHOICES) if each in asked], dtype=np.int64)
    order = np.lexsort([choice, member, pair])
    order = order[np.isin(choice[order], codes)]
    pair_ids, task = np.unique(pair[order], return_inverse=True)
    member_ids, annotator = np.unique(member[order], return_inverse=True)
    result = dawid_skene(
        task,
        annotator,
        np.searchsorted(codes, choice[order]),
        n_tasks=len(pair_ids),
        n_annotators=len(member_ids),
        n_choices=len(codes),
        smoothing=SMOOTHING,
    )
    counts = count_votes(task, choice[order], n_tasks=len(pair_ids), n_choices=len(CHOICES))
    posterior = np.zeros(counts.shape)
    posterior[:, codes] = np.round(result.posterior, DECIMALS)
    label, confidence = most_probable(posterior)
    return DawidSkeneLabels(pair_ids, counts, posterior, label, confidence)
