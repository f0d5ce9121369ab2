"""PostgreSQL's statistics of our tables, made anew before a query that reads much.

Its own autovacuum does that within a minute or so. Whoever reads all votes in that minute is planned as if the tables were empty:
a join of some thousand rows then becomes a loop that reads some million.
"""

from __future__ import annotations

from django.db import connection

# Below this many pages a wrong plan costs nothing.
PAGES_MIN = 3
NEWS = 0.2  # share of a table that has changed, or that has come to it

# Pages tell at once of rows that came in a moment ago, and of those that are not committed yet; the counts of changes come up to
# some seconds later. After a crash there are no counts, and so no time of the last ANALYZE either.
STALE_TABLES_SQL = f"""
    SELECT quote_ident(relname) AS name
    FROM (
        SELECT class.relname, class.reltuples, class.relpages, activity.n_mod_since_analyze AS changes,
               coalesce(activity.last_analyze, activity.last_autoanalyze) AS analyzed_at,
               pg_relation_size(class.oid) / current_setting('block_size')::int AS pages
        FROM pg_class class LEFT JOIN pg_stat_user_tables activity ON activity.relid = class.oid
        WHERE class.relnamespace = current_schema()::regnamespace AND class.relkind = 'r' AND class.relname LIKE 'annotator\\_%'
    ) AS known
    WHERE pages >= {PAGES_MIN}
      AND (analyzed_at IS NULL OR reltuples < 0 OR pages > {1 + NEWS} * relpages OR changes > {NEWS} * reltuples)
    ORDER BY 1
"""  # noqa: S608 - numbers of ours


def analyze_sql(names: list[str]) -> str:
    """For tables named as STALE_TABLES_SQL does. What somebody else is analyzing at this moment is left to them."""
    return f"ANALYZE (SKIP_LOCKED) {', '.join(names)}"


def analyze_what_changed() -> list[str]:
    """Make the statistics of tables anew that have changed much since, and return their names.

    Call it outside of a transaction: inside of one, no other can do it, or vacuum the tables, until that has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(STALE_TABLES_SQL)
        names = [name for (name,) in cursor.fetchall()]
        if names:
            cursor.execute(analyze_sql(names))
    return names
