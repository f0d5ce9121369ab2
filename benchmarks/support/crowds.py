"""Crowds of simulated people, and how they answer: whatever a campaign could publish about them can be computed.

Image g of a prompt has a value, that of its generator and a deviation of its own. A person sees the values, with a taste of
their own in generators, and compares them as sharply as they can:

    d = skill · (value of a - value of b) ± lean        + where a is on the left
    P(a) = σ(d - TIE),   P(b) = σ(-d - TIE),   the rest is a tie: both good, the more likely the higher both values are

People who guess answer by `GUESS`, whatever they see. People of another taste see half of the prompts the other way round.
All else is drawn anew for each campaign, and so is who is of which kind: each person with the probability that is its share.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SCORES = np.array([0.6, 0.35, 0.15, -0.1, -0.35, -0.65])
GENERATORS, PEOPLE = len(SCORES), 30
IMAGE_SPREAD, TASTE_SPREAD = 0.7, 0.25
SKILL, SKILL_SPREAD = 1.5, 0.3  # its median, and the spread of its logarithm
TIE, GOOD_SLOPE = 0.35, 1.5
GUESS = np.array([0.4, 0.4, 0.1, 0.1])
GOLD, GOLD_SPREAD, GOLD_MOST = 0.9, 0.04, 0.98  # how often somebody who looks is right on gold
AGAIN = 0.6  # of repeats that somebody who looks knows again; the others they judge anew
CONTESTED = 0.5  # of prompts, on which tastes differ


class Crowd(NamedTuple):
    """What is unusual about it, as shares of its people or as a mean."""

    guessing: float = 0.0
    other_taste: float = 0.0
    lean: float = 0.0  # towards the left, in natural logarithms of odds
    lean_spread: float = 0.0


CROWDS = {
    "honest": Crowd(),
    "20 % spammers": Crowd(guessing=0.2),
    "left bias": Crowd(lean=0.4, lean_spread=0.15),
    "pure noise": Crowd(guessing=1.0),
    "two tastes": Crowd(other_taste=0.2),
}


class People(NamedTuple):
    skill: Floats  # (people,)
    taste: Floats  # (people, generators)
    lean: Floats
    gold: Floats  # how often they are right on gold
    guesses: Bools
    is_other: Bools  # of the other taste


class Prompts(NamedTuple):
    value: Floats  # (prompts, generators)
    is_contested: Bools  # (prompts,)


def draw_people(rng: np.random.Generator, crowd: Crowd, number: int = PEOPLE, *, balanced: bool = False) -> People:
    """`balanced`: exactly the share of each kind, so that a sample is nearer to all people there could be."""
    taste = rng.normal(0, TASTE_SPREAD, (number, GENERATORS))
    place = (np.arange(number) + 0.5) / number if balanced else rng.random(number)
    guesses = place < crowd.guessing
    return People(
        skill=SKILL * np.exp(rng.normal(0, SKILL_SPREAD, number)),
        taste=taste,
        lean=rng.normal(crowd.lean, crowd.lean_spread, number),
        gold=np.where(guesses, GUESS[0], np.clip(rng.normal(GOLD, GOLD_SPREAD, number), 0, GOLD_MOST)),
        guesses=guesses,
        is_other=place >= 1 - crowd.other_taste,
    )


def draw_prompts(rng: np.random.Generator, number: int, *, balanced: bool = False) -> Prompts:
    """`balanced`: the images of each generator deviate by 0 on average, and exactly half of the prompts are contested, so that
    a large sample is nearer to all there could be."""
    deviation = rng.normal(0, IMAGE_SPREAD, (number, GENERATORS))
    is_contested = rng.random(number) < CONTESTED
    if balanced:
        deviation -= deviation.mean(axis=0)
        is_contested = np.arange(number) < CONTESTED * number
    return Prompts(SCORES + deviation, is_contested)


def chances(people: People, who: Ints, prompts: Prompts, prompt: Ints, a: Ints, b: Ints, a_on_left: Bools | bool) -> Floats:
    """Of each choice: the arguments have any shapes that fit together, and the result one axis more, of four choices."""
    value_a = prompts.value[prompt, a] + people.taste[who, a]
    value_b = prompts.value[prompt, b] + people.taste[who, b]
    turned = np.where(people.is_other[who] & prompts.is_contested[prompt], -1.0, 1.0)
    d = turned * people.skill[who] * (value_a - value_b) + np.where(a_on_left, 1.0, -1.0) * people.lean[who]
    for_a, for_b = 1 / (1 + np.exp(TIE - d)), 1 / (1 + np.exp(TIE + d))
    tie = 1 - for_a - for_b
    good = tie / (1 + np.exp(-GOOD_SLOPE * (value_a + value_b) / 2))
    found = np.stack([for_a, for_b, good, tie - good], axis=-1)
    return np.where(np.broadcast_to(people.guesses[who], d.shape)[..., None], GUESS, found)


def choices_of(rng: np.random.Generator, chance: Floats) -> Ints:
    """One choice by each row of chances (…, choices)."""
    return np.asarray((rng.random((*chance.shape[:-1], 1)) > chance.cumsum(axis=-1)[..., :-1]).sum(axis=-1))
