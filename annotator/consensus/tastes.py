"""Tastes: groups of annotators who agree with one another where they differ from most, and whether there is evidence for any.

A vote is x = 1 for the first image of a pair, -1 for the second and 0 for a tie. With one taste and annotators who look more or
less closely,

    x_ij = λ_j μ_i + e_ij

for annotator j and pair i, with μ of mean 0 and variance 1 and e of different people unrelated: somebody who guesses has λ = 0,
and shares nothing with another who guesses. This is factor analysis with one factor, fitted by EM. What two people have in common
beyond it is

    z_jk = Σ_i e_ij e_ik / sqrt(Σ_i e_ij² e_ik²)

of variance 1, and of mean 0 where there is one taste. A group of another taste makes z large among its people, and with it the
largest eigenvalue of the matrix of z. It is compared with that of votes drawn from the fit of one taste: the p-value is the share
of `DRAWS` draws that reach as far. Drawing ends with the first that does (J. Besag and P. Clifford): p = 1 / draws. It ends too
where the first `DRAWS_CLEAR` draws lie `FAR` of their standard deviations below: that another one would reach has a probability
below 1e-6 (the tail of C. A. Tracy and H. Widom's distribution). Only where none of `DRAWS` does is there evidence; one taste, or
pure noise, is called more than one that rarely.

Most people judge few of all pairs, so votes are kept as a list, and sums over them are products of sparse matrices.

Then the leading eigenvector begins two groups, and everybody goes to the one they agree with more often, in turn, until nobody
moves. Who does not clearly agree more with one is in none, and groups that are not clearly apart are none. Each is tested for
another split in the same way. A group is no verdict: the people of both look at the images.

The test looks once. Looked at for a whole campaign, it errs more often than once.

D. B. Rubin and D. T. Thayer, "EM algorithms for ML factor analysis", Psychometrika 47 (1982). J. L. Horn, "A rationale and test
for the number of factors in factor analysis", Psychometrika 30 (1965), for the comparison with draws. J. Besag and P. Clifford,
"Sequential Monte Carlo p-values", Biometrika 78 (1991). M. E. J. Newman, "Finding community structure in networks using the
eigenvectors of matrices", Physical Review E 74 (2006).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotator.consensus.codes import Bools, Floats, Ints, checked_codes, totals

VOTES_MIN = 20  # of an annotator on pairs that somebody else judged too
PEOPLE_MAX = 200  # the most active; the others are in no group
CELLS = 1_000_000  # people × pairs at most; of more pairs, those with most votes
PEOPLE_MIN = 2  # in each group
PEOPLE_TO_SPLIT = 5
DRAWS = 199  # p is 1 / (DRAWS + 1) where there is evidence
DRAWS_CLEAR, FAR = 20, 8.0
DENSE_GAIN = 32  # multiplications of full matrices in the time of one of sparse ones
ROUNDS = 10
CLEARLY, APART = 2.0, 3.0  # standard errors: of whom a person agrees with, and of two groups
UNPLACED = -1
TINY = 1e-9
NOISE_MIN = 0.02


class Tastes(NamedTuple):
    """Groups are numbered from the largest, 0. `n_groups` is 0 where there is no evidence for more than one taste."""

    group: Ints  # per annotator, or UNPLACED
    sizes: Ints  # per group
    agreement: Floats  # (groups, groups): the share of answers for an image that agree, on pairs that both judged; else NaN
    compared: int  # annotators with enough votes
    p_value: float  # of there being one taste; NaN where too few can be compared

    @property
    def n_groups(self) -> int:
        return len(self.sizes)


def tastes(annotator: ArrayLike, task: ArrayLike, choice: ArrayLike, *, n_annotators: int, n_tasks: int) -> Tastes:
    """Groups among the annotators, from one vote of each on each task. Choice 0 is for one image, 1 for the other.

    Raises ValueError for codes out of range or columns of different lengths.
    """
    top = int(np.max(np.asarray(choice), initial=-1)) + 1
    limits = {"annotator": n_annotators, "task": n_tasks, "choice": max(top, 2)}
    by, at, said = checked_codes(limits, annotator=annotator, task=task, choice=choice)
    people, votes = _shared_votes(by, at, said, n_annotators, n_tasks)
    rng = np.random.default_rng(len(by))
    p_value, parts = _split(votes, np.arange(len(people)), rng)
    parts.sort(key=len, reverse=True)
    group = np.full(n_annotators, UNPLACED)
    if len(parts) > 1:
        for number, part in enumerate(parts):
            group[people[part]] = number
    else:
        parts = []
    return Tastes(
        group=group,
        sizes=np.array([len(part) for part in parts], dtype=np.int64),
        agreement=_agreement(votes, parts),
        compared=len(people),
        p_value=p_value,
    )


class _Votes(NamedTuple):
    """Votes of some people, in the order of people: 1, -1, and 0 for a tie."""

    person: Ints
    pair: Ints
    value: Floats
    people: int
    pairs: int

    def of(self, members: Ints) -> _Votes:
        """The votes of these, who are numbered anew."""
        row = np.full(self.people, UNPLACED)
        row[members] = np.arange(len(members))
        is_theirs = row[self.person] != UNPLACED
        kept = self._replace(
            person=row[self.person[is_theirs]], pair=self.pair[is_theirs], value=self.value[is_theirs], people=len(members)
        )
        return kept if (np.diff(kept.person) >= 0).all() else kept.sorted()

    def sorted(self) -> _Votes:
        order = np.argsort(self.person, kind="stable")
        return self._replace(person=self.person[order], pair=self.pair[order], value=self.value[order])

    def matrix(self, values: Floats) -> scipy.sparse.csr_array:
        """A value for each vote as a matrix (people, pairs)."""
        ends = np.searchsorted(self.person, np.arange(self.people + 1)).astype(np.int32)
        return scipy.sparse.csr_array((values, self.pair, ends), shape=(self.people, self.pairs))

    def products(self, values: Floats) -> Floats:
        """Of each two people, the sum over pairs of the product of their values: (people, people), 0 on the diagonal."""
        matrix = self.matrix(values)
        sparse = int((np.bincount(self.pair, minlength=self.pairs) ** 2).sum())
        full = matrix.toarray() if sparse * DENSE_GAIN > self.people**2 * self.pairs else None
        result = (matrix @ matrix.T).toarray() if full is None else full @ full.T
        np.fill_diagonal(result, 0.0)
        return np.asarray(result)


def _shared_votes(by: Ints, at: Ints, said: Ints, n_annotators: int, n_tasks: int) -> tuple[Ints, _Votes]:
    """Who has enough votes, and their votes on the pairs that are looked at."""
    is_shared = np.bincount(at, minlength=n_tasks)[at] > 1
    counts = np.bincount(by[is_shared], minlength=n_annotators)
    people = np.argsort(-counts, kind="stable")[:PEOPLE_MAX]
    people = np.sort(people[counts[people] >= VOTES_MIN])
    row = np.full(n_annotators, UNPLACED)
    row[people] = np.arange(len(people))
    used = np.flatnonzero(is_shared & (row[by] != UNPLACED))
    votes = np.bincount(at[used], minlength=n_tasks)
    pairs = np.argsort(-votes, kind="stable")[: min(np.count_nonzero(votes), CELLS // max(len(people), 1))]
    column = np.full(n_tasks, UNPLACED, dtype=np.int32)  # scipy takes sparse matrices of these as they are
    column[pairs] = np.arange(len(pairs))
    used = used[column[at[used]] != UNPLACED]
    value = np.where(said[used] == 0, 1.0, np.where(said[used] == 1, -1.0, 0.0))
    found = _Votes(row[by[used]], column[at[used]], value, len(people), len(pairs))
    return people, found.sorted()


def _split(votes: _Votes, members: Ints, rng: np.random.Generator) -> tuple[float, list[Ints]]:
    """The p-value of one taste among the members, and their groups; who is in none is in no list."""
    if len(members) < PEOPLE_TO_SPLIT:
        return np.nan, [members]
    theirs = votes.of(members)
    fit = _OneTaste.of(theirs)
    values, vectors = np.linalg.eigh(_in_common(theirs, fit.rest(theirs)))
    if values[-1] <= 0:
        return 1.0, [members]
    p_value = _p_value(float(values[-1]), theirs, fit, rng)
    if p_value > 1 / (DRAWS + 1):
        return p_value, [members]
    parts = [members[part] for part in _two_groups(theirs, vectors[:, -1])]
    if min(map(len, parts)) < PEOPLE_MIN or not _are_apart(votes, parts):
        return p_value, [members]
    return p_value, [group for part in parts for group in _split(votes, part, rng)[1]]


class _OneTaste(NamedTuple):
    """The fit of one taste: λ of each annotator, and of each pair what its votes say of μ."""

    loads: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, votes: _Votes) -> _OneTaste:
        """By EM."""
        table, seen = votes.matrix(votes.value), votes.matrix(np.ones(len(votes.value)))
        by_pair, seen_by_pair = table.T, seen.T
        size = np.maximum(np.bincount(votes.person, minlength=votes.people), 1)
        squares = totals(votes.person, votes.value**2, votes.people)
        loads, noise = np.full(votes.people, 0.5), np.full(votes.people, 0.75)
        for _ in range(ROUNDS):
            variance = 1 / (1 + seen_by_pair @ (loads**2 / noise))
            mean = variance * (by_pair @ (loads / noise))
            common = table @ mean
            loads = common / np.maximum(seen @ (mean**2 + variance), TINY)
            noise = np.maximum((squares - loads * common) / size, NOISE_MIN)
        return cls(loads, mean, variance)

    def rest(self, votes: _Votes) -> Floats:
        """The e of each vote, with the μ that fits the votes of its pair best."""
        likeliest = self.mean / np.maximum(1 - self.variance, TINY)
        return votes.value - self.loads[votes.person] * likeliest[votes.pair]

    def draw(self, votes: _Votes, rng: np.random.Generator) -> _Votes:
        """Votes of one taste. Ties stay where they are."""
        means = rng.normal(self.mean, np.sqrt(self.variance))
        is_first = 2 * rng.random(len(votes.value)) - 1 < self.loads[votes.person] * means[votes.pair]
        return votes._replace(value=np.where(votes.value != 0, np.where(is_first, 1.0, -1.0), 0.0))


def _in_common(votes: _Votes, rest: Floats) -> Floats:
    """The matrix of z, with 0 on its diagonal and where two have nothing in common."""
    common, spread = votes.products(rest), votes.products(rest**2)
    return np.asarray(np.divide(common, np.sqrt(spread), out=np.zeros_like(common), where=spread > TINY))


def _p_value(largest: float, votes: _Votes, fit: _OneTaste, rng: np.random.Generator) -> float:
    """How often an eigenvalue is as large where there is one taste."""
    found: list[float] = []
    for draw in range(1, DRAWS + 1):
        drawn = fit.draw(votes, rng)
        found.append(float(np.linalg.eigvalsh(_in_common(drawn, _OneTaste.of(drawn).rest(drawn)))[-1]))
        if found[-1] >= largest:
            return 1 / draw
        if draw == DRAWS_CLEAR and largest > np.mean(found) + FAR * np.std(found):
            break
    return 1 / (DRAWS + 1)


def _two_groups(votes: _Votes, vector: Floats) -> tuple[Ints, Ints]:
    """The members of both groups who clearly agree more with their own."""
    vector = vector if vector.max() >= -vector.min() else -vector
    is_second = vector >= vector.max() / 2
    agree, count = _pairwise(votes)
    lead = np.zeros(len(vector))
    for _ in range(ROUNDS):
        share, n = _with_groups(agree, count, is_second)
        error = np.sqrt((1.0 / np.maximum(n, 1)).sum(axis=0)) / 2
        lead = np.where(n.min(axis=0) > 0, (share[1] - share[0]) / error, 0.0)
        moved = np.where(lead == 0, is_second, lead > 0)
        if (moved == is_second).all():
            break
        is_second = moved
    return np.flatnonzero(~is_second & (lead <= -CLEARLY)), np.flatnonzero(is_second & (lead >= CLEARLY))


def _are_apart(votes: _Votes, parts: list[Ints]) -> bool:
    """Whether the people of each group agree more with one another than with the other group, and not by chance."""
    agree, count = _pairwise(votes)
    agreed = np.array([[agree[np.ix_(one, other)].sum() for other in parts] for one in parts])
    n = np.array([[count[np.ix_(one, other)].sum() for other in parts] for one in parts])
    np.fill_diagonal(agreed, np.diag(agreed) / 2)  # of two people of one group, counted from both
    np.fill_diagonal(n, np.diag(n) / 2)
    share, error = agreed / np.maximum(n, 1), 1 / np.maximum(n, 1)
    lead = np.diag(share) - share[0, 1]
    return bool((n > 0).all() and (lead >= APART * np.sqrt(np.diag(error) + error[0, 1]) / 2).all())


def _pairwise(votes: _Votes) -> tuple[Floats, Floats]:
    """How often two people agree, and on how many pairs both chose an image; 0 with oneself."""
    product, count = votes.products(votes.value), votes.products(np.abs(votes.value))
    return (product + count) / 2, count


def _with_groups(agree: Floats, count: Floats, is_second: Bools) -> tuple[Floats, Floats]:
    """The share of answers that agree with the first group and with the second, and their number: of shape (2, people)."""
    groups = np.stack([~is_second, is_second]).astype(np.float64)
    n = groups @ count
    return np.asarray((groups @ agree) / np.maximum(n, 1)), np.asarray(n)


def _agreement(votes: _Votes, parts: list[Ints]) -> Floats:
    agree, count = _pairwise(votes)
    result = np.full((len(parts), len(parts)), np.nan)
    for one, first in enumerate(parts):
        for other, second in enumerate(parts):
            n = count[np.ix_(first, second)].sum()
            result[one, other] = agree[np.ix_(first, second)].sum() / n if n else np.nan
    return result
