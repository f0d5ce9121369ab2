"""When a pair has enough votes: the stopping rule of adaptive overlap.

A pair stops when its label is probable enough by the posterior of `posterior`: the probability that most of the population
would answer so, given its votes and how the population splits on all pairs so far. Nothing is assumed of how good a vote is:
that is fitted, and fitted again as votes come in. To look after every vote takes nothing from what the probability means
(W. Edwards, H. Lindman and L. J. Savage, "Bayesian statistical inference for psychological research", Psychological Review
70, 1963), as long as the prior is right; so the rule waits until `PAIRS_MIN` pairs have told something about agreement.

Whether it saves votes hangs on the population. Where most pairs are hard, hardly any can stop, and `expected_saving` says so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.count_vectors import count_vectors, log_orders
from annotator.consensus.posterior import Prior, posterior

ROUNDING = 1e-9
PAIRS_MIN = 50  # with two votes or more: before that, no pair stops early


class Saving(NamedTuple):
    """What the rule is expected to do on pairs like those that the prior was fitted to."""

    votes: float  # a pair, on average
    stopped: float  # share of pairs that stop before they have all their votes
    right_of_stopped: float  # share of their labels that most of the population would give; NaN where none stops
    accuracy: float  # the same of all pairs
    fixed_votes: float  # a pair, that a fixed overlap would take to be right as often
    saving: float  # share of those that the rule saves; 0 where it saves none


def is_decided(prior: Prior, counts: ArrayLike, *, votes_max: int, stop_confidence: float) -> Bools:
    """Whether each pair needs no further vote: it has `votes_max`, or its label is probable enough. Shape (pairs,).

    Args:
        prior: by `fit_prior`, from the votes of all pairs on the question.
        counts: votes per pair and choice, (pairs, choices of the prior).

    Raises:
        ValueError: not a column for each choice.
    """
    votes = np.asarray(counts)
    is_probable = posterior(prior, votes).confidence >= stop_confidence - ROUNDING
    has_votes = votes.sum(axis=1) > 0
    return np.asarray((is_probable & has_votes & knows_enough(prior)) | (votes.sum(axis=1) >= votes_max))


def knows_enough(prior: Prior) -> bool:
    """Whether enough pairs have told how people agree for others to stop early by it."""
    return prior.repeated >= PAIRS_MIN


def expected_saving(prior: Prior, *, votes_min: int, votes_max: int, stop_confidence: float) -> Saving:
    """What the rule does if pairs are as the prior has them: every way in which votes may fall, with its probability.

    Raises:
        ValueError: not 1 ≤ votes_min ≤ votes_max.
    """
    if not 1 <= votes_min <= votes_max:
        raise ValueError("votes_min must be at least 1, and votes_max no less")
    n_choices = len(prior.groups)
    fixed, ways = np.zeros(votes_max + 1), {(0,) * n_choices: 1.0}
    votes = stopped = right_of_stopped = accuracy = 0.0
    for n in range(1, votes_max + 1):
        vectors = count_vectors(n, n_choices)
        chance = _chance(prior, vectors)
        confidence = posterior(prior, vectors).confidence
        fixed[n] = float((chance * np.exp(log_orders(vectors))) @ confidence)
        reached = np.array([_ways_to(tuple(vector), ways) for vector in vectors.tolist()])
        ends = np.full(len(vectors), n == votes_max)
        if votes_min <= n < votes_max:
            ends = is_decided(prior, vectors, votes_max=votes_max, stop_confidence=stop_confidence)
            stopped += float((chance * reached)[ends].sum())
            right_of_stopped += float((chance * reached * confidence)[ends].sum())
        votes += n * float((chance * reached)[ends].sum())
        accuracy += float((chance * reached * confidence)[ends].sum())
        ways = dict(zip(map(tuple, vectors.tolist()), np.where(ends, 0.0, reached).tolist(), strict=True))
    fixed_votes = _votes_for(accuracy, fixed, votes_min)
    return Saving(
        votes=votes,
        stopped=stopped,
        right_of_stopped=right_of_stopped / stopped if stopped > 0 else float("nan"),
        accuracy=accuracy,
        fixed_votes=fixed_votes,
        saving=max(0.0, 1 - votes / fixed_votes),
    )


def _votes_for(accuracy: float, fixed: Floats, votes_min: int) -> float:
    """The fixed overlap that is right as often; between whole numbers, in proportion."""
    best = np.maximum.accumulate(fixed[votes_min:])
    if accuracy >= best[-1] - ROUNDING:
        return float(len(fixed) - 1)
    at = int(np.searchsorted(best, accuracy))
    if at == 0:
        return float(votes_min)
    return votes_min + at - 1 + float((accuracy - best[at - 1]) / (best[at] - best[at - 1]))


def _chance(prior: Prior, vectors: Ints) -> Floats:
    """Of votes in one order that come to each vector."""
    return np.asarray(np.exp(vectors @ np.log(prior.split).T) @ prior.weight)


def _ways_to(vector: tuple[int, ...], ways: dict[tuple[int, ...], float]) -> float:
    """In how many orders of votes the pair comes to this vector without having stopped."""
    before = ((*vector[:c], count - 1, *vector[c + 1 :]) for c, count in enumerate(vector) if count)
    return sum(ways.get(each, 0.0) for each in before)
