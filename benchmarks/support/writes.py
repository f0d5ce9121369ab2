"""What votes cost in tables: HOT updates, index entries, pages and log, from PostgreSQL's own counters.

Backends report what they did at most once a second, so the end of a load is missing from both, what was done and the votes that
it is divided by, which are those in the counters as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

VOTES = "annotator_vote"
# By table; the partitions of one are counted as one. A new version of a row needs an entry in each index unless it is HOT.
# Partial indexes are counted in full, so that there are at most so many entries.
_COUNTERS_SQL = """
SELECT coalesce(pg_partition_root(stat.relid), stat.relid)::regclass::text,
       sum(stat.n_tup_ins), sum(stat.n_tup_upd), sum(stat.n_tup_hot_upd),
       sum((stat.n_tup_ins + stat.n_tup_upd - stat.n_tup_hot_upd) * (SELECT count(*) FROM pg_index WHERE indrelid = stat.relid)),
       sum(coalesce(io.heap_blks_read + io.heap_blks_hit, 0) + coalesce(io.idx_blks_read + io.idx_blks_hit, 0))
FROM pg_stat_user_tables stat JOIN pg_statio_user_tables io USING (relid) GROUP BY 1
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
class Counted:
    """Of one table, or of several."""

    inserted: int = 0
    updated: int = 0
    hot: int = 0
    entries: int = 0
    pages: int = 0  # looked at, in heap and indexes

    def __sub__(self, before: Counted) -> Counted:
        return Counted(*(getattr(self, name) - getattr(before, name) for name in self.__dataclass_fields__))

    def __add__(self, other: Counted) -> Counted:
        return Counted(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Snapshot:
    tables: dict[str, Counted]
    log: int  # bytes of write-ahead log until now

    def since(self, before: Snapshot) -> Writes:
        tables = {name: counted - before.tables.get(name, Counted()) for name, counted in self.tables.items()}
        return Writes(tables, self.log - before.log)


@dataclass(frozen=True)
class Writes:
    """What was written between two snapshots."""

    tables: dict[str, Counted]
    log: int

    @property
    def votes(self) -> int:
        return self.tables[VOTES].inserted if VOTES in self.tables else 0

    def hot_share(self) -> float | None:
        """Of all updates of rows; None where there were none."""
        total = sum(self.tables.values(), Counted())
        return total.hot / total.updated if total.updated else None

    def hot_share_by_table(self) -> dict[str, float]:
        return {name: counted.hot / counted.updated for name, counted in sorted(self.tables.items()) if counted.updated}

    def entries_per_vote(self) -> float:
        return sum(counted.entries for counted in self.tables.values()) / max(1, self.votes)

    def pages_per_vote(self) -> float:
        return sum(counted.pages for counted in self.tables.values()) / max(1, self.votes)


def snapshot() -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERS_SQL)
        tables = {name: Counted(*map(int, counts)) for name, *counts in cursor.fetchall()}
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return Snapshot(tables, int(cursor.fetchone()[0]))


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
