"""How a population may split on pairs: the shapes that the prior of `posterior` is a mixture of, on one finite support.

A split x is the share of the population that would give each of K choices; every pair has one. How splits are spread over
pairs is not known beforehand, so several shapes are on offer, and the votes weigh them:

    even       every pair is split evenly, u = (1/K, …): there is nothing but noise
    two even   two choices are even on every pair, and the others rarer: noise as well, where ties are not as frequent as wins
    spread     x ~ Dirichlet(A u), from A = 0.5 (nearly everybody agrees on each pair) to 160 (hardly anybody does)
    alike      each pair has a favourite c, and x is near u + t (e_c - u), with the same t for all pairs
    contested  two choices share the votes, one a little ahead, and the others are rarer (three choices or more)
    two kinds  a share of hard pairs, even, nearly so or contested, and the other pairs of an easier shape

All are symmetric in the choices; `posterior` tilts them where some choices are ahead more often than others. The support is
drawn from the shapes by a low-discrepancy sequence (M. Roberts, "The unreasonable effectiveness of quasirandom sequences",
2018), and each shape is a set of weights on it, by the balance heuristic of E. Veach and L. J. Guibas, "Optimally combining
sampling techniques for Monte Carlo rendering", SIGGRAPH 1995.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from annotator.consensus.codes import Bools, Floats, Ints

CONCENTRATIONS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 160.0)  # A of `spread`
STRENGTHS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97)  # t of `alike`
CLOSENESS = (40.0, 500.0)  # concentration of the splits of `alike` around their centre
TWO_EVEN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96)  # how far the two of `two even` are from 1/K to 1/2 each
CONTESTED = (0.4, 0.7, 0.92)  # share beyond their part of even that goes to the two of `contested`
CONTEST_LEAD, CONTEST_CLOSENESS = 0.1, 500.0
HARD_SHARES = tuple(step / 10 for step in range(1, 10))
EASY_SPREADS = 4  # the first concentrations
HARD_SPREADS = 4  # the last ones
HARD_STRENGTHS = 4
SHARP_TIMES = 3  # as probable are hard pairs that are all alike, with a first choice, than hard pairs of any other shape

# Before any vote. Both make the prior careful where few votes cannot tell shapes apart: see tests and docs/performance.md.
EVEN_WEIGHT, TWO_KINDS_WEIGHT = 0.15, 0.75
SMALLEST = 2e-3  # share of a choice in a split, times the number of choices
ROUNDING = 1e-9
OWN_POINTS = 300  # of a spread, with more choices than that
CLOSED_MAX = 4  # choices up to which the support has every order of them


class Shapes(NamedTuple):
    """The shapes on offer. A shape is a mixture of two single ones, with one for hard pairs."""

    split: Floats  # (orders × orbits, choices): every order of the choices in turn; a row sums to 1
    orders: Ints  # (orders, choices): that of each block of the support
    weight: Floats  # (orbits, single shapes): of each point with all its orders; a column sums to 1
    hard: Ints  # (shapes,): a column of `weight`
    easy: Ints
    hard_share: Floats
    prior: Floats  # probability of each shape before any vote; sums to 1
    needs_groups: Bools  # whether it is on offer only where the votes tell choices apart


def top_of(split: Floats) -> Floats:
    """Where the lead of each split is, (points, choices): 1, or equal parts where choices share it."""
    leads = split >= split.max(axis=1, keepdims=True) - ROUNDING
    return np.asarray(leads / leads.sum(axis=1, keepdims=True))


@lru_cache(maxsize=16)
def shapes_of(n_choices: int) -> Shapes:
    """The shapes for two choices or more."""
    even = np.full(n_choices, 1 / n_choices)
    favourites = np.eye(n_choices)
    # Each single shape as the Dirichlets that it is a mixture of.
    single = [[even * a] for a in CONCENTRATIONS]
    single += [[(even + t * (e - even)) * near for e in favourites] for near in CLOSENESS for t in STRENGTHS]
    is_closed = n_choices <= CLOSED_MAX
    contested = _contested(n_choices) if is_closed else []
    single += contested
    orders = np.array(list(itertools.permutations(range(n_choices)))) if is_closed else np.arange(n_choices)[None]
    points, weight = _shared_support(single) if is_closed else _own_supports(single)
    noise = [even, *_two_even(n_choices)] if is_closed else [even]
    drawn = weight.shape
    points, weight = np.vstack([points, *noise]), np.pad(weight, (0, len(noise)))
    weight[drawn[0] :, drawn[1] :] = np.eye(len(noise))
    split = np.concatenate([points[:, order] for order in orders])
    return Shapes(split, orders, weight, *_on_offer(len(single), len(contested), len(noise)))


def _two_even(n_choices: int) -> list[Floats]:
    if n_choices < 3:
        return []
    each = [1 / n_choices + far * (1 / 2 - 1 / n_choices) for far in TWO_EVEN]
    return [np.array([x, x, *[(1 - 2 * x) / (n_choices - 2)] * (n_choices - 2)]) for x in each]


def _contested(n_choices: int) -> list[list[Floats]]:
    if n_choices < 3:
        return []
    found = []
    for share in CONTESTED:
        rest = np.full(n_choices, (1 - share) / n_choices)
        lead = [share * (1 + CONTEST_LEAD) / 2, share * (1 - CONTEST_LEAD) / 2]
        pairs = itertools.permutations(np.eye(n_choices), 2)
        found.append([(rest + lead[0] * first + lead[1] * second) * CONTEST_CLOSENESS for first, second in pairs])
    return found


def _on_offer(drawn: int, n_contested: int, n_noise: int) -> tuple[Ints, Ints, Floats, Floats, Bools]:
    """Of each shape: the single shapes of its hard and of its other pairs, the share of hard ones, its probability, and whether
    it needs groups."""
    spread, n = list(range(len(CONCENTRATIONS))), len(STRENGTHS)
    contested, noise = list(range(drawn - n_contested, drawn)), list(range(drawn, drawn + n_noise))
    alike = list(range(len(spread), drawn - n_contested))
    rows = [(each, each, 0.0, EVEN_WEIGHT if each == drawn else EVEN_WEIGHT / (n_noise - 1)) for each in noise]
    for family in (spread, alike):
        one = (1 - EVEN_WEIGHT) * (1 - TWO_KINDS_WEIGHT) / 2 / len(family)
        rows += [(each, each, 0.0, one) for each in family]
    hard = [noise[0], *spread[-HARD_SPREADS:], *alike[:HARD_STRENGTHS], *contested]
    hard += alike[n : n + HARD_STRENGTHS] * SHARP_TIMES
    for family in (spread[:EASY_SPREADS], [each for place, each in enumerate(alike) if place % n >= HARD_STRENGTHS]):
        one = (1 - EVEN_WEIGHT) * TWO_KINDS_WEIGHT / 2 / len(family) / len(hard) / len(HARD_SHARES)
        rows += [(h, e, share, one) for h, e, share in itertools.product(hard, family, HARD_SHARES)]
    hard_of, easy_of, share, prior = (np.array(column) for column in zip(*rows, strict=True))
    return hard_of, easy_of, share, prior / prior.sum(), hard_of > drawn


def _shared_support(single: list[list[Floats]]) -> tuple[Floats, Floats]:
    """One support for all shapes, a point for all its orders, and its weights by shape."""
    n_choices = len(single[0][0])
    per_spread, per_strength = {2: (8, 3), 3: (12, 4), 4: (12, 4)}[n_choices]
    near = single[len(CONCENTRATIONS) : len(CONCENTRATIONS) + len(STRENGTHS)]
    drawn = [_draw(alphas[0], per_spread, is_half=n_choices == 2) for alphas in single[: len(CONCENTRATIONS)]]
    contested = single[len(CONCENTRATIONS) + len(STRENGTHS) * len(CLOSENESS) :]
    drawn += [_draw(alphas[0], per_strength) for alphas in [*near, *contested]]
    sizes = np.array([len(block) for block in drawn], dtype=np.float64)
    points = _clipped(np.concatenate(drawn))
    # The same for every order of a point: the shapes are symmetric.
    log_density = np.stack([_log_density(points, alphas) for alphas in single], axis=1)
    of_draws = np.delete(log_density, np.s_[len(CONCENTRATIONS) + len(near) : len(single) - len(contested)], axis=1)
    balance = scipy.special.logsumexp(of_draws, b=sizes, axis=1, keepdims=True)
    weight = np.exp(log_density - balance)
    return points, weight / weight.sum(axis=0)


def _own_supports(single: list[list[Floats]]) -> tuple[Floats, Floats]:
    """Points of its own for each shape: with many choices those of the others are too far away."""
    numbers = [OWN_POINTS if len(alphas) == 1 else max(2, 24 // len(alphas)) for alphas in single]
    blocks = [_draw(alpha, number) for alphas, number in zip(single, numbers, strict=True) for alpha in alphas]
    sizes = np.array([number * len(alphas) for alphas, number in zip(single, numbers, strict=True)])
    of_shape = np.repeat(np.arange(len(single)), sizes)
    weight = (of_shape[:, None] == np.arange(len(single))) / sizes
    return _clipped(np.concatenate(blocks)), weight


def _clipped(split: Floats) -> Floats:
    split = np.maximum(split, SMALLEST / split.shape[1])
    return np.asarray(split / split.sum(axis=1, keepdims=True))


def _draw(alpha: Floats, number: int, *, is_half: bool = False) -> Floats:
    """Evenly spread points of Dirichlet(alpha), (number, choices), by breaking a stick; of two choices, the lower half alone
    where `is_half`."""
    n_choices = len(alpha)
    if n_choices == 2:
        even = ((np.arange(number) + 0.5) / number)[:, None] / (2 if is_half else 1)
    else:
        even = _low_discrepancy(number, n_choices - 1)
    split, rest = np.empty((number, n_choices)), np.ones(number)
    for c in range(n_choices - 1):
        part = scipy.special.betaincinv(alpha[c], alpha[c + 1 :].sum(), even[:, c])
        split[:, c] = rest * part
        rest = rest * (1 - part)
    split[:, -1] = rest
    return split


def _low_discrepancy(number: int, dimensions: int) -> Floats:
    golden = 2.0
    for _ in range(60):
        golden = (1 + golden) ** (1 / (dimensions + 1))
    steps = golden ** -np.arange(1.0, dimensions + 1)
    return np.asarray((0.5 + np.arange(1, number + 1)[:, None] * steps) % 1)


def _log_density(split: Floats, alphas: list[Floats]) -> Floats:
    """Of a single shape: the mean of its Dirichlets."""
    log_split = np.log(split)
    each = [scipy.special.gammaln(a.sum()) - scipy.special.gammaln(a).sum() + log_split @ (a - 1) for a in alphas]
    return np.asarray(scipy.special.logsumexp(np.stack(each, axis=1), axis=1) - np.log(len(alphas)))
