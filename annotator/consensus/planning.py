"""How many votes a comparison of generators needs, and what a number of votes will be able to tell.

A vote on a pair of images of generators i and j is y = 1 where i wins, 0 where j does, 1/2 for a tie. Its expectation is
σ(θ_i - θ_j). Per vote it carries the information w = p (1 - p), and has the variance v, of which the parts are

    ρ      between pairs of images: on some pairs most people prefer i, whoever is better on the whole
    1 - ρ  between people and answers on the same pair
    ψ      of one person's votes on these generators on different prompts, if people differ in taste

A share φ of ρ is the luck of single images, which a lucky image takes into all its pairs of the prompt; the rest is of the pair.
For G generators, N prompts, a random k of the K = G (G - 1) / 2 pairs of each prompt, m votes a pair, P people with equally
many votes, and with q = k / K and q₂ = k (k - 1) / (K (K - 1)), the Bradley–Terry scores have

    Var(θ̂_i - θ̂_j) = v / w² · ( 2 (1 - ρ + m (1 - φ) ρ) / (m N q G)  +  φ ρ (2 q + (G - 2) q₂) / (N q² G)  +  ψ / P )

which is the sandwich B⁻¹ C B⁻¹ for a balanced design, where B is the information and C the covariance of the sums of residuals.
For two generators and V = m N votes it is v / w² · (1 + (m - 1) ρ) / V: the design effect of L. Kish, "Survey Sampling" (1965).
So more votes on the same pairs help less and less, and new prompts always help.

Two people agree on a pair, where both name a winner, with probability A = 1 - 2 w (1 - ρ): from the agreement and ρ follows w.
`DEFAULTS` are near published image preferences; they give for 1,500 votes as 1,500 × 1, 500 × 3, 300 × 5 and 100 × 15 standard
deviations of .055, .064, .073 and .105 of a difference of two scores. From votes, all components are estimated by the mean
product of residuals of two votes that share a pair, an image, or a person (moments, as in the analysis of variance), and drawn
towards what is expected where they are few.

The formula takes pairs as drawn at random and scores as not far apart: with win rates of 95 % and more, intervals are wider.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE, bradley_terry_of_counts, count_comparisons
from annotator.consensus.codes import Floats, Ints, sigmoid, totals

NORMAL = NormalDist()
PAIR_SHARE = 0.19
AGREEMENT = 0.64
IMAGE_SHARE = 1.0
SECONDS, PRICE = 10.0, 0.05  # of a vote
WIN_RATE = 0.52
CONFIDENCE, POWER = 0.95, 0.8
ALTERNATIVES = (1, 2, 3, 5, 7, 10, 15)  # votes per pair
CLEAR = 2.0  # standard errors
# What is expected weighs as this many pairs of votes: it is right to about 0.08 and 0.3, and each pair of votes to about 1.
PAIR_SHARE_WEIGHT, IMAGE_SHARE_WEIGHT = 150.0, 11.0
SHARE_MOST = 0.99  # beyond it people would not differ at all
VOTES_ENOUGH = 50  # pairs of votes that share something: fewer do not tell how much that matters
ROUNDING = 1e-9


class Components(NamedTuple):
    """What one vote tells, and what votes share."""

    information: float  # w, at most 1/4
    variance: float  # v, at most w
    pair_share: float  # ρ
    image_share: float = IMAGE_SHARE  # φ
    taste_share: float = 0.0  # ψ

    @property
    def agreement(self) -> float:
        """How often two people agree on a pair where both name a winner."""
        return 1 - 2 * self.information * (1 - self.pair_share)


class Design(NamedTuple):
    generators: int
    prompts: float
    votes_per_pair: float
    pairs_per_prompt: float | None = None  # None: every generator with every other
    people: float | None = None  # None: so many that their tastes average out

    @property
    def pairs_possible(self) -> float:
        return self.generators * (self.generators - 1) / 2

    @property
    def pairs(self) -> float:
        return self.prompts * (self.pairs_possible if self.pairs_per_prompt is None else self.pairs_per_prompt)

    @property
    def votes(self) -> float:
        return self.pairs * self.votes_per_pair


class Outcome(NamedTuple):
    """What a design will be able to tell. Scores are log-odds."""

    votes: float
    difference_sd: float  # the standard deviation of the difference of two generators' scores
    difference_width: float  # how far its interval reaches to each side
    score_width: float  # the same of one score, whose sum over the generators is 0
    power: float  # the chance to find the better of two generators, where it wins `win_rate` of their pairs


class Budget(NamedTuple):
    answers: float  # votes and checks
    hours: float
    cost: float


def components(
    *,
    agreement: float | None = None,
    pair_share: float | None = None,
    image_share: float = IMAGE_SHARE,
    ties: float = 0.0,
    taste_share: float = 0.0,
) -> Components:
    """From what is expected.

    Args:
        agreement: how often two people agree on a pair where both name a winner, 1/2 to 1 (excluded); by default `AGREEMENT`, or
            as much as the share of ρ takes.
        pair_share: ρ, from 0 to 1; by default `PAIR_SHARE`, or as much as the agreement leaves room for.
        ties: the share of votes that name no winner.

    Raises:
        ValueError: a share outside of 0 … 1, or an agreement that cannot be with this share of ρ.
    """
    if agreement is None:
        agreement = max(AGREEMENT, (1 + (pair_share or 0.0)) / 2)
    if not 0.5 <= agreement < 1:
        raise ValueError("agreement must be at least 0.5, which chance gives, and below 1")
    room = 2 * agreement - 1
    share = min(PAIR_SHARE, room) if pair_share is None else pair_share
    for name, value in (("pair_share", share), ("image_share", image_share), ("ties", ties), ("taste_share", taste_share)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be from 0 to 1")
    if share > room + ROUNDING or share >= 1:
        raise ValueError(
            f"where two people agree on {agreement:.0%} of pairs, at most {room:.2f} of the variation can be between pairs"
            f" (pair_share is {share:g})"
        )
    information = (1 - agreement) / (2 * (1 - share))
    variance = information - ties / 4
    if variance <= 0:
        raise ValueError("with so many ties and so much agreement, no two votes would differ")
    return Components(information, variance, share, image_share, taste_share)


def difference_variance(design: Design, of: Components) -> float:
    """Var(θ̂_i - θ̂_j). Raises ValueError on a design that compares nothing."""
    g, n, m, possible = design.generators, design.prompts, design.votes_per_pair, design.pairs_possible
    if g < 2 or n <= 0 or m <= 0:
        raise ValueError("a plan needs two generators, one prompt and one vote per pair at least")
    k = possible if design.pairs_per_prompt is None else design.pairs_per_prompt
    if not 0 < k <= possible + ROUNDING:
        raise ValueError(f"{g} generators have from 1 to {possible:g} pairs per prompt")
    q = k / possible
    both = k * max(k - 1, 0) / (possible * (possible - 1)) if possible > 1 else 0.0
    rho, phi = of.pair_share, of.image_share
    by_pair = 2 * (1 - rho + m * (1 - phi) * rho) / (m * n * q * g)
    by_image = phi * rho * (2 * q + (g - 2) * both) / (n * q**2 * g)
    by_taste = of.taste_share / design.people if design.people else 0.0
    return of.variance / of.information**2 * (by_pair + by_image + by_taste)


def foretell(design: Design, of: Components, *, win_rate: float = WIN_RATE, confidence: float = CONFIDENCE) -> Outcome:
    """What the design will be able to tell. `win_rate` is that of the better of two generators against the other."""
    variance = difference_variance(design, of)
    deviation, z = math.sqrt(variance), _z(confidence)
    return Outcome(
        votes=design.votes,
        difference_sd=deviation,
        difference_width=z * deviation,
        score_width=z * math.sqrt(variance * _part_of_score(design.generators)),
        power=NORMAL.cdf(log_odds(win_rate) / deviation - z),
    )


def budget(votes: float, *, seconds: float = SECONDS, price: float = PRICE, checks: float = 0.0) -> Budget:
    """`checks` is the share of all answers that are gold, repeats or training; `price` is of an answer."""
    answers = votes / (1 - checks)
    return Budget(answers, answers * seconds / 3600, answers * price)


def same_votes(design: Design) -> list[Design]:
    """Designs with as many votes on fewer or more pairs, and this one among them, by votes per pair; of one prompt at least."""
    votes = design.prompts * design.votes_per_pair
    numbers = sorted({*(number for number in ALTERNATIVES if number <= votes), design.votes_per_pair})
    return [design._replace(votes_per_pair=number, prompts=votes / number) for number in numbers]


# --- the other way round


def variance_for_width(width: float, generators: int, *, confidence: float = CONFIDENCE) -> float:
    """The Var(θ̂_i - θ̂_j) at which the interval of a score reaches `width` to each side."""
    if width <= 0:
        raise ValueError("the width must be above 0")
    return (width / _z(confidence)) ** 2 / _part_of_score(generators)


def variance_for_power(difference: float, power: float = POWER, *, confidence: float = CONFIDENCE) -> float:
    """The Var(θ̂_i - θ̂_j) at which a true difference of two scores is found with this chance."""
    if difference <= 0 or not 0 < power < 1:
        raise ValueError("the difference must be above 0, and the power between 0 and 1")
    z = _z(confidence) + NORMAL.inv_cdf(power)
    return (difference / z) ** 2 if z > 0 else math.inf


def prompts_for(design: Design, of: Components, variance: float) -> float:
    """How many prompts, with the same pairs and votes on each, come down to this variance; infinite if none do."""
    by_taste = _taste(design, of)
    if variance <= by_taste:
        return math.inf
    of_one = difference_variance(design._replace(prompts=1, people=None), of)
    return max(1.0, math.ceil(of_one / (variance - by_taste) - ROUNDING))


def votes_per_pair_for(design: Design, of: Components, variance: float) -> float:
    """How many votes on each of the same pairs come down to this variance (not rounded); infinite if none do.

    However many votes there are, what the pairs have in themselves stays.
    """
    stays = difference_variance(design._replace(votes_per_pair=1e12), of)
    if variance <= stays:
        return math.inf
    return (difference_variance(design._replace(votes_per_pair=1), of) - stays) / (variance - stays)


def _taste(design: Design, of: Components) -> float:
    return of.variance / of.information**2 * of.taste_share / design.people if design.people else 0.0


# --- from votes


class VoteColumns(NamedTuple):
    """Codes, one per vote. The first of two items is the one with the lower code; `outcome` is 1, 1/2 or 0 for it."""

    first: Ints
    second: Ints
    outcome: Floats
    pair: Ints  # of images
    prompt: Ints | None  # None: not known
    person: Ints


class Estimated(NamedTuple):
    components: Components
    design: Design  # as it was on average
    agreement: float  # of two people on a pair, where both name a winner; as expected, if too few did
    assumed: list[str]  # what the votes do not tell, and was taken from what is expected


def oriented(left: Ints, right: Ints, outcome_of_left: Floats) -> tuple[Ints, Ints, Floats]:
    """Each vote with the item of the lower code first."""
    is_swapped = left > right
    first, second = np.where(is_swapped, right, left), np.where(is_swapped, left, right)
    return first, second, np.where(is_swapped, 1 - outcome_of_left, outcome_of_left)


def estimate(votes: VoteColumns, *, expected: Components) -> Estimated:
    """The components that votes show, and where they do not, those that are expected. Intervals of few votes are rough.

    Raises:
        ValueError: no votes, or none on which anybody differs.
    """
    if not len(votes.outcome):
        raise ValueError("there are no votes to estimate from")
    items = int(max(votes.first.max(), votes.second.max())) + 1
    score = _scores(votes, items)
    rate = sigmoid(score[votes.first] - score[votes.second])
    residual = votes.outcome - rate
    information = float((rate * (1 - rate)).mean())
    scale = len(rate) / max(len(rate) - len(np.union1d(votes.first, votes.second)) + 1, 1)  # the scores follow the votes a little
    variance = min(float((residual**2).mean()) * scale, information)
    if variance <= ROUNDING:
        raise ValueError("nobody differs in these votes, so they do not tell how much people do")

    assumed = []
    pair = _groups(votes.pair)
    shared_by_pair = _mean_product(residual, [pair], None)
    rho = expected.pair_share
    # Where each two generators have one pair only, what is of the pair cannot be told from what is of the generators.
    has_pairs = int(pair.max()) + 1 > len(np.unique(votes.first * items + votes.second))
    if has_pairs and shared_by_pair.pairs >= VOTES_ENOUGH:
        rho = min(_shrunk(shared_by_pair.mean * scale / variance, rho, shared_by_pair.pairs / PAIR_SHARE_WEIGHT), SHARE_MOST)
    else:
        assumed.append("pair_share")
    phi = expected.image_share
    shared_by_image = _by_image(votes, residual, pair)
    if shared_by_image is not None and shared_by_image.pairs >= VOTES_ENOUGH and rho > 0:
        weight = shared_by_image.pairs * (rho / 2) ** 2 / IMAGE_SHARE_WEIGHT
        phi = _shrunk(2 * shared_by_image.mean * scale / (rho * variance), phi, weight)
    elif len(np.union1d(votes.first, votes.second)) > 2:
        assumed.append("image_share")
    else:
        phi = 1.0  # of two generators, an image is in one pair
    psi = expected.taste_share
    person = _groups((votes.person * items + votes.first) * items + votes.second)
    shared_by_person = _mean_product(residual, [person], pair)
    if shared_by_person.pairs >= VOTES_ENOUGH:
        psi = float(np.clip(shared_by_person.mean * scale / variance, 0.0, SHARE_MOST))
        if psi < CLEAR / math.sqrt(shared_by_person.pairs):  # of independent votes, chance gives as much
            psi = 0.0
    else:
        assumed.append("taste_share")
    agreement = _agreement(votes.outcome, pair)
    if agreement is None:
        assumed.append("agreement")
    return Estimated(
        Components(information, variance, rho, phi, psi),
        _design(votes, pair),
        expected.agreement if agreement is None else agreement,
        assumed,
    )


def _shrunk(found: float, expected: float, weight: float) -> float:
    """Between what was found, of this weight, and what is expected, which weighs 1."""
    return float(np.clip((weight * found + expected) / (weight + 1), 0.0, 1.0))


def _agreement(outcome: Floats, pair: Ints) -> float | None:
    size = int(pair.max()) + 1
    against, for_ = (totals(pair, (outcome == side).astype(np.float64), size) for side in (0.0, 1.0))
    both = (against + for_) * (against + for_ - 1)
    alike = against * (against - 1) + for_ * (for_ - 1)
    return float(alike.sum() / both.sum()) if both.sum() / 2 >= VOTES_ENOUGH else None


def _scores(votes: VoteColumns, items: int) -> Floats:
    """By Bradley and Terry, ties being half a win. Half a win each way beforehand keeps those of few votes finite."""
    winner = np.where(votes.outcome == 1, LEFT, np.where(votes.outcome == 0, RIGHT, TIE))
    wins, tied = count_comparisons(votes.first, votes.second, winner, n_generators=items)
    return np.nan_to_num(bradley_terry_of_counts(wins, tied, prior=0.5, split=True).score)


class _Shared(NamedTuple):
    mean: float  # of the products of two residuals
    pairs: float  # of votes


def _mean_product(residual: Floats, groups: list[Ints], apart: Ints | None) -> _Shared:
    """Over all two votes in one group, and not in one of `apart`."""
    total = pairs = 0.0
    for group in groups:
        size = int(group.max(initial=-1)) + 1
        sums, number = totals(group, residual, size), totals(group, np.ones(len(group)), size)
        total += float((sums**2).sum())
        pairs += float((number**2).sum())
        inner = np.arange(len(group)) if apart is None else _groups(group * (int(apart.max(initial=0)) + 1) + apart)
        size = int(inner.max(initial=-1)) + 1
        sums, number = totals(inner, residual, size), totals(inner, np.ones(len(inner)), size)
        total -= float((sums**2).sum())
        pairs -= float((number**2).sum())
    return _Shared(total / pairs if pairs else 0.0, pairs / 2)


def _by_image(votes: VoteColumns, residual: Floats, pair: Ints) -> _Shared | None:
    """Over two votes on different pairs of a prompt that have an image in common, each seen from that image."""
    if votes.prompt is None:
        return None
    items = int(votes.second.max()) + 1
    image = _groups(np.concatenate([votes.prompt * items + votes.first, votes.prompt * items + votes.second]))
    return _mean_product(np.concatenate([residual, -residual]), [image], np.concatenate([pair, pair]))


def _groups(codes: Ints) -> Ints:
    return np.unique(codes, return_inverse=True)[1].reshape(-1)


def _design(votes: VoteColumns, pair: Ints) -> Design:
    """The mean design: votes on the pairs that have some, pairs of the prompts that have some."""
    pairs = int(pair.max()) + 1
    generators = len(np.union1d(votes.first, votes.second))
    possible = generators * (generators - 1) / 2
    prompts = pairs / possible if votes.prompt is None else len(np.unique(votes.prompt))
    per_prompt = min(pairs / max(prompts, 1), possible)
    prompts = pairs / per_prompt
    # People with few votes count for less: the number of people with equal votes that would average as well.
    by_person = np.bincount(_groups(votes.person)).astype(np.float64)
    people = by_person.sum() ** 2 / (by_person**2).sum()
    return Design(generators, prompts, len(pair) / pairs, per_prompt, people)


def log_odds(win_rate: float) -> float:
    """The difference of scores at this win rate. Raises ValueError outside of 0 … 1."""
    if not 0 < win_rate < 1:
        raise ValueError("a win rate is between 0 and 1")
    return math.log(win_rate / (1 - win_rate))


def _z(confidence: float) -> float:
    return NORMAL.inv_cdf((1 + confidence) / 2)


def _part_of_score(generators: int) -> float:
    """Of the variance of a difference, that of one score around the mean of all."""
    return (generators - 1) / (2 * generators)
