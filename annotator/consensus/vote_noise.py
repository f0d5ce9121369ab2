"""Annotators whose votes say less than those of others: answers by chance, and by side.

With x the split of a pair (`posterior`), annotator j gives choice c with probability

    s_j x_c + (1 - s_j) q_j(c)

where q is how the rest of the answers fall: as all votes do together, or on one side. s and q are of a few levels (`KINDS`),
so that a pair's likelihood is still a product over a small table. s is relative to the crowd: 1 is an annotator like most, and
nobody is above it. Each kind is judged by how well it foretells the annotator's votes from those of the others on the same
pair, never from their own (J. Whitehill et al., "Whose vote should count more", NIPS 2009, has the model; leaving the vote
itself out keeps few votes from confirming themselves). With fewer than `VOTES_MIN` votes beside others', or less than
`SURE_ENOUGH`, an annotator stays like most. The whole is used only where it foretells pairs that it was not fitted to better
than votes that all weigh the same (`fit_noise`).

A vote that weighs less still counts whole in `share`, and in the soft label p by what it says of the population: this model is
of what a vote tells about other people's answers, not of whose taste is right. It is no ground to warn anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes
from annotator.consensus.majority import count_votes
from annotator.consensus.posterior import (
    CHUNK_CELLS,
    TINY,
    Posterior,
    Prior,
    a_sample,
    distinct_rows,
    fit_prior,
    fit_weights,
    labelled,
    likelihood_of,
    moments,
    posterior,
    unique_rows,
)

LEVELS = (0.75, 0.5, 0.25, 0.0)  # s of somebody unlike most
WAYS = ("chance", "left", "right")
KINDS = [(1.0, "chance"), *((level, way) for way in WAYS for level in LEVELS)]
IS_CHANCE = np.array([way == "chance" and level < 1 for level, way in KINDS])
VOTES_MIN = 30
SURE_ENOUGH = 0.95
UNLIKE_SHARE = 0.1  # of annotators, before any vote; spread over all kinds
SIDE_SHARE = 0.95  # of the answers by side that fall on that side
NO_SIDE = -1
ROUNDS = 2
VOTES_EACH_MAX = 400  # of an annotator's votes that are looked at
TASTE_ERRORS = 2.0  # standard errors by which those who seem to answer by chance must agree beyond it
GAIN_MIN = 2.0  # standard errors by which it must foretell other pairs better


class NoisyPosterior(NamedTuple):
    prior: Prior
    posterior: Posterior
    kind: Ints  # (annotators,): a place in KINDS; 0 for everybody where the model is not used
    is_used: bool
    gain: float  # log-likelihood of pairs it was not fitted to, against votes that all weigh the same; NaN where not tried
    gain_error: float


class _Votes(NamedTuple):
    """Votes sorted by task, as whole numbers from 0."""

    task: Ints
    annotator: Ints
    choice: Ints
    on_left: Ints  # the choice that was on the left, or NO_SIDE; then the right one is 1 - on_left
    n_tasks: int
    n_annotators: int
    n_choices: int

    def where(self, kept: Bools) -> _Votes:
        return self._replace(
            task=self.task[kept], annotator=self.annotator[kept], choice=self.choice[kept], on_left=self.on_left[kept]
        )

    @property
    def counts(self) -> Ints:
        return count_votes(self.task, self.choice, n_tasks=self.n_tasks, n_choices=self.n_choices)


def noisy_posterior(
    task: ArrayLike,
    annotator: ArrayLike,
    choice: ArrayLike,
    *,
    n_tasks: int,
    n_annotators: int,
    n_choices: int,
    groups: tuple[int, ...] | None = None,
    on_left: ArrayLike | None = None,
) -> NoisyPosterior:
    """The posterior of every task, with annotators' noise where that foretells votes better.

    Args:
        task, annotator, choice: codes, shape (votes,), in any order; each annotator once on a task.
        groups: as for `fit_prior`.
        on_left: of each vote, which of the choices 0 and 1 was on the left, or NO_SIDE; None where nothing had sides.

    Raises:
        ValueError: codes out of range, or columns of different lengths.
    """
    limits = {"task": n_tasks, "annotator": n_annotators, "choice": n_choices}
    tasks, annotators, choices = checked_codes(limits, task=task, annotator=annotator, choice=choice)
    left = np.full(len(tasks), NO_SIDE) if on_left is None else np.asarray(on_left, dtype=np.int64)
    if left.shape != tasks.shape:
        raise ValueError("on_left must be as long as the other columns")
    order = np.lexsort((choices, annotators, tasks))
    columns = (tasks[order], annotators[order], choices[order], left[order])
    votes = _Votes(*columns, n_tasks, n_annotators, n_choices)
    counts = votes.counts
    plain = fit_prior(counts, groups=groups)
    alike = np.zeros(n_annotators, dtype=np.int64)
    unused = NoisyPosterior(plain, posterior(plain, counts), alike, False, float("nan"), float("nan"))
    if n_choices < 2 or not (np.bincount(annotators, minlength=n_annotators) >= VOTES_MIN).any():
        return unused
    gain, error = _held_out_gain(votes, groups)
    if not gain > GAIN_MIN * error:
        return unused._replace(gain=gain, gain_error=error)
    kind, prior = _fit(votes, plain)
    if _have_a_taste(votes, prior, kind):
        kind = np.where(IS_CHANCE[kind], 0, kind)
        prior = _refitted(prior, _cells(votes, kind, prior.split))
    if not kind.any():
        return unused._replace(gain=gain, gain_error=error)
    return NoisyPosterior(prior, _posterior(votes, prior, kind), kind, True, gain, error)


class _Cells(NamedTuple):
    """Votes by all that decides their chance beside the split: the annotator's kind, the choice on the left, the choice."""

    column: Ints  # (votes,)
    counts: Floats  # (tasks, columns)
    chance: Floats  # of a vote at each point of the support: (points, columns)

    def likelihood(self, rows: Floats) -> Floats:
        return likelihood_of(self.chance, rows)


def _fit(votes: _Votes, prior: Prior) -> tuple[Ints, Prior]:
    """Each annotator's kind, and the prior of the splits that the votes of people like most are drawn from."""
    kind = np.zeros(votes.n_annotators, dtype=np.int64)
    looked_at = _looked_at(votes)
    for _ in range(ROUNDS):
        kind = _kinds(votes, looked_at, prior, kind)
        prior = _refitted(prior, _cells(votes, kind, prior.split))
    return kind, prior


def _have_a_taste(votes: _Votes, prior: Prior, kind: Ints) -> bool:
    """Whether people who seem to answer by chance agree with each other more often than that: then they see something that
    the others do not, and their votes are to weigh as much as anybody's."""
    theirs = votes.where(IS_CHANCE[kind][votes.annotator])
    counts = theirs.counts.astype(np.float64)
    n = counts.sum(axis=1)
    both = n > 1
    if not both.any():
        return False
    n, counts = n[both], counts[both]
    cells = _cells(votes, kind, prior.split)
    level = float(np.mean([KINDS[each][0] for each in kind[theirs.annotator]]))
    q = (1 - level) * _shares(votes)
    by_point = ((level * prior.split + q) ** 2).sum(axis=1)
    chance = np.zeros(0)
    for part in _parts(cells.counts[both], len(prior.weight)):
        weight = cells.likelihood(part) * prior.weight
        chance = np.append(chance, weight @ by_point / np.maximum(weight.sum(axis=1), TINY))
    couples = n * (n - 1) / 2
    agreeing, expected = (counts * (counts - 1)).sum() / 2, (couples * chance).sum()
    return bool(agreeing - expected > TASTE_ERRORS * np.sqrt((couples * chance * (1 - chance)).sum()))


def _refitted(prior: Prior, cells: _Cells) -> Prior:
    counts = cells.counts[cells.counts.sum(axis=1) > 0]
    rows, number = a_sample(*distinct_rows(counts, np.ones(len(counts))), points=len(prior.weight))
    return prior._replace(weight=fit_weights(cells.likelihood(rows), number, groups=prior.groups))


def _kinds(votes: _Votes, looked_at: Bools, prior: Prior, kind: Ints) -> Ints:
    """The most probable kind of each annotator, from their votes beside those of others."""
    cells = _cells(votes, kind, prior.split)
    mine = votes.where(looked_at)
    rows = cells.counts[mine.task]
    rows[np.arange(len(rows)), cells.column[looked_at]] -= 1
    of_vote = _means(prior, cells, rows)[np.arange(len(rows)), mine.choice]
    fits = np.zeros((votes.n_annotators, len(KINDS)))
    for at, (level, way) in enumerate(KINDS):
        log_chance = np.log(np.maximum(level * of_vote + (1 - level) * _by_the_way(votes, way)[looked_at], TINY))
        fits[:, at] = np.bincount(mine.annotator, weights=log_chance, minlength=votes.n_annotators)
        fits[:, at] += np.log(1 - UNLIKE_SHARE if at == 0 else UNLIKE_SHARE / (len(KINDS) - 1))
    if np.all(votes.on_left == NO_SIDE):
        fits[:, [way != "chance" for _, way in KINDS]] = -np.inf
    fits -= fits.max(axis=1, keepdims=True)
    like_most = np.exp(fits[:, 0]) / np.exp(fits).sum(axis=1)
    has_enough = np.bincount(mine.annotator, minlength=votes.n_annotators) >= VOTES_MIN
    return np.where(has_enough & (like_most < 1 - SURE_ENOUGH), fits.argmax(axis=1), 0)


def _looked_at(votes: _Votes) -> Bools:
    """The votes beside which there are others, at most VOTES_EACH_MAX of an annotator."""
    beside = np.bincount(votes.task, minlength=votes.n_tasks)[votes.task] > 1
    by_annotator = np.argsort(votes.annotator, kind="stable")
    in_order = votes.annotator[by_annotator]
    position = np.empty(len(in_order), dtype=np.int64)
    position[by_annotator] = np.arange(len(in_order)) - np.searchsorted(in_order, in_order)
    given = np.bincount(votes.annotator, minlength=votes.n_annotators)
    step = -(-given // VOTES_EACH_MAX)
    return np.asarray(beside & (position % np.maximum(step, 1)[votes.annotator] == 0))


def _means(prior: Prior, cells: _Cells, rows: Floats) -> Floats:
    """E[x] by each row of counts, (rows, choices)."""
    different, place = unique_rows(rows)
    means = [moments(prior, cells.likelihood(part))[1] for part in _parts(different, len(prior.weight))]
    return np.concatenate(means)[place] if means else np.zeros((0, prior.split.shape[1]))


def _parts(rows: Floats, points: int) -> Iterator[Floats]:
    step = max(1, CHUNK_CELLS // points)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _shares(votes: _Votes) -> Floats:
    return np.asarray((np.bincount(votes.choice, minlength=votes.n_choices) + 1) / (len(votes.choice) + votes.n_choices))


def _by_the_way(votes: _Votes, way: str) -> Floats:
    """q of each vote: the chance of its choice from somebody who does not look."""
    return _q(way, votes.on_left, votes.choice, _shares(votes))


def _q(way: str, on_left: Ints, choice: Ints, shares: Floats) -> Floats:
    by_chance = shares[choice]
    if way == "chance":
        return np.asarray(by_chance)
    side = on_left if way == "left" else 1 - on_left
    by_side = np.where(choice == side, SIDE_SHARE, (1 - SIDE_SHARE) / (len(shares) - 1))
    return np.where(on_left == NO_SIDE, by_chance, by_side)


def _cells(votes: _Votes, kind: Ints, split: Floats) -> _Cells:
    whose = kind[votes.annotator]
    by_side = np.array([way != "chance" for _, way in KINDS])[whose]
    left = np.where(by_side, votes.on_left, NO_SIDE)
    codes = (whose * 3 + left + 1) * votes.n_choices + votes.choice
    used, column = np.unique(codes, return_inverse=True)
    column = column.reshape(-1)
    counts = np.bincount(votes.task * len(used) + column, minlength=votes.n_tasks * len(used))
    chance = np.empty((len(split), len(used)))
    for at, code in enumerate(used.tolist()):
        (level, way), on_left, choice = (
            KINDS[code // votes.n_choices // 3],
            code // votes.n_choices % 3 - 1,
            code % votes.n_choices,
        )
        q = _q(way, np.array([on_left]), np.array([choice]), _shares(votes))[0]
        chance[:, at] = level * split[:, choice] + (1 - level) * q
    return _Cells(column, counts.reshape(votes.n_tasks, len(used)).astype(np.float64), chance)


def _held_out_gain(votes: _Votes, groups: tuple[int, ...] | None) -> tuple[float, float]:
    """By how much the annotators' kinds, fitted to one half of the tasks, foretell the other half better; and its error."""
    gains = []
    for half in (0, 1):
        fitted, other = votes.where(votes.task % 2 == half), votes.where(votes.task % 2 != half)
        plain = fit_prior(fitted.counts, groups=groups)
        kind, prior = _fit(fitted, plain)
        if not kind.any():
            continue
        alike = np.zeros_like(kind)
        gains.append(_log_chance(other, prior, kind) - _log_chance(other, plain, alike))
    gain = np.concatenate([np.zeros(0), *gains])
    return float(gain.sum()), float(np.sqrt((gain**2).sum()))


def _log_chance(votes: _Votes, prior: Prior, kind: Ints) -> Floats:
    """The log-probability of the votes on each task that has any."""
    cells = _cells(votes, kind, prior.split)
    counts = cells.counts[cells.counts.sum(axis=1) > 0]
    different, place = unique_rows(counts)
    log_weight = np.log(np.maximum(prior.weight, TINY))
    parts = [
        scipy.special.logsumexp(part @ np.log(cells.chance).T + log_weight, axis=1)
        for part in _parts(different, len(prior.weight))
    ]
    return np.concatenate([np.zeros(0), *parts])[place]


def _posterior(votes: _Votes, prior: Prior, kind: Ints) -> Posterior:
    cells = _cells(votes, kind, prior.split)
    different, place = unique_rows(cells.counts)
    found = [moments(prior, cells.likelihood(part)) for part in _parts(different, len(prior.weight))]
    first, mean = (np.concatenate(each)[place] for each in zip(*found, strict=True))
    # Of the whole crowd, those who do not look included.
    share = np.bincount(kind[votes.annotator], minlength=len(KINDS)) / len(votes.task)
    looking = float(share @ [level for level, _ in KINDS])
    rest = np.zeros(votes.n_choices)
    for at, (level, way) in enumerate(KINDS):
        for on_left in (NO_SIDE,) if way == "chance" else (0, 1):
            q = _q(way, np.full(votes.n_choices, on_left), np.arange(votes.n_choices), _shares(votes))
            rest += share[at] * (1 - level) * q / (1 if way == "chance" else 2)
    return labelled(votes.counts.astype(np.float64), first, looking * mean + rest)
