import pytest

from benchmarks.support.capacity import Costs, database_gigabytes, index_levels, needs

COSTS = Costs(
    web_ms=1.2,
    worker_ms=0.15,
    postgres_ms=1.0,
    valkey_ms=0.05,
    log_bytes=3_000,
    stored_bytes=500,
    pair_bytes=600,
    picture_bytes=130_000,
    file_bytes=100_000,
    web_mb=150,
    worker_mb=100,
)


def test_cores_are_what_votes_cost_with_room_to_spare():
    found = needs(COSTS, 10_000)

    assert found.votes_per_s == 2_000
    assert (found.web_cores, found.worker_cores, found.database_cores) == (4, 1, 4)
    assert (found.databases, found.valkeys) == (1, 1)
    assert found.memory_gb == pytest.approx(0.7)
    assert found.log_mb_per_s == 6
    assert found.picture_gbit_per_s == pytest.approx(2.08)


def test_a_million_people_need_several_databases():
    found = needs(COSTS, 1_000_000)

    assert found.database_cores == 334
    assert found.databases == 6  # of 64 cores each
    assert found.valkeys == 17


def test_a_database_is_also_as_many_as_its_log_needs():
    assert needs(Costs(**{**vars(COSTS), "postgres_ms": 0.1}), 1_000_000).databases == 3


def test_votes_take_their_rows_and_a_share_of_their_pair():
    assert database_gigabytes(COSTS, 100_000_000) == pytest.approx(70)


@pytest.mark.parametrize(
    ("rows", "levels"), [(1, 1), (200, 1), (201, 2), (40_000, 2), (40_001, 3), (8_000_000, 3), (8_000_001, 4)]
)
def test_an_index_has_a_level_more_with_two_hundred_times_the_rows(rows, levels):
    assert index_levels(rows, 8192 / 200) == levels
