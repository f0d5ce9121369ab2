"""What empties the database after a test that committed.

TRUNCATE makes new files for every table and every index, also of empty tables: a fifth of a second. After a test there are few
rows in few tables, and deleting those takes a hundredth of that. Triggers are kept out of it, as TRUNCATE keeps them out:
they stand in the way of deletions, and rows go in no order that foreign keys would like.
"""

from __future__ import annotations

from typing import Any

from annotator.lib.postgres import base

# What belongs to the tables and not to a test. Django would make the same rows again each time.
KEPT = {"django_content_type", "auth_permission"}


class DatabaseOperations(base.DatabaseOperations):
    def sql_flush(
        self, style: Any, tables: list[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        if reset_sequences or allow_cascade or not self.may_keep_triggers_out():
            return super().sql_flush(style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
        names = [self.quote_name(table) for table in sorted(tables) if table not in KEPT]
        return [
            "SET LOCAL session_replication_role = replica",
            f"LOCK TABLE {', '.join(names)}",  # whoever is still writing is waited for, as TRUNCATE does
            "; ".join(f"DELETE FROM {name}" for name in names),
            "SET LOCAL session_replication_role = origin",
        ]

    def may_keep_triggers_out(self) -> bool:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
            return cursor.fetchone()[0]


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
