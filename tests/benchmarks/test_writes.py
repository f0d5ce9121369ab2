import pytest

from benchmarks.support.writes import VOTES, Snapshot, bytes_per_index_entry, bytes_per_row, snapshot


def test_pages_are_divided_by_the_votes_in_the_same_counters():
    before = Snapshot(votes=100, pages=9_000, log=0)

    assert Snapshot(votes=110, pages=9_400, log=0).pages_per_vote(before) == 40


@pytest.mark.django_db
def test_the_database_is_asked_for_its_counters_and_sizes():
    assert snapshot().log > 0
    assert bytes_per_row(VOTES, "annotator_assignment") > 0
    assert bytes_per_index_entry(VOTES) >= 0
