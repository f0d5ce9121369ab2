"""How sure a label is: the posterior of a pair with the choices of Diptych, for the consensus, the stopping rule and releases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annotator.choices import Choice
from annotator.consensus.codes import Floats, Ints
from annotator.consensus.majority import NO_LABEL
from annotator.consensus.posterior import Prior, fit_prior, posterior

CHOICES = list(Choice.values)
# The images of a pair are put in their order at random, so neither is more likely to be preferred.
_GROUPS = {Choice.A: 0, Choice.B: 0, Choice.BOTH_GOOD: 1, Choice.BOTH_BAD: 2}
# Of probabilities: two machines may differ in the last places of an exponential, and the bytes of a release must not.
DECIMALS = 9
ROUNDING = 1e-9


class Confidence(NamedTuple):
    """One row per pair; NaN where it has no votes."""

    p: Floats  # (pairs, choices of CHOICES): the soft label
    confidence: Floats  # that the label is what most of the population would answer
    share: Floats  # of the votes on the label; of a tie, the largest


def fit_question(counts: Ints, asked: Sequence[str], *, frequency: Ints | None = None) -> Prior:
    """How the population splits on the pairs of a question, from the votes per pair and choice (pairs, choices of CHOICES).

    `asked` are the choices that the question has, `frequency` how many pairs have each row.
    """
    codes = _codes(asked)
    return fit_prior(np.asarray(counts)[:, codes], groups=[_GROUPS[Choice(CHOICES[code])] for code in codes], frequency=frequency)


def asked_counts(counts: Ints, asked: Sequence[str]) -> Ints:
    """The columns of the choices that the question has."""
    return np.asarray(counts)[:, _codes(asked)]


def confidence_of(prior: Prior, counts: Ints, label: Ints, asked: Sequence[str]) -> Confidence:
    """Of pairs with these counts (pairs, choices of CHOICES) and labels: codes of CHOICES, their number for a tie, or NO_LABEL.

    The label may be by any method. That of a tie is as probable as the most probable of the choices that lead.
    """
    counts, label = np.asarray(counts), np.asarray(label)
    found = posterior(prior, asked_counts(counts, asked))
    p, first = np.zeros(counts.shape), np.zeros(counts.shape)
    p[:, _codes(asked)], first[:, _codes(asked)] = found.p, found.first
    top, total = counts.max(axis=1, initial=0), counts.sum(axis=1)
    rows, is_choice = np.arange(len(counts)), (label >= 0) & (label < len(CHOICES))
    named = np.where(is_choice, label, 0)
    of_leaders = np.where(counts == top[:, None], first, 0.0).max(axis=1, initial=0.0)
    votes = np.where(is_choice, counts[rows, named], top)
    confidence = np.where(is_choice, first[rows, named], of_leaders)
    none = (total == 0) | (label == NO_LABEL)
    return Confidence(
        p=np.where(none[:, None], np.nan, np.round(p, DECIMALS)),
        confidence=np.where(none, np.nan, np.clip(np.round(confidence, DECIMALS), 0, 1)),
        share=np.where(none, np.nan, votes / np.maximum(total, 1)),
    )


def _codes(asked: Sequence[str]) -> list[int]:
    return [code for code, choice in enumerate(CHOICES) if choice in asked]
