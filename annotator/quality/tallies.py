"""What the answers of each annotator amount to, as sums: of all answers, or brought up to date by those that changed.

All that is measured of somebody is made of sums over their answers: counts, the log-likelihoods of skills (consensus/trust.py),
and the evidence of care in blocks of answers (consensus/care.py). What an answer adds depends on the other answers to its pair,
and on a model that is fitted to all answers. With a model that stays, the sums change by what the answers to changed pairs add
now, less what they added before; so a review costs what changed. Counted or brought up to date, `Tallies.plus` adds them up.

Blocks are of `BLOCK` votes as they were given, void ones too, so that a vote stays in its block. Of older votes than the last
`BLOCKS` blocks only the sum is kept: somebody who changed longer ago than that has been seen long since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from annotator.consensus.care import BLOCK, BLOCKS, EVIDENCE, Seen, evidence_by
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.repeats import NOT_THERE, first_answers
from annotator.consensus.trust import GOOD_SHARE, NONE, SKILLS, Answers, Model, judge, totals_of_skills, trust
from annotator.feeds.vote_columns import CHOICES
from annotator.quality.answers import GOLD, REGULAR, REPEAT, B, Given, found_in

COUNTS = (
    "gold_count",
    "gold_right",
    "repeat_count",
    "repeat_same",
    "repeat_same_side",
    "side_count",
    "left_count",
    "timed_count",
    "fast_count",
    "shared_count",
    "agreed_count",
)
ANSWERS, TELLING = len(COUNTS), len(COUNTS) + 1  # in `sums`: answers that count, and those of them that tell of skill
N_SUMS = len(COUNTS) + 2 + len(SKILLS)


class Fit(NamedTuple):
    """The model of all answers, and the probability that each annotator is a good one, by id. Of others nothing is known yet."""

    model: Model
    member: Ints
    good: Floats

    def good_of(self, members: Ints) -> Floats:
        at, is_known = found_in(members, self.member)
        good = np.full(len(members), GOOD_SHARE)
        good[is_known] = self.good[at[is_known]]
        return good


@dataclass
class Tally:
    """Of one annotator."""

    given: int  # votes, void ones too
    starts: Ints  # the ids of the votes with which blocks begin, but for the first block
    blocks: Floats  # (blocks, columns of evidence)
    sums: Floats  # (N_SUMS,): the counts, and what skills rest on

    @classmethod
    def empty(cls) -> Tally:
        return cls(0, np.zeros(0, dtype=np.int64), np.zeros((1, EVIDENCE)), np.zeros(N_SUMS))

    def give(self, ids: Iterable[int]) -> None:
        """Let new votes have a place in its blocks; what they say is to be added."""
        starts = []
        for id_ in ids:
            if self.given and self.given % BLOCK == 0:
                starts.append(id_)
            self.given += 1
        self.starts = np.concatenate([self.starts, np.array(starts, dtype=np.int64)])
        self.blocks = np.concatenate([self.blocks, np.zeros((len(starts), EVIDENCE))])
        over = max(len(self.starts) - BLOCKS, 0)
        self.starts = self.starts[over:]
        self.blocks = np.concatenate([self.blocks[: over + 1].sum(axis=0, keepdims=True), self.blocks[over + 1 :]])


class Tallies(dict[int, Tally]):
    """By the ids of members."""

    def give(self, members: Ints, ids: Ints) -> None:
        """New votes, in any order."""
        if not len(members):
            return
        order = np.lexsort([ids, members])
        people, first = np.unique(members[order], return_index=True)
        for member, its in zip(people.tolist(), np.split(ids[order], first[1:]), strict=True):
            self.setdefault(member, Tally.empty()).give(its.tolist())

    def plus(self, given: Given, fit: Fit, sign: int = 1, *, only: int | None = None) -> None:
        """Add what these answers amount to, or take it away. Everybody has a tally who gave one.

        Of each pair with a regular answer or a repeat, all of them must be here. `only`: the member to add it to.
        """
        people, member = np.unique(given.member, return_inverse=True)
        if not len(people):
            return
        for person in people.tolist():
            self.setdefault(person, Tally.empty())
        tallies = [self[person] for person in people.tolist()]
        sums, evidence = _sums(given, member, people, fit, tallies)
        sizes = [len(tally.blocks) for tally in tallies]
        for tally, person, of_person, blocks in zip(
            tallies, people.tolist(), sums, np.split(evidence, np.cumsum(sizes)[:-1]), strict=True
        ):
            if only in (None, person):
                tally.sums = tally.sums + sign * of_person
                tally.blocks = tally.blocks + sign * blocks


def fit_to(given: Given) -> Fit:
    """The model of these answers, which are all answers of a campaign."""
    people, member = np.unique(given.member, return_inverse=True)
    answers = _described(given, member)
    sizes = {"n_annotators": len(people), "n_tasks": answers.n_pairs}
    found = trust(answers.answers, **sizes, n_choices=len(CHOICES))
    return Fit(found.model, people, found.good)


class _Described(NamedTuple):
    """What is to be known of answers before anything is measured."""

    pair: Ints  # codes
    n_pairs: int
    first: Ints  # of repeats, what was answered before; else NONE
    first_is_left: Ints
    says: Bools  # whether it tells of its annotator
    answers: Answers  # those that do


def _described(given: Given, member: Ints) -> _Described:
    pairs, pair = np.unique(given.pair, return_inverse=True)
    first, first_is_left = np.full(len(member), NONE), np.full(len(member), NONE)
    again, before = first_answers(member, pair, is_first=given.kind == REGULAR, is_again=given.kind == REPEAT)
    again, before = again[before != NOT_THERE], before[before != NOT_THERE]
    first[again], first_is_left[again] = given.choice[before], given.is_left[before]
    is_known = (given.kind == GOLD) & (given.known != NONE)
    says = (given.kind == REGULAR) | is_known | (first != NONE)
    answers = Answers(*(column[says] for column in (member, pair, given.choice, given.known, first, given.counts)))
    return _Described(pair, len(pairs), first, first_is_left, says, answers)


def _sums(given: Given, member: Ints, people: Ints, fit: Fit, tallies: list[Tally]) -> tuple[Floats, Floats]:
    """Of each of the people: (people, N_SUMS); and of each of their blocks, one after the other: (blocks, EVIDENCE)."""
    its = _described(given, member)
    sizes = {"n_annotators": len(people), "n_tasks": its.n_pairs}
    ratio, likely = judge(its.answers, fit.model, fit.good_of(people), **sizes)
    is_regular, is_gold, is_repeat = (given.kind == kind for kind in (REGULAR, GOLD, REPEAT))
    agrees = _agreement(its.pair, given.choice, is_regular)
    is_side = given.choice <= B
    is_same = is_repeat & (given.choice == its.first)
    is_same_side = is_repeat & ~is_same & is_side & (its.first != NONE) & (its.first <= B)
    counts = given.counts == 1

    def number(rows: Bools) -> Ints:
        return np.bincount(member[rows & counts], minlength=len(people))

    says = np.flatnonzero(its.says)
    tells = (given.counts[says] == 1) & (ratio != 1)
    by = member[says[tells]]
    columns = [
        number(is_gold & (given.known != NONE)),
        number(is_gold & (given.known == given.choice)),
        number(is_repeat & (its.first != NONE)),
        number(is_same),
        number(is_same_side & (given.is_left == its.first_is_left)),
        number(is_side),
        number(is_side & (given.is_left == 1)),
        number(given.speed != NONE),
        number(given.speed == 1),
        number(agrees != NONE),
        number(agrees == 1),
        number(np.ones(len(member), dtype=np.bool_)),
        np.bincount(by, minlength=len(people)),
    ]
    skills = totals_of_skills(by, ratio[tells], len(people))
    seen = Seen(given.choice[says], given.known[says], its.first[says], given.is_left[says], likely)
    used = np.flatnonzero((given.counts[says] == 1) & seen.is_used)
    rows = says[used]
    block, n_blocks = _blocks_of(member[rows], given.id[rows], tallies)
    return np.concatenate([np.stack(columns, axis=1), skills], axis=1), evidence_by(block, n_blocks, seen.where(used), fit.model)


def _blocks_of(member: Ints, ids: Ints, tallies: list[Tally]) -> tuple[Ints, int]:
    """In which block each vote is, the blocks of all tallies numbered one after the other; and how many these are."""
    starts = np.array([len(tally.starts) for tally in tallies])
    begins = np.concatenate([tally.starts for tally in tallies])
    owner = np.repeat(np.arange(len(tallies)), starts)
    places = np.unique(begins)
    size = len(places) + 1
    keys = owner * size + np.searchsorted(places, begins) + 1
    earlier = np.searchsorted(keys, member * size + np.searchsorted(places, ids, side="right"), side="right")
    blocks_before = np.cumsum(starts + 1) - (starts + 1)
    return blocks_before[member] + earlier - (np.cumsum(starts) - starts)[member], int((starts + 1).sum())


def _agreement(pair: Ints, choice: Ints, is_regular: Bools) -> Ints:
    """Whether each regular answer is what most of the others chose: 1 or 0, and NONE where they have no majority."""
    agrees = np.full(len(pair), NONE)
    rows = np.flatnonzero(is_regular)
    n_choices = len(CHOICES)
    cells = np.bincount(pair[rows] * n_choices + choice[rows], minlength=(pair.max(initial=-1) + 1) * n_choices)
    others = cells.reshape(-1, n_choices)[pair[rows]]
    others[np.arange(len(rows)), choice[rows]] -= 1
    most = others.max(axis=1, initial=0)
    has_majority = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    is_with = others[np.arange(len(rows)), choice[rows]] == most
    agrees[rows] = np.where(has_majority, is_with, NONE)
    return agrees
