"""One posterior per pair: what the votes say about how the whole population would answer it.

Pair i has a split x_i, the share of the population that would give each choice, and its votes are drawn from it:

    P(counts n | x) ∝ Π_c x_c ** n_c ,      x_i ~ G

G, how splits are spread over pairs, is fitted to all pairs (empirical Bayes: H. Robbins, "An empirical Bayes approach to
statistics", 1956; B. Efron, "Large-Scale Inference", Cambridge 2010, chapter 1). It starts from the shapes of `split_shapes`,
each weighed by how well it foretells the counts, and EM then moves it to what the votes say, with `PRIOR_PAIRS` pairs' weight
on the start (a Dirichlet process with that base, its mode). Shapes are only nearly right, so many pairs weigh as few in their
choice (a coarsened posterior: J. W. Miller and D. B. Dunson, "Robust Bayesian inference via coarsening", JASA 2019). What few
votes per pair leave open (three votes of a pair of two choices tell the mean and the spread of G, and nothing else; seven, three
moments) stays as the shapes have it, and these err towards hard pairs.

    confidence   P(the label is the choice that most of the population would give | votes)
    p            E[x | votes], the soft label
    label        the choice that is most probably the population's first

Where two choices share the lead of a split, each gets half of it.

**Votes that stop.** A rule that asks for more votes by the votes so far (`stopping`) does not change the likelihood of G or
of x: whether a vote was asked for depends on counts that are known. So the same fit holds with and without such a rule
(J. O. Berger and R. L. Wolpert, "The Likelihood Principle", 1984, chapter 4). Shares and agreement of such votes are biased;
these probabilities are not.

**Sides.** Choices of one group are exchangeable beforehand: where the images of a pair come in a random order, a and b are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from annotator.consensus.codes import Floats, Ints, totals
from annotator.consensus.majority import NO_LABEL
from annotator.consensus.split_shapes import CLOSED_MAX, Shapes, shapes_of, top_of

# Of the votes on two choices. Below it choices are taken as exchangeable, and confidence is right on average over both,
# whichever is ahead; a tilt by a small difference would decide hard pairs, and on published labels it decided them wrongly.
CLEARLY_UNEQUAL = 1.6
# Lead of a split from which on it is a matter of how often each choice is first. Which choice leads on hard pairs, few votes
# cannot tell; that it is the one that leads elsewhere was wrong on published labels.
CLEAR_LEAD = 0.6
PRIOR_PAIRS = 5.0  # pairs' weight of the shapes against what all pairs say of G
# As many pairs as shapes are taken to be right for: no shape is exactly that of a population, and by more pairs than this the one
# that happens to be nearest would outweigh all others, also in what the votes leave open.
COARSE_PAIRS = 1000.0
ITERATIONS_MAX = 2000
TOLERANCE = 1e-6  # it has converged when a step moves less weight than this
TILT_ITERATIONS_MAX, TILT_TOLERANCE = 400, 1e-5  # with every order of the choices, a step takes some hundred times as long
FIT_CELLS_MAX = 4_000_000  # counts × points that a fit looks at; of more different counts, a sample
CHUNK_CELLS = 8_000_000
TINY = 1e-300
TIE = 1e-7  # two probabilities as near as this are the same
SUPPORT = 3  # to be raised when the points of `split_shapes` change: weights are of no use for others
WEIGHT_DECIMALS = 9
NEARLY_EVEN = 0.1  # a split is, where its first choice leads by no more than this


class Prior(NamedTuple):
    """How a population splits on pairs, as far as votes have told. `fit_prior` makes it."""

    groups: tuple[int, ...]  # of each choice; choices of one group are exchangeable
    weight: Floats  # (points,): of each split of the support; sums to 1
    pairs: int  # with votes, that it was fitted to
    repeated: int  # of these, pairs with two votes or more: they tell about agreement
    votes: int

    @property
    def split(self) -> Floats:
        """The support, (points, choices)."""
        n_choices = len(self.groups)
        return shapes_of(n_choices).split if n_choices > 1 else np.ones((1, n_choices))


class Posterior(NamedTuple):
    """One row per pair. Where a pair has no votes: NO_LABEL, NaN for `share`, and what the prior says for the others."""

    label: Ints  # code of the choice; the number of choices for a tie
    share: Floats  # of the votes on the label; of a tie, the largest
    confidence: Floats
    p: Floats  # (pairs, choices); a row sums to 1
    first: Floats  # (pairs, choices): the probability that it is what most would answer; a row sums to 1


class PriorSummary(NamedTuple):
    """What a person can read of a prior."""

    split: Floats  # mean share of each choice
    agreement: float  # chance that two people agree on a pair
    typical: float  # mean share of the population that is with its most common answer
    nearly_even: float  # share of pairs whose first choice leads by NEARLY_EVEN or less
    concentration: float  # of the Dirichlet with the same mean and agreement; large where pairs hardly differ


def fit_prior(counts: ArrayLike, *, groups: Sequence[int] | None = None, frequency: ArrayLike | None = None) -> Prior:
    """The prior that the votes of all pairs speak for. The same votes give the same prior, in any order.

    Args:
        counts: votes per pair and choice, shape (pairs, choices). Pairs without votes do not matter.
        groups: a code per choice; choices of one code are exchangeable, as a and b are where sides were random. None: no two
            need be. Where nothing speaks against it, all are taken as exchangeable whatever is given here.
        frequency: how many pairs have each row of counts, shape (rows,); else one each.

    Raises:
        ValueError: a wrong shape or a negative count.
    """
    votes, number = _checked(counts, frequency)
    n_choices = votes.shape[1]
    given = tuple(range(n_choices)) if groups is None else tuple(int(group) for group in groups)
    if len(given) != n_choices:
        raise ValueError("groups must have a code for each choice")
    has_votes = (votes.sum(axis=1) > 0) & (number > 0)
    votes, number = votes[has_votes], number[has_votes]
    n = votes.sum(axis=1)
    known = int(number.sum()), int(number[n > 1].sum()), int((n * number).sum())
    used = given if are_unequal(votes, number, given) else (0,) * n_choices
    if n_choices < 2:
        return Prior(used, np.ones(1), *known)
    votes, number = a_sample(*distinct_rows(_sorted_within(votes, used)[0], number), points=len(shapes_of(n_choices).split))
    return Prior(used, fit_weights(likelihood_of(shapes_of(n_choices).split, votes), number, groups=used), *known)


def no_prior(n_choices: int, *, groups: Sequence[int] | None = None) -> Prior:
    """What is assumed before any vote: all shapes at once, with every choice alike."""
    return fit_prior(np.zeros((0, n_choices)), groups=groups)


def to_document(prior: Prior) -> dict[str, Any]:
    """The prior as JSON, to keep it with the votes that it was fitted to."""
    weight = [round(each, WEIGHT_DECIMALS) for each in prior.weight.tolist()]
    return {"support": SUPPORT, **prior._asdict(), "groups": list(prior.groups), "weight": weight}


def from_document(document: Mapping[str, Any]) -> Prior | None:
    """What `to_document` made, or None where it was for another support: then the prior is to be fitted again."""
    if document.get("support") != SUPPORT:
        return None
    weight = np.array(document["weight"], dtype=np.float64)
    known = {name: int(document[name]) for name in ("pairs", "repeated", "votes")}
    return Prior(tuple(document["groups"]), weight / weight.sum(), **known)


def posterior(prior: Prior, counts: ArrayLike) -> Posterior:
    """What the votes on each pair say, given how the population splits on pairs.

    Raises:
        ValueError: not a column of counts for each choice of the prior.
    """
    votes, _ = _checked(counts, None)
    n_pairs, n_choices = votes.shape
    if n_choices != len(prior.groups):
        raise ValueError("counts must have a column for each choice of the prior")
    if n_choices < 2:
        first = np.ones((n_pairs, n_choices))
        return labelled(votes, first, first.copy())
    ordered, order = _sorted_within(votes, prior.groups)
    different, rows = unique_rows(ordered)
    first, mean = _moments_of_counts(prior, different)
    undo = np.argsort(order, axis=1, kind="stable")
    return labelled(votes, np.take_along_axis(first[rows], undo, axis=1), np.take_along_axis(mean[rows], undo, axis=1))


def summary_of(prior: Prior) -> PriorSummary:
    """The prior in a few numbers."""
    if len(prior.groups) < 2:
        ones = np.ones(len(prior.groups))
        return PriorSummary(ones, 1.0, 1.0, 0.0, 0.0)
    split, weight = prior.split, prior.weight
    mean = weight @ split
    ordered = np.sort(split, axis=1)
    agreement, chance = float(weight @ (split**2).sum(axis=1)), float((mean**2).sum())
    return PriorSummary(
        split=mean,
        agreement=agreement,
        typical=float(weight @ ordered[:, -1]),
        nearly_even=float(weight @ (ordered[:, -1] - ordered[:, -2] <= NEARLY_EVEN)),
        concentration=(1 - agreement) / max(agreement - chance, 1e-6),
    )


# --- inside


def _checked(counts: ArrayLike, frequency: ArrayLike | None) -> tuple[Floats, Floats]:
    votes = np.asarray(counts, dtype=np.float64)
    if votes.ndim != 2:
        raise ValueError("counts must have shape (pairs, choices)")
    number = np.ones(len(votes)) if frequency is None else np.asarray(frequency, dtype=np.float64)
    if number.shape != (len(votes),):
        raise ValueError("frequency must have shape (pairs,)")
    if votes.size and not (votes.min() >= 0 and number.min(initial=0.0) >= 0):
        raise ValueError("counts and frequency must not be negative")
    return votes, number


def are_unequal(votes: Floats, number: Floats, groups: tuple[int, ...]) -> bool:
    """Whether the votes tell the groups apart: the Wald statistic of "each group has its part of the votes", with pairs as
    clusters, is above what BIC asks for, and one choice has clearly more of the votes than another."""
    levels = sorted(set(groups))
    if not len(votes) or len(levels) < 2:
        return False
    member = np.array([[group == level for level in levels] for group in groups], dtype=np.float64)
    # Of each pair, by how many votes each group has more than its part.
    excess = votes @ member - votes.sum(axis=1, keepdims=True) * member.mean(axis=0)
    total, free = number @ excess, len(levels) - 1
    spread = (excess * number[:, None]).T @ excess
    wald = float(total[:free] @ np.linalg.pinv(spread[:free, :free]) @ total[:free])
    share = (number @ (votes @ member)) / member.sum(axis=0)
    return bool(wald > free * (1 + np.log(number.sum())) and share.max() > CLEARLY_UNEQUAL * share.min())


def _sorted_within(votes: Floats, groups: tuple[int, ...]) -> tuple[Floats, Ints]:
    """The counts of exchangeable choices, the largest first, and where each came from: as far as the prior goes, the order
    of these says nothing. Of many choices the support has not every order, and the counts stay as they are."""
    order = np.broadcast_to(np.arange(votes.shape[1]), votes.shape).copy()
    for group in set(groups) if len(groups) <= CLOSED_MAX else ():
        of_group = [c for c, each in enumerate(groups) if each == group]
        if len(of_group) > 1:
            order[:, of_group] = np.array(of_group)[np.argsort(-votes[:, of_group], axis=1, kind="stable")]
    return np.take_along_axis(votes, order, axis=1), order


def distinct_rows(rows: Floats, number: Floats) -> tuple[Floats, Floats]:
    """Each different row once, and how many there are of it."""
    different, place = unique_rows(rows)
    return different, totals(place, number, len(different))


def unique_rows(rows: Floats) -> tuple[Floats, Ints]:
    """Each different row of whole numbers once, and which of them each row is. A row is one number where that is possible: to
    sort a million of these takes a tenth of the time."""
    bases = rows.max(axis=0, initial=0) + 1
    if not rows.shape[1] or np.log2(bases).sum() > 52:
        different, place = np.unique(rows, axis=0, return_inverse=True)
        return different, place.reshape(-1)
    radix = np.append(np.cumprod(bases[:0:-1])[::-1], 1.0)
    _, first, place = np.unique((rows @ radix).astype(np.int64), return_index=True, return_inverse=True)
    return rows[first], place.reshape(-1)


def a_sample(rows: Floats, number: Floats, *, points: int) -> tuple[Floats, Floats]:
    """All rows, or a systematic sample that stands for all where there are too many different ones to fit."""
    step = -(-len(rows) * points // FIT_CELLS_MAX)
    if step <= 1:
        return rows, number
    kept = slice(step // 2, None, step)
    return rows[kept], number[kept] * (number.sum() / number[kept].sum())


def likelihood_of(chance: Floats, votes: Floats) -> Floats:
    """Of each row of counts at each point, up to a factor of the row: (rows, points).

    `chance` is that of a vote of each kind, (points, kinds): the split itself, where a kind is a choice.
    """
    log_likelihood = votes @ np.log(chance).T
    log_likelihood -= log_likelihood.max(axis=1, keepdims=True)
    return np.asarray(np.exp(log_likelihood))


def fit_weights(likelihood: Floats, number: Floats, *, groups: tuple[int, ...]) -> Floats:
    """The weights of the support that pairs speak for: `number` pairs have each row of the likelihood (rows, points)."""
    shapes = shapes_of(len(groups))
    weight = _fit_shapes(shapes, likelihood, number, has_groups=len(set(groups)) > 1)
    return _tilt(shapes, weight, likelihood, number, groups) if len(set(groups)) > 1 else weight


def moments(prior: Prior, likelihood: Floats) -> tuple[Floats, Floats]:
    """By a likelihood (pairs, points): P(first) and E[x] of each choice, each (pairs, choices)."""
    weight = likelihood * prior.weight
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), TINY)
    return weight @ top_of(prior.split), weight @ prior.split


def _fit_shapes(shapes: Shapes, likelihood: Floats, number: Floats, *, has_groups: bool) -> Floats:
    """The weights of the points, the same for every order: shapes by their marginal likelihood, then EM from there."""
    orders = len(shapes.orders)
    likelihood = likelihood.reshape(len(likelihood), orders, len(shapes.weight)).mean(axis=1)
    single = likelihood @ shapes.weight
    marginal = shapes.hard_share * single[:, shapes.hard] + (1 - shapes.hard_share) * single[:, shapes.easy]
    coarse = COARSE_PAIRS / (COARSE_PAIRS + number.sum())
    evidence = np.log(shapes.prior) + coarse * (number @ np.log(np.maximum(marginal, TINY)))
    if not has_groups:
        evidence[shapes.needs_groups] = -np.inf
    chance = np.exp(evidence - evidence.max())
    chance /= chance.sum()
    of_single = np.bincount(shapes.hard, chance * shapes.hard_share, minlength=shapes.weight.shape[1])
    of_single += np.bincount(shapes.easy, chance * (1 - shapes.hard_share), minlength=shapes.weight.shape[1])
    base = weight = shapes.weight @ of_single
    for _ in range(ITERATIONS_MAX):
        moved = _em_step(weight, base, likelihood, number)
        change = np.abs(moved - weight).sum()
        weight = moved
        if change < TOLERANCE:
            break
    return np.tile(weight / weight.sum() / orders, orders)


def _em_step(weight: Floats, base: Floats, likelihood: Floats, number: Floats) -> Floats:
    expected = weight * ((number / np.maximum(likelihood @ weight, TINY)) @ likelihood)
    return np.asarray((PRIOR_PAIRS * base + expected) / (PRIOR_PAIRS + number.sum()))


def _tilt(shapes: Shapes, weight: Floats, likelihood: Floats, number: Floats, groups: tuple[int, ...]) -> Floats:
    """The weights where some choices are first more often than others: a clear split with the first choice c has its symmetric
    weight times K P(c), one that is nearly even keeps it, and EM goes on from there, choices of a group alike."""
    top, symmetric = top_of(shapes.split), weight
    ordered = np.sort(shapes.split, axis=1)
    is_clear = np.minimum(1, (ordered[:, -1] - ordered[:, -2]) / CLEAR_LEAD)
    for _ in range(TILT_ITERATIONS_MAX):
        chance = top @ _alike(groups, weight @ top)
        base = symmetric * (1 + is_clear * (len(groups) * chance - 1))
        moved = _symmetrised(shapes, _em_step(weight, base / base.sum(), likelihood, number), groups)
        change = np.abs(moved - weight).sum()
        weight = moved
        if change < TILT_TOLERANCE:
            break
    return np.asarray(weight / weight.sum())


def _alike(groups: tuple[int, ...], values: Floats) -> Floats:
    """The mean over its group for each choice."""
    same = np.equal.outer(groups, groups).astype(np.float64)
    return np.asarray(same @ values / same.sum(axis=1))


def _symmetrised(shapes: Shapes, weight: Floats, groups: tuple[int, ...]) -> Floats:
    """The mean over all orders within groups. Of many choices the support has no other orders."""
    if len(shapes.orders) == 1 or len(set(groups)) == len(groups):
        return weight
    by_order = weight.reshape(len(shapes.orders), -1)
    return np.asarray(by_order[_orders_within(groups)].mean(axis=0).reshape(-1))


@lru_cache(maxsize=64)
def _orders_within(groups: tuple[int, ...]) -> Ints:
    """Where the support has each of its orders once choices have changed places within groups: (ways, orders)."""
    codes, orders = np.array(groups), shapes_of(len(groups)).orders
    place = {tuple(order): at for at, order in enumerate(orders.tolist())}
    within = [order for order in orders if np.array_equal(codes[order], codes)]
    return np.array([[place[tuple(each[order].tolist())] for each in orders] for order in within])


def _moments_of_counts(prior: Prior, votes: Floats) -> tuple[Floats, Floats]:
    """Of each row of counts, in the order of `_sorted_within`: P(first) and E[x] of each choice."""
    first, mean = np.empty(votes.shape), np.empty(votes.shape)
    step = max(1, CHUNK_CELLS // len(prior.weight))
    for start in range(0, len(votes), step):
        rows = slice(start, start + step)
        first[rows], mean[rows] = moments(prior, likelihood_of(prior.split, votes[rows]))
    for group in set(prior.groups):
        of_group = [c for c, each in enumerate(prior.groups) if each == group]
        # Exchangeable choices with equal counts are alike, and the support has not every order where there are many.
        for table in (first, mean):
            table[:, of_group] = _evened(votes[:, of_group], table[:, of_group])
    return first, mean


def _evened(votes: Floats, values: Floats) -> Floats:
    same = (votes[:, :, None] == votes[:, None, :]).astype(np.float64)
    return np.asarray((same @ values[:, :, None])[:, :, 0] / same.sum(axis=2))


def labelled(votes: Floats, first: Floats, mean: Floats) -> Posterior:
    """Label, share and confidence, from the counts (pairs, choices) and what they say."""
    n_choices = votes.shape[1]
    total = votes.sum(axis=1)
    confidence = first.max(axis=1, initial=0.0)
    leads = first >= confidence[:, None] - TIE
    label = first.argmax(axis=1) if n_choices else np.zeros(len(votes), dtype=np.int64)
    label = np.where(leads.sum(axis=1) > 1, n_choices, label)
    label[total == 0] = NO_LABEL
    of_label = np.where(leads, votes, 0.0).max(axis=1, initial=0.0)
    share = np.divide(of_label, total, out=np.full(len(votes), np.nan), where=total > 0)
    return Posterior(label, share, confidence, mean, first)
