"""SQL in, Arrow out: what values become, what types columns have, and which moment is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection, connections, transaction
from psycopg import sql

from annotator.lib import arrow
from annotator.models import Campaign
from tests.factories import CampaignFactory
from tests.local.processes import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = "SELECT name FROM annotator_campaign ORDER BY id"


def test_values_are_literals_and_composed_sql_goes_in_as_it_is():
    query = "SELECT {text} AS text, {numbers}::bigint[] AS numbers, {column} AS one, {nothing}::int AS nothing"
    values = {"text": 'it\'s {a} \\ "thing"; --', "numbers": [1, 2], "column": sql.SQL("1 + 1"), "nothing": None}
    with arrow.snapshot() as database:
        rows = database.table(query, **values).to_pylist()
    assert rows == [{"text": values["text"], "numbers": [1, 2], "one": 2, "nothing": None}]


def test_columns_are_of_the_types_of_the_query():
    query = "SELECT n::int2 AS small, n::int8 AS large, n / 2.0::float8 AS half, n > 1 AS is_more FROM generate_series(1, 3) n"
    with arrow.snapshot() as database:
        columns = database.columns(query)
    assert {name: (column.dtype.name, column.tolist()) for name, column in columns.items()} == {
        "small": ("int16", [1, 2, 3]),
        "large": ("int64", [1, 2, 3]),
        "half": ("float64", [0.5, 1.0, 1.5]),
        "is_more": ("bool", [False, True, True]),
    }


def test_without_rows_the_columns_keep_their_types():
    with arrow.snapshot() as database:
        columns = database.columns("SELECT 1::int2 AS small, true AS is_one WHERE false")
    assert {name: (column.dtype, len(column)) for name, column in columns.items()} == {
        "small": (np.dtype(np.int16), 0),
        "is_one": (np.dtype(np.bool_), 0),
    }


def test_a_column_of_numbers_with_a_null_is_refused():
    with arrow.snapshot() as database, pytest.raises(ValueError, match="column n has nulls"):
        database.columns("SELECT nullif(n, 2) AS n FROM generate_series(1, 3) n")


def test_threads_read_at_once_and_each_closes_its_own_connection():
    def read(number: int) -> tuple[int, int]:
        with arrow.snapshot() as database:
            [row] = database.table("SELECT {number}::int AS number, pg_backend_pid() AS pid", number=number).to_pylist()
        connections.close_all()
        return row["number"], row["pid"]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(read, range(8)))
    assert [number for number, _ in found] == list(range(8))
    assert len({pid for _, pid in found}) == 8
    pids = [pid for _, pid in found]
    with connection.cursor() as cursor:
        wait_until(lambda: not still_there(cursor, pids), why="the end of the connections")


def still_there(cursor, pids: list[int]) -> list[int]:
    cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
    return [pid for (pid,) in cursor.fetchall()]


def test_many_rows_come_in_batches_and_whole(monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_BYTES", "20000")
    with arrow.snapshot() as database:
        batches = [batch.num_rows for batch in database.batches("SELECT n FROM generate_series(1, 10000) n")]
        column = database.columns("SELECT n FROM generate_series(1, 10000) n")["n"]
    assert len(batches) > 1
    assert sum(batches) == 10_000
    assert column.tolist() == list(range(1, 10_001))


def test_it_sees_one_moment_and_only_what_is_committed():
    campaign = CampaignFactory(name="before")
    with transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(name="uncommitted")
        with arrow.snapshot() as database:
            assert database.table(NAMES)["name"].to_pylist() == ["before"]
    with arrow.snapshot() as database:
        assert database.table(NAMES)["name"].to_pylist() == ["uncommitted"]
        Campaign.objects.filter(pk=campaign.pk).update(name="after")
        assert database.table(NAMES)["name"].to_pylist() == ["uncommitted"]


def test_nothing_can_be_written():
    with arrow.snapshot() as database, pytest.raises(Exception, match="read-only transaction"):
        database.table("DELETE FROM annotator_campaign RETURNING id")


def test_its_sorts_have_the_memory_that_is_asked_for():
    with arrow.snapshot(work_mem="7MB") as database:
        assert database.table("SELECT current_setting('work_mem') AS size").to_pylist() == [{"size": "7MB"}]


def test_what_reads_in_bulk_is_not_loaded_by_processes_that_only_might():
    """In the parents of the web processes and of the workers."""
    code = "import sys, annotator.asgi, annotator.tasks; print({'pyarrow', 'adbc_driver_manager'} & {*sys.modules})"
    servers = {"DATABASE_URL": "postgres://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | servers | {"DJANGO_SETTINGS_MODULE": "annotator.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"
