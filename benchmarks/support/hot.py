"""What votes cost the tables: how many updates touched no index (HOT), and how many index entries each vote wrote.

PostgreSQL counts rows, not entries. A row that is inserted, or updated and not HOT, gets an entry in each index of its table
whose condition it meets; a HOT update gets none. So entries are rows times indexes; which rows of the vote loop a partial index
lets in is known (PARTIAL).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

# Tables that the vote loop writes. Not those of scoring and roll-ups, which cost per pair or second.
TABLES = (
    "annotator_assignment",
    "annotator_waiting_seat",
    "annotator_vote",
    "annotator_pair_seats",
    "annotator_member",
    "annotator_ringcursor",
    "annotator_unscoredassignment",
)
# Of partial indexes: whether a new row is in it, and whether one that was updated and is not HOT is. Plain votes have no comment
# and are not voided, people are no machines and have been trained, and no pair is held.
PARTIAL: Mapping[str, tuple[bool, bool]] = {
    "assignment_machine_once_per_member_and_pair": (False, False),
    "assignment_training": (False, False),
    "pair_held_by_number": (False, False),
    "vote_comments": (False, False),
    "vote_voided": (False, False),
}
_ROWS_SQL = "SELECT relname, n_tup_ins, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = ANY (%s)"
_INDEXES_SQL = """
SELECT owner.relname, class.relname, indpred IS NOT NULL FROM pg_index
JOIN pg_class class ON class.oid = indexrelid JOIN pg_class owner ON owner.oid = indrelid JOIN pg_am ON pg_am.oid = class.relam
WHERE owner.relname = ANY (%s) AND amname <> 'brin'  -- which has an entry for a range of pages
"""
SETTLES_IN = 1.5  # seconds: a backend reports what it counted about once a second


@dataclass(frozen=True)
class Rows:
    """Of one table so far: rows inserted and updated, and the updates that touched no index."""

    inserted: int
    updated: int
    hot: int


Snapshot = dict[str, Rows]


@dataclass(frozen=True)
class Cost:
    """Between two snapshots: the share of HOT updates in all tables and in each that was updated, and index entries a vote."""

    hot_share: float
    hot_share_of: dict[str, float]
    entries_per_vote: float
    entries_per_vote_of: dict[str, float]


def snapshot() -> Snapshot:
    """The counts as they are now, with what backends that have fallen quiet have not reported yet."""
    time.sleep(SETTLES_IN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_ROWS_SQL, [list(TABLES)])
        return {table: Rows(*counts) for table, *counts in cursor.fetchall()}


def cost(before: Snapshot, after: Snapshot, *, votes: int) -> Cost:
    """Of `votes` votes that were cast between the two."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES_SQL, [list(TABLES)])
        indexes = [(table, PARTIAL[name] if is_partial else (True, True)) for table, name, is_partial in cursor.fetchall()]
    did = {
        table: Rows(now.inserted - before[table].inserted, now.updated - before[table].updated, now.hot - before[table].hot)
        for table, now in after.items()
    }
    entries = dict.fromkeys(did, 0)
    for table, (has_new, has_updated) in indexes:
        rows = did[table]
        entries[table] += has_new * rows.inserted + has_updated * (rows.updated - rows.hot)
    updated = sum(rows.updated for rows in did.values())
    return Cost(
        hot_share=sum(rows.hot for rows in did.values()) / max(updated, 1),
        hot_share_of={table: rows.hot / rows.updated for table, rows in did.items() if rows.updated},
        entries_per_vote=sum(entries.values()) / max(votes, 1),
        entries_per_vote_of={table: count / max(votes, 1) for table, count in entries.items()},
    )
