"""The answers of a whole campaign, made up in memory: careful people, people of another taste, and people who guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotator.consensus.trust import NONE
from annotator.quality.answers import Given

REGULAR, GOLD, REPEAT = range(3)


@dataclass(frozen=True)
class Kind:
    """`right`: how often they answer as they mean to. `opposite`: the share of pairs, the same ones for all of the kind, on which
    they mean the other image; on gold nobody does. Who guesses answers one of so many choices, whatever the pair."""

    people: int
    right: float = 0.9
    opposite: float = 0.0
    guess_among: int = 0


def answers_of(kinds: list[Kind], *, answers: int, seed: int, votes: int = 5) -> tuple[Given, np.ndarray]:
    """Everybody's answers to pairs with two choices, round by round, and the kind of each member.

    Every tenth is gold and every twentieth a repeat with its sides swapped, as the defaults of a campaign have it.
    """
    rng = np.random.default_rng(seed)
    kind_of = np.repeat(np.arange(len(kinds)), [kind.people for kind in kinds])
    people = len(kind_of)
    pairs, gold = people * answers // votes, answers // 10 + 1
    truth = rng.integers(0, 2, pairs + gold)
    is_opposite = rng.random((len(kinds), pairs + gold)) < np.array([[kind.opposite] for kind in kinds])
    is_opposite[:, pairs:] = False
    judges = np.argsort(rng.random((pairs, people)), axis=1)[:, :votes]
    rows = []
    for person in range(people):
        kind = kinds[kind_of[person]]
        regular = rng.permutation(np.flatnonzero((judges == person).any(axis=1))).tolist()
        checks, earlier = (pairs + rng.permutation(gold)).tolist(), []
        for number in range(answers):
            a_on_left, known = int(rng.integers(2)), NONE
            if number % 20 == 19:
                what, (pair, a_was_on_left) = REPEAT, earlier.pop(0)
                a_on_left = 1 - a_was_on_left
            elif number % 10 == 4:
                what, pair = GOLD, checks.pop()
                known = int(truth[pair])
            elif not regular:
                break
            else:
                what, pair = REGULAR, regular.pop()
            wanted = int(truth[pair] ^ is_opposite[kind_of[person], pair])
            choice = wanted if rng.random() < kind.right else 1 - wanted
            choice = int(rng.integers(kind.guess_among)) if kind.guess_among else choice
            if what == REGULAR:
                earlier.append((pair, a_on_left))
            rows.append((number, person, pair, choice, what, known, int((choice == 0) == bool(a_on_left))))
    rows.sort(key=lambda row: row[0])
    columns = np.array(rows).T
    names = ("member", "pair", "choice", "kind", "known", "is_left")
    nothing = {"speed": np.zeros(len(rows), dtype=np.int64), "counts": np.ones(len(rows), dtype=np.int64)}
    return Given(**dict(zip(names, columns[1:], strict=True)), **nothing), kind_of


def first_answers_of(given: Given, number: int, people: int) -> Given:
    """So many answers of everybody, of those that were given round by round."""
    return Given(*(column[: number * people] for column in given))
