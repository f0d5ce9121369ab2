"""Turns between processes, by real locks of a second database session."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from threading import Thread

import pytest
from django.db import connection, transaction

from annotator.lib.advisory_locks import Space, held, lock_until_commit, sole_holder

ID_LIMIT = 2**47  # what is left of a key for the id


def elsewhere(work: Callable[[], object]) -> object:
    """The result of the work in another session of the database."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    (result,) = results
    return result


def test_no_two_spaces_share_a_key():
    for one, other in combinations(Space, 2):
        assert one != other
        assert max(one.key(0), other.key(0)) - min(one.key(0), other.key(0)) > ID_LIMIT
    assert all(0 < space.key(ID_LIMIT) < 2**63 for space in Space)


@pytest.mark.django_db
def test_the_second_session_is_turned_away_until_the_first_is_done():
    def is_mine() -> bool:
        with sole_holder(Space.RELEASE, 7) as mine:
            return mine

    def is_mine_of_another() -> bool:
        with sole_holder(Space.RELEASE, 8) as mine:
            return mine

    with sole_holder(Space.RELEASE, 7) as mine:
        assert mine
        assert elsewhere(is_mine) is False
        assert elsewhere(is_mine_of_another) is True
    assert elsewhere(is_mine) is True


@pytest.mark.django_db
def test_whoever_was_turned_away_takes_nothing_from_the_holder():
    def look() -> bool:
        with sole_holder(Space.SHARD, 7) as mine:
            return mine

    with sole_holder(Space.SHARD, 7):
        elsewhere(look)
        assert held(Space.SHARD, [7]) == {7}
    assert held(Space.SHARD, [7]) == set()


@pytest.mark.django_db
def test_the_holder_may_take_it_again_and_keeps_it_to_the_end():
    with sole_holder(Space.RELEASE, 7):
        with sole_holder(Space.RELEASE, 7) as again:
            assert again
        assert held(Space.RELEASE, [7]) == {7}
    assert held(Space.RELEASE, [7]) == set()


@pytest.mark.django_db
def test_a_lock_goes_with_an_error():
    with pytest.raises(ZeroDivisionError), sole_holder(Space.RELEASE, 7):
        raise ZeroDivisionError

    assert held(Space.RELEASE, [7]) == set()


@pytest.mark.django_db
def test_what_is_held_is_seen_from_elsewhere_by_space_and_id():
    high = 2**40 + 5

    with sole_holder(Space.RELEASE, 7), sole_holder(Space.SHARD, high):
        assert elsewhere(lambda: held(Space.RELEASE, [5, 6, 7, high])) == {7}
        assert elsewhere(lambda: held(Space.SHARD, [5, 7, high])) == {high}
        assert elsewhere(lambda: held(Space.PUBLICATION, [7])) == set()
        assert held(Space.RELEASE, []) == set()


@pytest.mark.django_db
def test_a_turn_lasts_until_the_end_of_its_transaction():
    def take() -> set[int]:
        with transaction.atomic():
            lock_until_commit(Space.SCORING, 7)
            return held(Space.SCORING, [7])

    assert elsewhere(take) == {7}
    assert held(Space.SCORING, [7]) == set()
