"""Care: people of any taste are spared, those who guess are found, and a stretch of guessing is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from annotator.consensus.care import BLOCK, CHECKS_MIN, CLEAR, GOLD_LEAST, REPEAT_LEAST, WAIT_MAX, care, confusion_of
from annotator.consensus.trust import NONE, Answers, trust

OTHERS, PAIRS, VOTES = 20, 400, 4


@dataclass
class Person:
    """Answers by their taste with `right`, on gold with `gold`, and repeats themselves with `same`. Guesses where `guesses`."""

    opposite: float = 0.0
    right: float = 0.9
    gold: float = 0.9
    same: float = 0.9
    guesses: range = range(0)
    kinds: int = 2  # of choices in the campaign
    guess_kinds: int = 2  # of choices they guess among
    left: float = 0.5  # of guesses


def answers_of(person: Person, n: int, *, seed: int, gold: int = 10, repeat: int = 20) -> tuple[Answers, np.ndarray]:
    """The votes of OTHERS careful people, and n answers of the person, who is the last annotator."""
    rng = np.random.default_rng(seed)
    kinds = person.kinds
    shares = [0.5, 0.5] if kinds == 2 else [0.42, 0.42, 0.08, 0.08]
    truth = rng.choice(kinds, PAIRS, p=shares)
    is_opposite = rng.random(PAIRS) < person.opposite

    def with_errors(wanted, right):
        other = (wanted + rng.integers(1, kinds, np.shape(wanted))) % kinds
        return np.where(rng.random(np.shape(wanted)) < right, wanted, other)

    task = np.repeat(np.arange(PAIRS), VOTES)
    by = np.argsort(rng.random((PAIRS, OTHERS)), axis=1)[:, :VOTES].ravel()
    said = with_errors(truth[task], 0.9)
    rows = [np.column_stack([by, task, said, np.full((len(by), 2), NONE), rng.integers(0, 2, len(by))])]
    own: list[tuple[int, int]] = []
    fresh = rng.permutation(PAIRS)
    for at in range(n):
        is_left = int(rng.random() < 0.5)
        pair, known, first = int(fresh[at]), NONE, NONE
        if gold and at % gold == gold - 1:
            known = int(truth[pair])
            choice = int(with_errors(known, person.gold))
        elif repeat and at % repeat == repeat - 2 and own:
            pair, first = own.pop(0)
            choice = int(with_errors(first, person.same))
        else:
            wanted = truth[pair]
            wanted = 1 - wanted if is_opposite[pair] and wanted < 2 else wanted
            choice = int(with_errors(wanted, person.right))
        if at in person.guesses:
            is_left = int(rng.random() < person.left)
            choice = int(rng.integers(person.guess_kinds))
            if choice < 2 and person.left != 0.5:
                choice = int(rng.integers(2))  # a side says nothing of the image
        if known == first == NONE:
            own.append((pair, choice))
        rows.append(np.array([[OTHERS, pair, choice, known, first, is_left]]))
    columns = np.concatenate(rows).T
    return Answers(*columns[:5], counts=np.ones(columns.shape[1], dtype=int)), columns[5]


def measured(person: Person, n: int = 100, *, seed: int = 1, has_checks: bool | None = None, **rates):
    answers, is_left = answers_of(person, n, seed=seed, **rates)
    sizes = {"n_annotators": OTHERS + 1, "n_tasks": PAIRS}
    return care(answers, trust(answers, **sizes, n_choices=4), is_left=is_left, **sizes, has_checks=has_checks)


@pytest.mark.parametrize("opposite", [0.0, 0.3, 0.5, 0.6])
@pytest.mark.parametrize("kinds", [2, 4])
def test_somebody_careful_is_trusted_whatever_their_taste(opposite, kinds):
    for seed in range(4):
        found = measured(Person(opposite=opposite, kinds=kinds), seed=seed)

        assert found.log_odds[-1] > 0
        assert found.own[-1] > 0
        assert found.recent[-1] > -4
        assert (found.log_odds[:-1] > -3).all()


def test_somebody_who_just_passes_with_the_opposite_taste_hardly_ever_falls_below_the_thresholds():
    lowest = [
        min(measured(person, n, seed=seed).log_odds[-1] for n in (30, 60, 120, 240))
        for person in (Person(0.5, gold=GOLD_LEAST, same=REPEAT_LEAST),)
        for seed in range(10)
    ]
    assert min(lowest) > -4


@pytest.mark.parametrize("seed", range(4))
def test_somebody_who_guesses_is_found(seed):
    found = measured(Person(guesses=range(100), kinds=4, guess_kinds=4), 100, seed=seed)

    assert found.log_odds[-1] < -5
    assert found.own[-1] < 0


@pytest.mark.parametrize("seed", range(4))
def test_without_gold_or_repeats_those_who_guess_are_found_and_other_tastes_spared(seed):
    rates = {"gold": 0, "repeat": 0}

    assert measured(Person(guesses=range(100), kinds=4, guess_kinds=4), 60, seed=seed, **rates).log_odds[-1] < -5
    assert measured(Person(0.5, kinds=4), 60, seed=seed, **rates).log_odds[-1] > -2


def test_somebody_who_always_answers_left_is_found_by_that():
    answers, is_left = answers_of(Person(guesses=range(40)), 40, seed=3, gold=0, repeat=0)
    is_left = np.where(answers.annotator == OTHERS, 1, is_left)
    sizes = {"n_annotators": OTHERS + 1, "n_tasks": PAIRS}

    found = care(answers, trust(answers, **sizes, n_choices=4), is_left=is_left, **sizes)

    assert found.log_odds[-1] < -5


def test_who_means_the_opposite_of_what_is_right_fails_gold_and_is_found():
    assert measured(Person(opposite=1.0, gold=0.1), 100).log_odds[-1] < -5
    assert measured(Person(opposite=1.0, gold=0.95, same=0.95), 60).log_odds[-1] >= 0  # a taste of their own


def test_nobody_is_stopped_before_enough_gold_and_repeats():
    person = Person(guesses=range(100), kinds=4, guess_kinds=4)
    early = 15  # one gold pair, and no repeat

    assert measured(person, early).checks[-1] == 1
    assert measured(person, early).log_odds[-1] >= 0
    assert measured(person, early, has_checks=False, gold=0, repeat=0).log_odds[-1] < -5
    # Where there are none to come, one does not wait for ever.
    assert measured(person, WAIT_MAX - 2, has_checks=True, gold=0, repeat=0).log_odds[-1] >= 0
    assert measured(person, WAIT_MAX + 5, has_checks=True, gold=0, repeat=0).log_odds[-1] < -5


def test_two_checks_are_enough_where_both_failed_and_else_there_are_three():
    person = Person(guesses=range(100), kinds=4, guess_kinds=4, gold=0.0)
    for seed in range(12):
        found = measured(person, 25, seed=seed, repeat=0)
        assert found.checks[-1] == 2 < CHECKS_MIN
        assert (found.log_odds[-1] < 0) == (found.own[-1] <= CLEAR)


def test_gold_and_repeats_that_speak_for_care_have_the_last_word():
    """Votes like dice, and yet right on gold and the same on repeats: the model of the others may be wrong."""
    answers, is_left = answers_of(Person(kinds=4), 80, seed=5)
    rng = np.random.default_rng(5)
    is_vote = (answers.known == NONE) & (answers.first == NONE) & (answers.annotator == OTHERS)
    answers = answers._replace(choice=np.where(is_vote, rng.integers(0, 4, len(is_vote)), answers.choice))
    sizes = {"n_annotators": OTHERS + 1, "n_tasks": PAIRS}
    others = trust(answers, **sizes, n_choices=4)

    with_checks = care(answers, others, is_left=is_left, **sizes)

    assert others.log_odds[-1] < 0
    assert with_checks.own[-1] > 0
    assert with_checks.log_odds[-1] >= 0


@pytest.mark.parametrize("seed", range(3))
def test_somebody_who_tires_is_seen_in_what_is_recent(seed):
    tired = measured(Person(guesses=range(100, 200), kinds=4, guess_kinds=4), 180, seed=seed)
    fresh = measured(Person(0.5, kinds=4), 180, seed=seed)

    assert tired.recent[-1] < -8
    assert fresh.recent[-1] > -8
    assert (tired.recent[:-1] > -8).all()


def test_answers_that_do_not_count_are_not_held_against_anybody():
    answers, is_left = answers_of(Person(guesses=range(100), kinds=4, guess_kinds=4), 80, seed=1)
    answers = answers._replace(counts=(answers.annotator != OTHERS).astype(int))
    sizes = {"n_annotators": OTHERS + 1, "n_tasks": PAIRS}

    found = care(answers, trust(answers, **sizes, n_choices=4), is_left=is_left, **sizes)

    assert (found.log_odds[-1], found.recent[-1], found.answers[-1], found.checks[-1]) == (0, 0, 0, 0)


def test_a_confusion_matrix_of_another_taste_is_one():
    answers, _ = answers_of(Person(kinds=4), 40, seed=1)
    others = trust(answers, n_annotators=OTHERS + 1, n_tasks=PAIRS, n_choices=4)

    half = confusion_of(others, opposite=0.5, ties=0.0, guessed=0.0)
    decided = confusion_of(others, opposite=0.0, ties=1.0, guessed=0.0)

    assert half.sum(axis=1) == pytest.approx(1)
    assert half[0] == pytest.approx(half[1])
    assert half[2:] == pytest.approx(others.confusion[2:])
    assert decided.sum(axis=1) == pytest.approx(1)
    assert decided[:, 2:] == pytest.approx(0)


def test_no_answers_and_codes_out_of_range():
    nothing = Answers([], [], [], [], [], [])
    none = care(nothing, trust(nothing, n_annotators=2, n_tasks=0, n_choices=4), is_left=[], n_annotators=2, n_tasks=0)
    assert none.log_odds.tolist() == none.recent.tolist() == [0, 0]

    answers, is_left = answers_of(Person(), BLOCK, seed=1)
    others = trust(answers, n_annotators=OTHERS + 1, n_tasks=PAIRS, n_choices=4)
    with pytest.raises(ValueError, match="is_left"):
        care(answers, others, is_left=is_left + 5, n_annotators=OTHERS + 1, n_tasks=PAIRS)
