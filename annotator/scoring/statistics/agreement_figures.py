"""The figures of agreement as functions of sums over pairs, so that samples of pairs are weighted sums."""

from __future__ import annotations

import numpy as np

from annotator.choices import Choice
from annotator.consensus.agreement import Level, alpha_of_sums, alpha_sums
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.majority import majority_of_counts
from annotator.scoring.statistics.load import CHOICES

# From one end to the other. Both ties are as far from either image.
ORDER = ([Choice.A], [Choice.BOTH_GOOD, Choice.BOTH_BAD], [Choice.B])
NOMINAL_SUMS, ORDINAL_SUMS = len(CHOICES) + 1, len(ORDER) * (len(ORDER) + 1) // 2


def sums_of(counts: Ints, is_full: Bools) -> Floats:
    """What each pair adds to the totals of `figures_of`, from its votes per choice; nothing, below two votes.

    Shares are of full pairs, because they depend on the number of votes.
    """
    ordered = np.stack([counts[:, [CHOICES.index(choice) for choice in same]].sum(axis=1) for same in ORDER], axis=1)
    majority = majority_of_counts(counts)
    has_two = counts.sum(axis=1) >= 2
    full = (is_full & has_two).astype(np.float64)
    logs = np.log2(majority.shares, out=np.zeros(majority.shares.shape), where=majority.shares > 0)
    of_pair = [
        np.where(has_two, majority.agreement, 0.0),
        has_two.astype(np.float64),
        full * (counts.max(axis=1, initial=0) == counts.sum(axis=1)),
        full * np.nan_to_num(majority.confidence),
        full * -np.nan_to_num(majority.shares * logs).sum(axis=1),
        full,
    ]
    return np.concatenate(
        [alpha_sums(counts, Level.NOMINAL), alpha_sums(ordered, Level.ORDINAL), np.stack(of_pair, axis=1)], axis=1
    )


def figures_of(totals: Floats) -> Floats:
    """Alpha, ordinal alpha, how often two votes are the same, share of unanimous pairs, leading share, entropy."""
    nominal, ordinal, rest = np.split(totals, [NOMINAL_SUMS, NOMINAL_SUMS + ORDINAL_SUMS], axis=1)
    same, pairs, unanimous, leading, entropy, full = rest.T
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [same / pairs, unanimous / full, leading / full, entropy / full]
    alphas = [alpha_of_sums(nominal, len(CHOICES), Level.NOMINAL), alpha_of_sums(ordinal, len(ORDER), Level.ORDINAL)]
    return np.stack([*alphas, *means], axis=1)
