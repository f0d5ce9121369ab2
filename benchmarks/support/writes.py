"""What votes cost the database beside index entries (hot.py): pages looked at and log, from PostgreSQL's own counters, and sizes.

Backends report what they did at most once a second, so the end of a load is missing from both, what was done and the votes that
it is divided by, which are those in the counters as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

VOTES = "annotator_vote"
_COUNTERS_SQL = """
SELECT (SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname LIKE %s),
       sum(coalesce(heap_blks_read + heap_blks_hit, 0) + coalesce(idx_blks_read + idx_blks_hit, 0)),
       pg_current_wal_insert_lsn() - '0/0'::pg_lsn
FROM pg_statio_user_tables
"""
_SIZES_SQL = """
SELECT coalesce(pg_partition_root(class.oid), class.oid)::regclass::text, sum(pg_total_relation_size(class.oid)),
       sum(greatest(class.reltuples, 0))
FROM pg_class class WHERE class.relkind = 'r' AND class.relnamespace = 'public'::regnamespace GROUP BY 1
"""
_ENTRY_SQL = """
SELECT sum(pg_relation_size(index.oid)) / nullif(sum(greatest(index.reltuples, 0)), 0)
FROM pg_index JOIN pg_class index ON index.oid = indexrelid
WHERE index.relkind = 'i' AND coalesce(pg_partition_root(indrelid), indrelid)::regclass::text = ANY (%s)
"""


@dataclass(frozen=True)
class Snapshot:
    """Until one moment."""

    votes: int
    pages: int
    log: int  # bytes

    def pages_per_vote(self, before: Snapshot) -> float:
        return (self.pages - before.pages) / max(1, self.votes - before.votes)


def snapshot() -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERS_SQL, [f"{VOTES}%"])
        return Snapshot(*map(int, cursor.fetchone()))


def bytes_per_row(*tables: str) -> float:
    """Of these tables with all their indexes, by row of the first."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES_SQL)
        sizes = {name: (int(size), float(rows)) for name, size, rows in cursor.fetchall()}
    return sum(sizes[name][0] for name in tables) / max(1.0, sizes[tables[0]][1])


def bytes_per_index_entry(*tables: str) -> float:
    """Of all indexes of these tables, on average."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRY_SQL, [list(tables)])
        return float(cursor.fetchone()[0] or 0)
