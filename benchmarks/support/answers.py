"""A simulated campaign as the application reads it: the votes with gold and repeats between them, as columns."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from annotator.quality.answers import Given
from annotator.scoring.statistics.load import (
    GOLD,
    NONE,
    REGULAR,
    REPEAT,
    SETTLED,
    CampaignData,
    Overlap,
    Pairs,
    Votes,
    empty,
)
from benchmarks.support.collected import CHOICE_NAMES, CHOICES, PROMPTS, STOP_CONFIDENCE, A, B, Collected
from benchmarks.support.crowds import AGAIN, GENERATORS, GUESS, PEOPLE, Ints, choices_of

GOLD_PAIRS, GOLD_RATE, REPEAT_RATE = 40, 0.1, 0.05  # answers on gold and repeats, for each regular one
GOLD_CHOICES = np.arange(GOLD_PAIRS) % 2  # a and b


class Answers(NamedTuple):
    """One row per answer, in the order in which they were given. Gold pairs come after the others."""

    pair: Ints
    person: Ints
    choice: Ints
    a_on_left: Ints
    kind: Ints
    known: Ints  # the right choice, of gold; else NONE


def answers_of(seed: int, collected: Collected) -> Answers:
    """The regular votes, with gold and repeats where the rates have them."""
    rng = np.random.default_rng([seed, 1])
    votes = collected.votes
    number = len(votes.pair)
    at_gold = np.flatnonzero(rng.random(number) < GOLD_RATE)
    gold = rng.integers(0, GOLD_PAIRS, len(at_gold))
    known = GOLD_CHOICES[gold]
    is_right = rng.random(len(gold)) < collected.people.gold[votes.person[at_gold]]
    others = np.where(known[:, None] == np.arange(CHOICES), 0.0, GUESS)
    missed = choices_of(rng, others / others.sum(axis=1, keepdims=True))
    at_again, first = _earlier(rng, votes.person)
    pair, person, was = votes.pair[first], votes.person[at_again], votes.choice[first]
    on_left = rng.random(len(first)) < 0.5
    anew = choices_of(rng, collected.chances_of(collected.people, pair, person, on_left))
    knows = (rng.random(len(first)) < AGAIN) & ~collected.people.guesses[person]
    time = np.concatenate([np.arange(number), at_gold + 0.3, at_again + 0.6])
    columns = (
        np.concatenate([votes.pair, len(collected.pairs) + gold, pair]),
        np.concatenate([votes.person, votes.person[at_gold], person]),
        np.concatenate([votes.choice, np.where(is_right, known, missed), np.where(knows, was, anew)]),
        np.concatenate([votes.a_on_left, rng.random(len(gold)) < 0.5, on_left]),
        np.repeat([REGULAR, GOLD, REPEAT], [number, len(gold), len(first)]),
        np.concatenate([np.full(number, NONE), known, np.full(len(first), NONE)]),
    )
    order = np.argsort(time, kind="stable")
    return Answers(*(column[order] for column in columns))


def _earlier(rng: np.random.Generator, person: Ints) -> tuple[Ints, Ints]:
    """When a repeat is shown, and the earlier vote of the same person that it repeats; each vote at most once."""
    before: list[list[int]] = [[] for _ in range(PEOPLE)]
    at, first = [], []
    is_due = rng.random(len(person)) < REPEAT_RATE
    for place, (who, repeats) in enumerate(zip(person.tolist(), is_due.tolist(), strict=True)):
        mine = before[who]
        if repeats and mine:
            at.append(place)
            first.append(mine.pop(int(rng.integers(len(mine)))))
        mine.append(place)
    return np.array(at, dtype=np.int64), np.array(first, dtype=np.int64)


def campaign_data(collected: Collected, answers: Answers) -> CampaignData:
    """As scoring/statistics/load.py reads it from the tables."""
    rule, of = collected.rule, collected.pairs
    number, regular = len(of), answers.kind == REGULAR
    rank = np.full(len(answers.kind), NONE)
    rank[regular] = collected.rank()
    gold, no_words = np.arange(GOLD_PAIRS), [""] * (PROMPTS + GOLD_PAIRS)
    votes_wanted = np.bincount(answers.pair[regular], minlength=number + GOLD_PAIRS)
    # The votes that make labels come first.
    first = np.argsort(~regular, kind="stable")
    none = np.zeros(len(first), dtype=np.int64)
    nothing = empty(Overlap(rule.votes_wanted, rule.votes_max, STOP_CONFIDENCE))
    return dataclasses.replace(
        nothing,
        votes=Votes(
            id=first,
            question=none,
            pair=answers.pair[first],
            member=answers.person[first],
            choice=answers.choice[first],
            a_on_left=answers.a_on_left[first].astype(np.bool_),
            kind=answers.kind[first],
            elapsed_ms=none + NONE,
            at=first,
            rank=rank[first],
        ),
        pairs=Pairs(
            id=np.arange(number + GOLD_PAIRS),
            prompt=np.concatenate([of.prompt, PROMPTS + gold]),
            generator_a=np.concatenate([of.a, gold % GENERATORS]),
            generator_b=np.concatenate([of.b, (gold + 1) % GENERATORS]),
            state=np.full(number + GOLD_PAIRS, SETTLED),
            gold=np.concatenate([np.full(number, NONE), GOLD_CHOICES]),
            in_review=np.zeros(number + GOLD_PAIRS, dtype=np.bool_),
            votes_wanted=votes_wanted,
            distance=np.full(number + GOLD_PAIRS, NONE),
            is_audit=np.concatenate([of.is_audit, gold < 0]),
            can_stop_early=np.full(number + GOLD_PAIRS, not rule.chooses),
            inclusion_probability=np.concatenate([of.inclusion, np.ones(GOLD_PAIRS)]),
        ),
        prompts=dataclasses.replace(nothing.prompts, texts=no_words, category=no_words, language=no_words),
        questions=[("overall", CHOICE_NAMES)],
        members=[f"person {person}" for person in range(PEOPLE)],
        is_machine=np.zeros(PEOPLE, dtype=np.bool_),
        generators=[f"generator {generator}" for generator in range(GENERATORS)],
    )


def given_of(answers: Answers) -> Given:
    """As quality/annotator_metrics.py reads it."""
    on_left = answers.a_on_left.astype(np.int64)
    left = np.where(answers.choice == A, on_left, 1 - on_left)
    return Given(
        member=answers.person,
        pair=answers.pair,
        choice=answers.choice,
        kind=np.select([answers.kind == REGULAR, answers.kind == GOLD], [0, 1], 2),
        known=answers.known,
        is_left=np.where(answers.choice <= B, left, 0),
        speed=np.full(len(left), NONE),
        counts=np.ones(len(left), dtype=np.int64),
    )
