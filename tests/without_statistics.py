"""Tables as a COPY of a moment ago leaves them, and how many rows are read of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from tests.waiting import wait_until

_TABLES = "relkind = 'r' AND relname LIKE 'annotator\\_%'"


def forget_statistics() -> None:
    """As if nobody had ever analyzed the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE {_TABLES})")
        cursor.execute(f"SELECT pg_stat_reset_single_table_counters(oid) FROM pg_class WHERE {_TABLES}")
        cursor.execute(f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE {_TABLES}")
        indexes = f"SELECT indexrelid FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE {_TABLES}"
        cursor.execute(f"UPDATE pg_class SET reltuples = 0, relpages = 0 WHERE oid IN ({indexes})")


@dataclass
class Read:
    tuples: int = 0


@contextmanager
def tuples_read() -> Iterator[Read]:
    """Of tables and of their indexes, by every connection to this database, all of which must have ended with the block."""
    found = Read()
    before = _tuples_read()
    yield found
    found.tuples = _tuples_read() - before


def end_idle_sessions() -> None:
    """Of this database: a Celery worker that has nothing to do keeps one, and takes another when it has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'"
        )


def _tuples_read() -> int:
    with connection.cursor() as cursor:

        def is_alone() -> bool:
            end_idle_sessions()
            cursor.execute(
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
            )
            return bool(cursor.fetchone()[0])

        wait_until(is_alone, why="the other connections to end")
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)"
            " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
        )
        return int(cursor.fetchone()[0])
