"""Votes of simulated people, as a campaign collects them: with fixed overlap, adaptive overlap, or information gain.

The rules are the application's own functions: the first pairs (importing/pairing.py), the next ones (consensus/pairing.py, as
scoring/pair_batches.py uses it), and when a pair has enough votes (consensus/stopping.py, as scoring/settling.py uses it).
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import numpy as np

from annotator.choices import Choice, PairingRule
from annotator.consensus.pairing import fit_scores, informative_batch, prior_of_images
from annotator.consensus.stopping import is_decided
from annotator.importing.pairing import pairs_of
from annotator.scoring.confidence import fit_question
from benchmarks.support.crowds import (
    GENERATORS,
    PEOPLE,
    Bools,
    Crowd,
    Floats,
    Ints,
    People,
    Prompts,
    chances,
    choices_of,
    draw_people,
    draw_prompts,
)

PROMPTS = 100
CHOICE_NAMES = list(Choice.values)
CHOICES = len(CHOICE_NAMES)
GROUPS = (0, 0, 1, 2)  # a and b come in a random order
AUDIT_SHARE, STOP_CONFIDENCE = 0.05, 0.9
PAIRS_PER_IMAGE, RANDOM_SHARE = 4, 0.2  # of information gain
WAVES = 2  # of pairs that get their votes one after the other, so that what stops them is fitted to few votes at first
A, B = 0, 1


class Rule(NamedTuple):
    pairing: PairingRule
    votes_wanted: int
    votes_max: int

    @property
    def chooses(self) -> bool:
        """Whether votes decide which pairs are asked about."""
        return self.pairing == PairingRule.INFORMATION_GAIN

    @property
    def stops(self) -> bool:
        """Whether votes decide how many a pair gets."""
        return not self.chooses and self.votes_max > self.votes_wanted


RULES = {
    "fixed": Rule(PairingRule.RING, 5, 5),
    "adaptive": Rule(PairingRule.RING, 2, 7),
    "information_gain": Rule(PairingRule.INFORMATION_GAIN, 2, 6),
}
VOTES_MOST = max(rule.votes_max for rule in RULES.values())


class Pairs(NamedTuple):
    """One row per pair; `a` and `b` are generators."""

    prompt: Ints
    a: Ints
    b: Ints
    inclusion: Floats
    is_audit: Bools

    def __len__(self) -> int:
        return len(self.prompt)


class Votes(NamedTuple):
    """One row per vote, in the order in which they were given."""

    pair: Ints
    person: Ints
    choice: Ints
    a_on_left: Bools


class Collected(NamedTuple):
    rule: Rule
    people: People
    prompts: Prompts
    pairs: Pairs
    votes: Votes

    def chances_of(self, people: People, pair: Ints, person: Ints, a_on_left: Bools | bool) -> Floats:
        of = self.pairs
        return chances(people, person, self.prompts, of.prompt[pair], of.a[pair], of.b[pair], a_on_left)

    def counts(self, first: int | None = None) -> Ints:
        """Votes per pair and choice; of the `first` votes of each pair, or of all."""
        kept = slice(None) if first is None else self.rank() < first
        cells = self.votes.pair[kept] * CHOICES + self.votes.choice[kept]
        return np.bincount(cells, minlength=len(self.pairs) * CHOICES).reshape(-1, CHOICES)

    def rank(self) -> Ints:
        """The place of each vote among those of its pair, from 0."""
        order = np.argsort(self.votes.pair, kind="stable")
        start = np.searchsorted(self.votes.pair[order], self.votes.pair[order])
        result = np.empty(len(order), dtype=np.int64)
        result[order] = np.arange(len(order)) - start
        return result


def collect(seed: int, rule: Rule, crowd: Crowd) -> Collected:
    """A campaign from its first vote to its last."""
    rng = np.random.default_rng(seed)
    people, prompts = draw_people(rng, crowd), draw_prompts(rng, PROMPTS)
    if rule.chooses:
        return _by_information(rng, rule, people, prompts)
    return _by_overlap(rng, rule, people, prompts)


def _first_pairs(rng: np.random.Generator, rule: Rule) -> list[tuple[int, int, int, float]]:
    """Prompt, two generators in a random order, and the probability of the pair."""
    dice = Random(int(rng.integers(2**63)))
    made = []
    for prompt in range(PROMPTS):
        for i, j, probability in pairs_of(rule.pairing, GENERATORS, dice, pairs_per_image=PAIRS_PER_IMAGE):
            made.append((prompt, *((i, j) if dice.random() < 0.5 else (j, i)), probability))
    return made


def _pairs(made: list[tuple[int, int, int, float]], is_audit: Bools) -> Pairs:
    prompt, a, b, inclusion = (np.array(column) for column in zip(*made, strict=True))
    return Pairs(prompt, a, b, inclusion.astype(np.float64), is_audit)


def _strangers(rng: np.random.Generator, pairs: int, votes: int) -> Ints:
    """Different people for each pair, (pairs, votes)."""
    return rng.random((pairs, PEOPLE)).argsort(axis=1)[:, :votes]


def _by_overlap(rng: np.random.Generator, rule: Rule, people: People, prompts: Prompts) -> Collected:
    made = _first_pairs(rng, rule)
    number = len(made)
    is_audit = (rng.random(number) < AUDIT_SHARE) & rule.stops
    none = np.zeros(0, dtype=np.int64)
    empty = Collected(rule, people, prompts, _pairs(made, is_audit), Votes(none, none, none, none.astype(bool)))
    person, on_left = _strangers(rng, number, rule.votes_max), rng.random((number, rule.votes_max)) < 0.5
    said = choices_of(rng, empty.chances_of(people, np.arange(number)[:, None], person, on_left))
    counts = np.zeros((number, CHOICES), dtype=np.int64)
    given: list[tuple[Ints, int]] = []
    for wave in np.array_split(rng.permutation(number), WAVES):
        prior, waiting = None, wave
        for votes in range(rule.votes_max):
            if votes >= rule.votes_wanted:
                if prior is None or votes % 2 == 0:  # new votes have come in
                    prior = fit_question(counts, CHOICE_NAMES)
                stops = is_decided(prior, counts[waiting], votes_max=rule.votes_max, stop_confidence=STOP_CONFIDENCE)
                waiting = waiting[~stops | is_audit[waiting]]
            given.append((rng.permutation(waiting), votes))
            counts[waiting, said[waiting, votes]] += 1
    pair = np.concatenate([pairs for pairs, _ in given])
    rank = np.concatenate([np.full(len(pairs), votes) for pairs, votes in given])
    return empty._replace(votes=Votes(pair, person[pair, rank], said[pair, rank], on_left[pair, rank]))


def _by_information(rng: np.random.Generator, rule: Rule, people: People, prompts: Prompts) -> Collected:
    """Prompt by prompt, as scoring/pair_batches.py makes the batches: each looks at all votes before it."""
    made: list[tuple[int, int, int, float]] = []
    place: dict[tuple[int, int, int], int] = {}  # of a pair, by its prompt and two generators in order
    persons = np.zeros((0, PEOPLE), dtype=np.int64)
    asked = np.zeros((PROMPTS, GENERATORS, GENERATORS), dtype=np.int64)
    points = np.zeros((PROMPTS, GENERATORS, GENERATORS))
    votes: list[Votes] = []
    spent = np.zeros(0, dtype=np.int64)
    due = _first_pairs(rng, rule)
    planned, made_each = -(-GENERATORS * PAIRS_PER_IMAGE // 2), np.zeros(PROMPTS, dtype=np.int64)
    while due:
        rows = []
        for prompt, a, b, probability in due:
            key = (prompt, min(a, b), max(a, b))
            if key not in place:
                place[key] = len(made)
                made.append((prompt, a, b, probability))
            rows.append(place[key])
        pair = np.array(rows)
        fresh = len(made) - len(persons)
        persons = np.concatenate([persons, _strangers(rng, fresh, PEOPLE)])
        spent = np.concatenate([spent, np.zeros(fresh, dtype=np.int64)])
        pairs = _pairs(made, np.zeros(len(made), dtype=np.bool_))
        so_far = Collected(rule, people, prompts, pairs, Votes(pair, pair, pair, pair > 0))
        for _ in range(rule.votes_wanted):
            person, on_left = persons[pair, spent[pair]], rng.random(len(pair)) < 0.5
            said = choices_of(rng, so_far.chances_of(people, pair, person, on_left))
            votes.append(Votes(pair, person, said, on_left))
            spent[pair] += 1
            for_a = np.where(said == A, 1.0, np.where(said == B, 0.0, 0.5))
            np.add.at(points, (pairs.prompt[pair], pairs.a[pair], pairs.b[pair]), for_a)
            np.add.at(points, (pairs.prompt[pair], pairs.b[pair], pairs.a[pair]), 1 - for_a)
        for one, other in ((pairs.a, pairs.b), (pairs.b, pairs.a)):
            np.add.at(asked, (pairs.prompt[pair], one[pair], other[pair]), rule.votes_wanted)
        made_each += np.bincount(pairs.prompt[pair], minlength=PROMPTS)
        due = _next_batches(rng, rule, points, asked, planned - made_each)
    pairs = _pairs(made, np.zeros(len(made), dtype=np.bool_))
    columns = (np.concatenate(column) for column in zip(*votes, strict=True))
    return Collected(rule, people, prompts, pairs, Votes(*columns))


def _next_batches(
    rng: np.random.Generator, rule: Rule, points: Floats, asked: Ints, left: Ints
) -> list[tuple[int, int, int, float]]:
    everybody, codes = points.sum(axis=0), np.arange(GENERATORS)
    due = []
    for prompt in np.flatnonzero(left > 0).tolist():
        scores = fit_scores(points[prompt], prior_of_images(codes, everybody - points[prompt]))
        allowed = asked[prompt] + rule.votes_wanted <= rule.votes_max
        size = min(int(left[prompt]), GENERATORS // 2)
        drawn = informative_batch(scores, allowed, size=size, votes=rule.votes_wanted, random_share=RANDOM_SHARE, rng=rng)
        for i, j, probability in drawn:
            due.append((prompt, *((i, j) if rng.random() < 0.5 else (j, i)), probability))
    return due


# --- what a fixed overlap would have come to


def votes_beside(seed: int, collected: Collected) -> tuple[Pairs, Ints]:
    """Votes of the same people on the pairs that a ring makes of the same prompts, as many on each pair as any rule has, in the
    order in which they come: (pairs, votes)."""
    rng = np.random.default_rng([seed, 2])
    pairs = collected.pairs
    if collected.rule.chooses:
        made = _first_pairs(rng, RULES["fixed"])
        pairs = _pairs(made, np.zeros(len(made), dtype=np.bool_))
    person, on_left = _strangers(rng, len(pairs), VOTES_MOST), rng.random((len(pairs), VOTES_MOST)) < 0.5
    beside = collected._replace(pairs=pairs)
    return pairs, choices_of(rng, beside.chances_of(collected.people, np.arange(len(pairs))[:, None], person, on_left))


def by_votes(said: Ints) -> Ints:
    """Votes per choice of the first 1, 2, … of the votes on each pair: (pairs, votes) to (votes, pairs, choices)."""
    return np.asarray((said[..., None] == np.arange(CHOICES)).cumsum(axis=1).swapaxes(0, 1))


def order_error(prompts: Prompts, pairs: Pairs, counts: Ints) -> float:
    """The share of pairs of images of one prompt that come in the wrong order (Kendall's distance; a tie counts half), by the
    scores that information gain goes by, from the votes per pair and choice."""
    points = np.zeros((PROMPTS, GENERATORS, GENERATORS))
    tied = (counts[:, B + 1 :].sum(axis=1)) / 2
    np.add.at(points, (pairs.prompt, pairs.a, pairs.b), counts[:, A] + tied)
    np.add.at(points, (pairs.prompt, pairs.b, pairs.a), counts[:, B] + tied)
    everybody, codes = points.sum(axis=0), np.arange(GENERATORS)
    scores = [fit_scores(each, prior_of_images(codes, everybody - each)).mean for each in points]
    i, j = np.triu_indices(GENERATORS, 1)
    found, true = np.round(np.array(scores), 8), prompts.value
    step = (found[:, i] - found[:, j]) * (true[:, i] - true[:, j])
    return float(((step < 0) + 0.5 * (step == 0)).mean())
