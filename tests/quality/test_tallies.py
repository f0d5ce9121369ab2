"""Sums over answers: of all at once, or of some and then what changed."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.care import BLOCK, BLOCKS
from annotator.consensus.trust import GOOD_SHARE
from annotator.quality.answers import Given
from annotator.quality.tallies import ANSWERS, Fit, Tallies, Tally, fit_to
from tests.quality.made_up_answers import Kind, answers_of

PEOPLE = [Kind(6), Kind(2, guess_among=2)]


@pytest.fixture(scope="module")
def given() -> Given:
    answers, _ = answers_of(PEOPLE, answers=60, seed=1)
    return answers._replace(id=np.arange(len(answers.member)))


def tallied(given: Given, fit: Fit) -> Tallies:
    tallies = Tallies()
    tallies.give(given.member, given.id)
    tallies.plus(given, fit)
    return tallies


def rows(given: Given, which: np.ndarray) -> Given:
    return Given(*(column[which] for column in given))


def assert_same(found: Tallies, wanted: Tallies) -> None:
    assert found.keys() == wanted.keys()
    for member, tally in found.items():
        assert tally.given == wanted[member].given
        np.testing.assert_array_equal(tally.starts, wanted[member].starts)
        np.testing.assert_allclose(tally.blocks, wanted[member].blocks, atol=1e-9)
        np.testing.assert_allclose(tally.sums, wanted[member].sums, atol=1e-9)


def test_what_is_added_to_pairs_that_changed_comes_to_the_sums_of_all(given):
    fit = fit_to(given)
    first = given.id < 300
    changed = np.isin(given.pair, given.pair[~first])
    tallies = tallied(rows(given, first), fit)

    tallies.give(given.member[~first], given.id[~first])
    tallies.plus(rows(given, changed & first), fit, -1)
    tallies.plus(rows(given, changed), fit)

    assert_same(tallies, tallied(given, fit))


def test_it_can_be_added_to_one_member_alone(given):
    fit = fit_to(given)
    alone = Tallies({0: Tally.empty()})
    alone.give(given.member[given.member == 0], given.id[given.member == 0])
    alone.plus(given, fit, only=0)

    assert_same(Tallies({0: alone[0]}), Tallies({0: tallied(given, fit)[0]}))
    assert alone[1].sums[ANSWERS] == 0


def test_blocks_begin_with_every_tenth_vote_and_the_oldest_become_one():
    tally, whole = Tally.empty(), Tally.empty()
    for number in range(BLOCK * (BLOCKS + 3)):
        tally.give([number])
    whole.give(range(BLOCK * (BLOCKS + 3)))

    assert tally.starts.tolist() == whole.starts.tolist() == [BLOCK * nth for nth in range(3, BLOCKS + 3)]
    assert len(tally.blocks) == BLOCKS + 1


def test_what_is_in_a_block_stays_when_it_becomes_a_part_of_the_oldest():
    tally = Tally.empty()
    tally.give(range(2 * BLOCK))
    tally.blocks = tally.blocks + np.array([[1.0], [10.0]])
    tally.give(range(2 * BLOCK, BLOCK * (BLOCKS + 2)))

    assert tally.blocks[:2, 0].tolist() == [11.0, 0.0]


def test_of_who_is_new_it_is_taken_that_they_are_as_others_are(given):
    fit = fit_to(given)

    good = fit.good_of(np.array([0, 7, 99]))

    assert good[0] > GOOD_SHARE > good[1]
    assert good[2] == GOOD_SHARE
