"""Which answers are looked at, and what is known of each."""

from __future__ import annotations

import numpy as np

from annotator.consensus.trust import NONE
from annotator.feeds.vote_columns import CHOICES, KINDS, LIVE, TYPES, UNDONE
from annotator.quality.answers import Gold, People, answers_of, found_in

PERSON, MACHINE = 7, 8
REGULAR, GOLD, REPEAT, TRAINING = (KINDS.index(kind) for kind in ("regular", "gold", "repeat", "training"))
A, B = CHOICES.index("a"), CHOICES.index("b")
PEOPLE = People(np.array([PERSON]), np.array([True]), np.array([-1]))
PAIR = 100


def votes(*rows: dict[str, int]) -> dict[str, np.ndarray]:
    usual = {"question": 1, "member": PERSON, "pair": PAIR, "choice": A, "kind": REGULAR, "a_on_left": 1, "elapsed_ms": 900}
    filled = [{"id": number, "at": number, "void": LIVE, **usual, **row} for number, row in enumerate(rows)]
    return {name: np.array([row[name] for row in filled], dtype=kind) for name, kind in TYPES.items()}


def given(*rows: dict[str, int], people: People = PEOPLE, gold: Gold = Gold(np.array([PAIR]), np.array([B]))):  # noqa: B008
    return answers_of(votes(*rows), people, gold, too_fast_ms=700)


def test_votes_of_machines_void_votes_and_training_are_left_out():
    found = given({"member": MACHINE}, {"void": UNDONE}, {"kind": TRAINING}, {"choice": B})

    assert found.choice.tolist() == [B]


def test_of_gold_and_repeats_the_first_answer_stays_though_it_was_taken_back():
    for kind in (GOLD, REPEAT):
        found = given({"kind": kind, "void": UNDONE}, {"kind": kind, "choice": B}, {"kind": kind, "pair": PAIR + 1, "choice": B})

        assert found.choice.tolist() == [A, B]
        assert found.pair.tolist() == [PAIR, PAIR + 1]


def test_the_right_answer_is_known_of_gold_alone():
    found = given({"kind": GOLD}, {"kind": GOLD, "pair": PAIR + 1}, {})

    assert found.known.tolist() == [B, NONE, NONE]


def test_side_and_speed_are_as_they_were_seen():
    found = given({"elapsed_ms": 100}, {"elapsed_ms": NONE, "a_on_left": 0}, {"choice": B, "a_on_left": 0})

    assert found.speed.tolist() == [1, NONE, 0]
    assert found.is_left.tolist() == [1, 0, 1]


def test_what_was_answered_until_a_fresh_start_or_by_who_is_stopped_does_not_count():
    fresh = PEOPLE._replace(since=np.array([1]))
    stopped = PEOPLE._replace(counts=np.array([False]))

    assert given({}, {}, {}, people=fresh).counts.tolist() == [0, 0, 1]
    assert given({}, people=stopped).counts.tolist() == [0]


def test_values_are_found_in_a_sorted_list():
    at, is_there = found_in(np.array([5, 1, 9]), np.array([1, 3, 5]))

    assert is_there.tolist() == [True, True, False]
    assert at[is_there].tolist() == [2, 0]
    assert not found_in(np.array([5]), np.array([], dtype=np.int64))[1].any()
