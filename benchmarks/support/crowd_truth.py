"""What the figures of a campaign estimate: their values over all pairs, prompts and people there could be.

Everything is an expectation of chances, never of votes, so that a sample of prompts and people says it nearly exactly, and so
that nothing is read from the votes whose figures are to be judged. `Moments` can be added up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from annotator.consensus.score_model import ScoreModel, fit_scores
from benchmarks.support.collected import CHOICES, VOTES_MOST, A, B, Collected
from benchmarks.support.crowds import (
    AGAIN,
    CROWDS,
    GENERATORS,
    GUESS,
    PEOPLE,
    Floats,
    Ints,
    People,
    Prompts,
    chances,
    choices_of,
    draw_people,
    draw_prompts,
)

BANK_CROWDS, BANK_PROMPTS = 30, 150  # of crowds, and of prompts that each judges
SAME_PROMPTS = 150  # that the people of a campaign judge in place of all
POPULATION = 300  # people who stand for all when one pair is split among them
VOTE_PROMPTS = 250  # on which the stopping rule is replayed
ORDER = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]])  # a, then ties, then b
OVERLAPS = (2, 5)
DRAWS = 2  # of votes per pair, for the figures that have no short formula


class Moments(NamedTuple):
    """Sums over pairs."""

    pairs: float
    both: Floats  # (choices, choices): what two different people say of one pair
    again: float  # that one person says the same of a pair in two new answers
    left: Floats  # (2,): answers for the image on the left, and for one of the two
    table: Floats  # (3, generators, generators): of one answer, by winner, left and right, as `ScoreModel` has it
    several: Floats  # (overlaps, 3): of so many votes, all the same; share of the leading one; entropy

    def plus(self, other: Moments) -> Moments:
        return Moments(
            self.pairs + other.pairs,
            self.both + other.both,
            self.again + other.again,
            self.left + other.left,
            self.table + other.table,
            self.several + other.several,
        )


def moments(rng: np.random.Generator, people: People, prompts: Prompts, prompt: Ints, a: Ints, b: Ints) -> Moments:
    """Of pairs, one per row, judged by all these people."""
    who = np.arange(len(people.skill))
    rows = (prompt[:, None], a[:, None], b[:, None])
    by_side = [chances(people, who, prompts, *rows, is_left) for is_left in (True, False)]  # (pairs, people, choices) each
    chance = (by_side[0] + by_side[1]) / 2
    total = chance.sum(axis=1)
    both = total.T @ total - np.einsum("ijc,ijd->cd", chance, chance)
    number = len(who)
    left = (by_side[0][..., A] + by_side[1][..., B]).sum()
    decided = (by_side[0] + by_side[1])[..., :2].sum()
    table = np.zeros((3, GENERATORS, GENERATORS))
    for found, (on_left, on_right), (its, others) in ((by_side[0], (a, b), (A, B)), (by_side[1], (b, a), (B, A))):
        mean = found.mean(axis=1) / 2
        for winner, share in enumerate((mean[:, its], mean[:, others], mean[:, 2:].sum(axis=1))):
            np.add.at(table[winner], (on_left, on_right), share)
    looks = ~people.guesses
    again = float((chance[:, looks] ** 2).sum() / number + len(prompt) * (~looks).mean() * (GUESS**2).sum())
    return Moments(
        pairs=float(len(prompt)),
        both=both / (number * (number - 1)),
        again=again,
        left=np.array([left, decided]) / (2 * number),
        table=table,
        several=np.array([_of_several(rng, chance, votes) for votes in OVERLAPS]),
    )


def _of_several(rng: np.random.Generator, chance: Floats, votes: int) -> Floats:
    found = np.zeros(3)
    ways = np.zeros((votes + 1, len(chance), CHOICES))  # elementary symmetric sums: all of some people say the same
    ways[0] = 1
    for person in range(chance.shape[1]):
        for size in range(votes, 0, -1):
            ways[size] += ways[size - 1] * chance[:, person]
    found[0] = ways[votes].sum() / _ways(chance.shape[1], votes)
    for _ in range(DRAWS):
        who = rng.random(chance.shape[:2]).argsort(axis=1)[:, :votes]
        said = choices_of(rng, np.take_along_axis(chance, who[..., None], axis=1))
        share = (said[..., None] == np.arange(CHOICES)).mean(axis=1)
        logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
        found[1:] += np.array([share.max(axis=1).sum(), -(share * logs).sum()]) / DRAWS
    return found


def _ways(people: int, votes: int) -> float:
    return float(np.prod([(people - k) / (k + 1) for k in range(votes)]))


def of_pairs(seed: int, collected: Collected, crowd: str) -> Moments:
    """Of the pairs of a campaign, judged by other people."""
    rng, of = np.random.default_rng([seed, 3]), collected.pairs
    return moments(rng, draw_people(rng, CROWDS[crowd], balanced=True), collected.prompts, of.prompt, of.a, of.b)


@lru_cache(maxsize=8)
def of_crowd(name: str) -> Moments:
    """Of every pair of generators alike: many crowds, each with prompts of its own."""
    rng = np.random.default_rng(20_240_601)
    found = None
    prompts = draw_prompts(rng, BANK_CROWDS * BANK_PROMPTS, balanced=True)
    shuffled = rng.permutation(len(prompts.value))
    for part in np.array_split(shuffled, BANK_CROWDS):
        people = draw_people(rng, CROWDS[name], balanced=True)
        people = people._replace(taste=people.taste - people.taste.mean(axis=0))
        some = moments(rng, people, prompts, *_every_pair(rng, part))
        found = some if found is None else found.plus(some)
    assert found is not None
    return found


def _every_pair(rng: np.random.Generator, prompts: Ints) -> tuple[Ints, Ints, Ints]:
    """All pairs of generators of each prompt, in a random order."""
    i, j = np.triu_indices(GENERATORS, 1)
    prompt = np.repeat(prompts, len(i))
    one, other = np.tile(i, len(prompts)), np.tile(j, len(prompts))
    swapped = rng.random(len(prompt)) < 0.5
    return prompt, np.where(swapped, other, one), np.where(swapped, one, other)


@lru_cache(maxsize=1)
def _bank() -> tuple[Prompts, tuple[Ints, Ints, Ints]]:
    rng = np.random.default_rng(20_240_602)
    return draw_prompts(rng, SAME_PROMPTS, balanced=True), _every_pair(rng, np.arange(SAME_PROMPTS))


def agreement_values(found: Moments, votes: int) -> dict[str, float]:
    """The figures of agreement, where each pair has so many first votes."""
    both = found.both / found.pairs
    several = found.several[OVERLAPS.index(votes)] / found.pairs
    ordered = ORDER.T @ both @ ORDER
    share = ordered.sum(axis=1)
    up_to = np.cumsum(share)
    distance = (up_to[None, :] - up_to[:, None] + (share[:, None] - share[None, :]) / 2) ** 2
    return {
        "alpha": 1 - (1 - np.trace(both)) / (1 - (both.sum(axis=1) ** 2).sum()),
        "ordinal alpha": 1 - (ordered * distance).sum() / (np.outer(share, share) * distance).sum(),
        "same answer": float(np.trace(both)),
        "unanimous": float(several[0]),
        "leading share": float(several[1]),
        "entropy": float(several[2]),
        "left share": float(found.left[0] / found.left[1]),
    }


def values(found: Moments, votes: int) -> dict[str, Floats | float]:
    """What the figures of a campaign are of, by name: those that its own people have no part in."""
    on_left, on_right = side_rates(found)
    agreement = agreement_values(found, votes)
    return {
        **agreement,
        **{f"audit pairs: {name}": agreement[name] for name in ("alpha", "ordinal alpha", "same answer")},
        "win rate": win_rates(found),
        "win rate on the left": on_left,
        "win rate on the right": on_right,
    }


def repeats_alike(found: Moments, people: People) -> float:
    """How often people of these kinds answer a repeat as they did before."""
    guessing = float(people.guesses.mean())
    looking = found.again / found.pairs - guessing * float((GUESS**2).sum())  # who look, and say the same in a new answer
    return found.again / found.pairs + AGAIN * (1 - guessing - looking)


def win_rates(found: Moments) -> Floats:
    """Of each generator: wins among the answers for one image."""
    for_left, for_right, _ = found.table
    wins = for_left + for_right.T
    return np.asarray(wins.sum(axis=1) / (wins + wins.T).sum(axis=1))


def side_rates(found: Moments) -> tuple[Floats, Floats]:
    """The same where it is on the left, and where it is on the right."""
    for_left, for_right, _ = found.table
    met = for_left + for_right
    return for_left.sum(axis=1) / met.sum(axis=1), for_right.sum(axis=0) / met.sum(axis=0)


class Board(NamedTuple):
    """What a leaderboard estimates, with and without a term for the side."""

    score: Floats
    score_with_side: Floats
    side: float
    beats: Floats  # P(i is preferred to j), a tie as half


@lru_cache(maxsize=8)
def board_of_crowd(crowd: str) -> Board:
    table = of_crowd(crowd).table
    if CROWDS[crowd].guessing == 1:  # nothing but noise: what is left is rounding
        return Board(np.zeros(GENERATORS), np.zeros(GENERATORS), 0.0, np.full((GENERATORS, GENERATORS), 0.5))
    plain, sided = (fit_scores(ScoreModel(GENERATORS, has_side=has), table).parameters for has in (False, True))
    won = table[0] + table[1].T + (table[2] + table[2].T) / 2
    with np.errstate(invalid="ignore"):
        return Board(plain[:GENERATORS], sided[:GENERATORS], float(sided[GENERATORS]), won / (won + won.T))


@lru_cache(maxsize=8)
def population_of(crowd: str) -> People:
    """People who stand for everybody."""
    people = draw_people(np.random.default_rng(20_240_604), CROWDS[crowd], POPULATION, balanced=True)
    return people._replace(taste=people.taste - people.taste.mean(axis=0))


def splits(collected: Collected, crowd: str) -> Floats:
    """The share of the population that would give each choice, of each pair of a campaign: (pairs, choices)."""
    people, of = population_of(crowd), collected.pairs
    who, rows = np.arange(POPULATION), (of.prompt[:, None], of.a[:, None], of.b[:, None])
    sides = [chances(people, who, collected.prompts, *rows, is_left).mean(axis=1) for is_left in (True, False)]
    return np.asarray((sides[0] + sides[1]) / 2)


@lru_cache(maxsize=8)
def votes_of_crowd(crowd: str, votes: int) -> Ints:
    """Votes of different people on many pairs, as they come: (pairs, votes)."""
    rng = np.random.default_rng(20_240_605)
    prompts = draw_prompts(rng, VOTE_PROMPTS, balanced=True)
    prompt, a, b = _every_pair(rng, np.arange(VOTE_PROMPTS))
    said = np.empty((len(prompt), votes), dtype=np.int64)
    for part in np.array_split(np.arange(len(prompt)), 15):
        people = draw_people(rng, CROWDS[crowd], balanced=True)
        who = rng.random((len(part), PEOPLE)).argsort(axis=1)[:, :votes]
        rows = (prompt[part, None], a[part, None], b[part, None])
        said[part] = choices_of(rng, chances(people, who, prompts, *rows, rng.random(who.shape) < 0.5))
    return said


def left_of_people(people: People) -> Floats:
    """How often each of these people takes the left image, among their answers for one image: (people,)."""
    prompts, (prompt, a, b) = _bank()
    who, rows = np.arange(len(people.skill)), (prompt[:, None], a[:, None], b[:, None])
    on_left, on_right = (chances(people, who, prompts, *rows, is_left).sum(axis=0) for is_left in (True, False))
    return np.asarray((on_left[:, A] + on_right[:, B]) / (on_left + on_right)[:, :2].sum(axis=1))


def prepare(crowd: str) -> None:
    """Compute what is kept, so that processes that are forked have it."""
    board_of_crowd(crowd)
    population_of(crowd)
    gold_of_crowd(crowd)
    votes_of_crowd(crowd, VOTES_MOST)


@lru_cache(maxsize=8)
def gold_of_crowd(crowd: str) -> float:
    """How often the people of a crowd are right on gold."""
    return float(draw_people(np.random.default_rng(20_240_606), CROWDS[crowd], 100 * POPULATION, balanced=True).gold.mean())
