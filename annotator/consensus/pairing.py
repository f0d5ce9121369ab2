"""Which pairs of a few items to ask about next, given the votes so far, and with what probability each is drawn.

Items are the images of one prompt. Their scores follow Bradley–Terry, P(i is preferred to j) = σ(s_i - s_j), with a normal
prior; the posterior is taken as normal around its maximum (`fit_scores`). Two ways to choose from there:

- `swiss_round`: as in a Swiss tournament, pair items that have won nearly the same share of their votes, each item once.
- `informative_batch`: the pairs whose votes would say most about the order of the items. n votes on a pair whose difference d
  has the posterior N(μ, v) and whose vote has the mean Fisher information w = E[p (1 - p)] give ½ log(1 + n w v) nats about
  d: the D-optimal gain, and near the expected information gain of a vote. Most of it goes to pairs whose order is known
  already, so it counts times exp(-μ² / 2v), the density of d at 0 beside its highest: how open the order is. A batch is chosen
  one pair after the other, each with the covariance that the pairs before it will leave.

Both are random, so that every pair that is drawn has a known probability of it, given the votes before. A rule that always
takes the best pair leaves others no chance, and nobody can say afterwards what they would have shown. `informative_batch`
gives a share of each batch to all pairs alike. `swiss_round` draws ties by lot.

D. V. Lindley, "On a measure of the information provided by an experiment", Annals of Mathematical Statistics 27 (1956);
A. Mikhailiuk, C. Wilmot, M. Perez-Ortiz, D. Yue and R. K. Mantiuk, "Active sampling for pairwise comparisons via approximate
message passing and information gain maximization" (ICPR 2020), who compare such rules; W. G. Madow, "On the theory of
systematic sampling, II", Annals of Mathematical Statistics 20 (1949), for the draw.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotator.consensus.codes import Bools, Floats, Ints, sigmoid

# Standard deviations of scores, in natural logarithms of odds: with both, two images of different generators are judged alike
# by three of four annotators in the mean. They only steer the choice; no published figure is made with them.
GENERATOR_SD = 0.7
IMAGE_SD = 0.7
STEPS_MAX = 50
TOLERANCE = 1e-8
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
# A round of a Swiss tournament is one of the best of so many, by lot, and the share of these that have a pair is its probability.
ROUNDS_DRAWN = 50


class Scores(NamedTuple):
    """Of the items: mean (items,) and covariance (items, items), in natural logarithms of odds."""

    mean: Floats
    covariance: Floats


class Draw(NamedTuple):
    """Items i < j to be asked about, and the probability with which they were drawn, over 0 and up to 1."""

    i: int
    j: int
    probability: float


def fit_scores(points: Floats, prior: Scores) -> Scores:
    """The normal approximation to the posterior of the scores. `points[i, j]` (items, items) is how many votes preferred i to
    j, a tie being half a vote for each."""
    points = np.asarray(points, dtype=np.float64)
    met = points + points.T
    precision = np.linalg.inv(prior.covariance)
    score, information = prior.mean.astype(np.float64), precision
    for _ in range(STEPS_MAX):
        p = sigmoid(score[:, None] - score)
        slope = (points - met * p).sum(axis=1) - precision @ (score - prior.mean)
        weight = met * p * (1 - p)
        information = np.diag(weight.sum(axis=1)) - weight + precision
        step = np.linalg.solve(information, slope)
        # The posterior is concave. A step of more than this from where the curve is flat would overshoot.
        score = score + step / max(1.0, np.abs(step).max(initial=0.0) / 2)
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    return Scores(score, np.linalg.inv(information))


def prior_of_images(generator: Ints, generator_points: Floats) -> Scores:
    """The scores of images before anybody judged them: that of the generator, and a deviation of the image's own.

    `generator` (images,) are codes, negative where it is not known. `generator_points` (generators, generators) are votes on
    other prompts, as for `fit_scores`. The generators' scores are estimated from these, with a normal prior of their own.
    """
    n_generators = len(generator_points)
    among = fit_scores(generator_points, Scores(np.zeros(n_generators), GENERATOR_SD**2 * np.eye(n_generators)))
    is_known = generator >= 0
    mean, covariance = np.zeros(len(generator)), GENERATOR_SD**2 * np.eye(len(generator))
    mean[is_known] = among.mean[generator[is_known]]
    covariance[np.ix_(is_known, is_known)] = among.covariance[np.ix_(generator[is_known], generator[is_known])]
    return Scores(mean, covariance + IMAGE_SD**2 * np.eye(len(generator)))


def order_information(scores: Scores, *, votes: int) -> tuple[Floats, Floats, Floats]:
    """What so many votes on each pair would say about the order of its two items; see above. Also the Fisher information of one
    vote, and the variance of the difference. Each (items, items)."""
    mean, covariance = scores
    own = np.diag(covariance)
    variance = np.maximum(own[:, None] + own - 2 * covariance, 1e-12)
    difference = mean[:, None] - mean
    p = sigmoid(difference[..., None] + np.sqrt(variance)[..., None] * NODES)
    fisher = (p * (1 - p)) @ WEIGHTS
    gain = np.log1p(votes * fisher * variance) / 2 * np.exp(-(difference**2) / (2 * variance))
    return gain, fisher, variance


def informative_batch(
    scores: Scores, allowed: Bools, *, size: int, votes: int, random_share: float, rng: np.random.Generator
) -> list[Draw]:
    """A batch of `size` different pairs among those that are `allowed` (items, items), or all of them where they are fewer.

    Each pair is drawn with probability `random_share` · size / number allowed, and with 1 - `random_share` more if it is one
    of the `size` that say most together. `votes` is how many a pair will get. Raises ValueError unless 0 < random_share <= 1.
    """
    if not 0 < random_share <= 1:
        raise ValueError("random_share must be over 0 and at most 1: a pair that cannot be drawn has no weight")
    i, j = _pairs(allowed)
    if len(i) <= size:
        return _draws(i, j, np.ones(len(i)))
    probability = np.full(len(i), random_share * size / len(i))
    probability[_most_informative(scores, i, j, size, votes, rng)] += 1 - random_share
    drawn = systematic_sample(probability, rng)
    return _draws(i[drawn], j[drawn], probability[drawn])


def _most_informative(scores: Scores, i: Ints, j: Ints, size: int, votes: int, rng: np.random.Generator) -> list[int]:
    chosen: list[int] = []
    shuffle = rng.permutation(len(i))  # so that of pairs that say as much, any may come first
    i, j = i[shuffle], j[shuffle]
    mean, covariance = scores
    for _ in range(size):
        gain, fisher, variance = order_information(Scores(mean, covariance), votes=votes)
        worth = gain[i, j]
        worth[chosen] = -np.inf
        best = int(worth.argmax())
        chosen.append(best)
        a, b = i[best], j[best]
        seen = votes * fisher[a, b]
        along = covariance[:, a] - covariance[:, b]
        covariance = covariance - np.outer(along, along) * (seen / (1 + seen * variance[a, b]))
    return shuffle[chosen].tolist()


def systematic_sample(probability: Floats, rng: np.random.Generator) -> Ints:
    """The places of as many items as the probabilities sum to, each drawn with exactly its own; in ascending order.

    The items are laid end to end in random order, each as long as its probability, and one is taken at every whole step from a
    random start (Madow). The sum must be a whole number, and none may be over 1.
    """
    order = rng.permutation(len(probability))
    ends = np.cumsum(probability[order])
    steps = rng.random() + np.arange(round(float(ends[-1])))
    return np.sort(order[np.minimum(np.searchsorted(ends, steps, side="right"), len(order) - 1)])


def swiss_round(points: Floats, allowed: Bools, *, size: int, rng: np.random.Generator) -> list[Draw]:
    """A round of up to `size` pairs among those that are `allowed` (items, items), each item at most once.

    Items that were in fewer pairs so far come first, then those that are nearest in the share of votes they won. `points` is
    as for `fit_scores`. Never empty while a pair is allowed.
    """
    met = points + points.T
    votes = met.sum(axis=1)
    share = np.divide(points.sum(axis=1), votes, out=np.full(len(points), 0.5), where=votes > 0)
    rounds_so_far = (met > 0).sum(axis=1)
    i, j = _pairs(allowed)
    if not len(i):
        return []
    distance = np.round(np.abs(share[i] - share[j]), 9)
    fewest = rounds_so_far[i] + rounds_so_far[j]
    # Taking the nearest first may leave two over that have met already, or that are far apart: later rounds take it less
    # strictly.
    rounds = [
        _one_round(i, j, np.lexsort((distance + slack * rng.random(len(i)), fewest)), size)
        for slack in np.linspace(1e-6, 1, ROUNDS_DRAWN)
    ]
    worth = [(-len(each), int(fewest[each].sum()), round(float(distance[each].sum()), 6)) for each in rounds]
    rounds = [each for each, of_each in zip(rounds, worth, strict=True) if of_each == min(worth)]
    times = np.bincount(np.concatenate(rounds), minlength=len(i))
    drawn = np.sort(rounds[int(rng.integers(len(rounds)))])
    return _draws(i[drawn], j[drawn], times[drawn] / len(rounds))


def _one_round(i: Ints, j: Ints, order: Ints, size: int) -> Ints:
    """From the first pair on, those whose items are both free yet."""
    taken: set[int] = set()
    chosen: list[int] = []
    for place, a, b in zip(order.tolist(), i[order].tolist(), j[order].tolist(), strict=True):
        if a not in taken and b not in taken:
            taken |= {a, b}
            chosen.append(place)
            if len(chosen) == size:
                break
    return np.array(chosen, dtype=np.int64)


def _pairs(allowed: Bools) -> tuple[Ints, Ints]:
    i, j = np.nonzero(np.triu(allowed, 1))
    return i, j


def _draws(i: Ints, j: Ints, probability: Floats) -> list[Draw]:
    return [Draw(*each) for each in zip(i.tolist(), j.tolist(), np.minimum(probability, 1.0).tolist(), strict=True)]
