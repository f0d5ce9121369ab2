import pytest

from annotator.models import Campaign
from benchmarks.support.writes import VOTES, Counted, Snapshot, bytes_per_row, snapshot


def test_what_votes_cost_is_what_was_done_by_the_votes_in_the_counters():
    seats = "annotator_assignment"
    before = Snapshot({VOTES: Counted(100, 0, 0, 700, 900), seats: Counted(100, 100, 20, 1800, 3000)}, log=1_000)
    after = Snapshot({VOTES: Counted(110, 0, 0, 770, 1000), seats: Counted(110, 130, 45, 1950, 3400)}, log=31_000)
    writes = after.since(before)

    assert writes.votes == 10
    assert writes.hot_share() == pytest.approx(25 / 30)
    assert writes.hot_share_by_table() == {seats: pytest.approx(25 / 30)}
    assert writes.entries_per_vote() == 22
    assert writes.pages_per_vote() == 50
    assert writes.log == 30_000


def test_a_table_that_nobody_updated_has_no_share():
    counted = Snapshot({VOTES: Counted(10, 0, 0, 70, 90)}, log=0)

    assert counted.since(Snapshot({}, log=0)).hot_share() is None


@pytest.mark.django_db
def test_the_database_is_asked_for_its_counters_and_sizes():
    found = snapshot()

    assert {VOTES, "annotator_assignment", Campaign._meta.db_table} <= found.tables.keys()
    assert found.log > 0
    assert bytes_per_row(VOTES, "annotator_assignment") > 0
