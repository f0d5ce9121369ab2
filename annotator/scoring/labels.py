"""Labels by the methods that look at all votes of a question at once, to know its annotators: Dawid–Skene, one-coin, MACE, or the
best of them. The one place that runs them, for the consensus and for releases alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from annotator.choices import Choice, ConsensusMethod, Label
from annotator.consensus import auto
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.dawid_skene import DawidSkene, dawid_skene, most_probable
from annotator.consensus.mace import Mace, mace
from annotator.consensus.majority import count_votes, majority_of_counts
from annotator.consensus.one_coin import OneCoin, one_coin

CHOICES = list(Choice.values)
LABELS = [*CHOICES, Label.TIE.value]  # by the codes of consensus.majority
# Votes that every cell of an annotator's confusion matrix has beforehand. Without any, somebody's first votes would make them
# infallible or worthless; a tenth moves nothing that twenty votes say.
SMOOTHING = 0.1
# Of probabilities: two machines may differ in the last places of an exponential, and the bytes of a release must not.
DECIMALS = 9

Result = DawidSkene | OneCoin | Mace


class Fit(NamedTuple):
    """How the labels of a question came about."""

    method: ConsensusMethod  # that made the labels: with `auto`, the one that it chose
    converged: bool
    iterations: int
    reason: str  # why `auto` chose it; empty for a method that was asked for
    held_out: dict[str, float | None]  # with `auto`, the mean log-likelihood of a held-out vote by each method


class CampaignLabels(NamedTuple):
    """One row per pair with votes, by `pair`."""

    pair: Ints
    counts: Ints  # (pairs, choices), by the codes of CHOICES
    posterior: Floats  # (pairs, choices); where `auto` chose the majority, the shares of the votes
    label: Ints  # a code of CHOICES, or their number for a tie
    confidence: Floats  # the probability of the leading choice
    fit: Fit


def labels_by(method: str, pair: Ints, member: Ints, choice: Ints, *, asked: Sequence[str]) -> CampaignLabels:
    """From the counted votes on a question, in any order: the same votes give the same labels, to the last bit.

    `choice` are codes of CHOICES, `asked` the choices that the question has. `method` is any but the majority, which needs no
    more than the counts of a pair.
    """
    codes = np.array([code for code, each in enumerate(CHOICES) if each in asked], dtype=np.int64)
    order = np.lexsort([choice, member, pair])
    order = order[np.isin(choice[order], codes)]
    pair_ids, task = np.unique(pair[order], return_inverse=True)
    member_ids, annotator = np.unique(member[order], return_inverse=True)
    given = np.searchsorted(codes, choice[order])
    votes = auto.Votes(task, annotator, given, len(pair_ids), len(member_ids), len(codes))
    counts = count_votes(task, choice[order], n_tasks=len(pair_ids), n_choices=len(CHOICES))

    asked_for, reason, held_out = ConsensusMethod(method), "", dict[str, float | None]()
    if asked_for == ConsensusMethod.AUTO:
        selection = auto.choose(votes.task, votes.annotator, votes.choice, **votes.sizes, smoothing=SMOOTHING)
        asked_for, reason = ConsensusMethod(selection.method), selection.reason
        likelihoods = {name: row.log_likelihood for name, row in selection.held_out.items()}
        held_out = {name: None if np.isnan(mean) else round(mean, 6) for name, mean in likelihoods.items()}
    if asked_for == ConsensusMethod.MAJORITY:
        majority = majority_of_counts(counts)
        fit = Fit(asked_for, converged=True, iterations=0, reason=reason, held_out=held_out)
        return CampaignLabels(pair_ids, counts, majority.shares, majority.label, majority.confidence, fit)
    result = _METHODS[asked_for](votes)
    posterior = np.zeros(counts.shape)
    posterior[:, codes] = np.round(result.posterior, DECIMALS)
    label, confidence = most_probable(posterior)
    fit = Fit(asked_for, result.converged, result.iterations, reason, held_out)
    return CampaignLabels(pair_ids, counts, posterior, label, confidence, fit)


def _dawid_skene(votes: auto.Votes) -> Result:
    return dawid_skene(votes.task, votes.annotator, votes.choice, **votes.sizes, smoothing=SMOOTHING)


def _one_coin(votes: auto.Votes) -> Result:
    return one_coin(votes.task, votes.annotator, votes.choice, **votes.sizes, smoothing=SMOOTHING)


def _mace(votes: auto.Votes) -> Result:
    return mace(votes.task, votes.annotator, votes.choice, **votes.sizes)


_METHODS: dict[ConsensusMethod, Callable[[auto.Votes], Result]] = {
    ConsensusMethod.DAWID_SKENE: _dawid_skene,
    ConsensusMethod.ONE_COIN: _one_coin,
    ConsensusMethod.MACE: _mace,
}
