"""The order in which a database's changes are seen: SQL for its end so far, and for the server whose numbers it is in."""

from __future__ import annotations

from psycopg import sql

# Numbers are given out by the server, and one of its other databases may have a transaction open for hours, which cannot bring
# votes of ours. A transaction is of the database of the session that holds its lock; one whose session is not found has just
# ended, or is a prepared one, and bounds like ours. All of it is of the statement's own snapshot, or true for ever.
OLDEST_UNDER_WAY = sql.SQL("""coalesce(
    (
        SELECT under_way.xid FROM pg_snapshot_xip(pg_current_snapshot()) AS under_way (xid)
        WHERE NOT EXISTS (
            SELECT FROM pg_locks held JOIN pg_stat_activity session ON session.pid = held.pid
            WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock' AND held.granted
              AND held.transactionid = under_way.xid::xid
              AND session.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
        )
        ORDER BY under_way.xid LIMIT 1
    ),
    pg_snapshot_xmax(pg_current_snapshot())
)""")
SERVER_SQL = """
    SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()
"""
