"""What makes a test database without going through all migrations, and what empties it after a test that committed.

TRUNCATE makes new files for every table and every index, also of empty tables: a fifth of a second. After a test there are few
rows in few tables, and deleting those takes a hundredth of that. Triggers are kept out of it, as TRUNCATE keeps them out:
they stand in the way of deletions, and rows go in no order that foreign keys would like.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import creation

from annotator.lib.postgres import base
from tests.pooler import IS_WANTED, Pooler

# What belongs to the tables and not to a test. Django would make the same rows again each time.
KEPT = {"django_content_type", "auth_permission"}
ROOT = Path(__file__).resolve().parents[2]
# What a migrated database is made from.
SCHEMA = ("annotator/migrations/*.py", "annotator/models/*.py", "annotator/lib/*.py", "annotator/**/*.sql", "constraints.txt")
SCHEMA_FILES = ("annotator/settings.py", "annotator/choices.py")
TEMPLATE = "test_template_"
TEMPLATE_LOCK = 0x7E57  # in the database `postgres`, where nothing else locks


class DatabaseCreation(creation.DatabaseCreation):
    pooler: Pooler | None = None
    direct: dict[str, Any]

    def create_test_db(self, *arguments: Any, **options: Any) -> str:
        name = self._make_copy(*arguments, **options)
        if IS_WANTED:
            self.connection.close()
            self.direct = {key: self.connection.settings_dict[key] for key in ("HOST", "PORT")}
            self.pooler = Pooler(self.connection.settings_dict)
            self.connection.settings_dict.update(HOST="127.0.0.1", PORT=str(self.pooler.port))
        return name

    def destroy_test_db(self, *arguments: Any, **options: Any) -> None:
        if self.pooler is not None:
            self.connection.close()
            self.pooler.stop()
            self.connection.settings_dict.update(self.direct)
        super().destroy_test_db(*arguments, **options)

    def _make_copy(self, verbosity: int = 1, autoclobber: bool = False, serialize: bool = True, keepdb: bool = False) -> str:
        """A copy of a template, which the first one to come makes, for all processes of this run and for the runs after it.

        All migrations take some five seconds of every process, a copy a tenth of one. Whatever they are made from, another
        template follows.
        """
        if keepdb or serialize:
            return super().create_test_db(verbosity, autoclobber, serialize, keepdb)
        name, template = self._get_test_db_name(), TEMPLATE + schema_digest()
        with self._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])  # until this connection is closed
            cursor.execute("SELECT datname FROM pg_database WHERE datistemplate AND starts_with(datname, %s)", [TEMPLATE])
            templates = {found for (found,) in cursor.fetchall()}
            if template in templates:
                self._copy(cursor, template, name)
            else:
                super().create_test_db(verbosity, autoclobber, serialize, keepdb)
                self.connection.close()  # what somebody is connected to cannot be copied
                self._copy(cursor, name, template)
                cursor.execute(f"ALTER DATABASE {self._quote_name(template)} IS_TEMPLATE true")
                for old in templates:
                    cursor.execute(f"ALTER DATABASE {self._quote_name(old)} IS_TEMPLATE false")
                    cursor.execute(f"DROP DATABASE {self._quote_name(old)}")
        settings.DATABASES[self.connection.alias]["NAME"] = self.connection.settings_dict["NAME"] = name
        return name

    def _copy(self, cursor: Any, source: str, copy: str) -> None:
        cursor.execute(f"DROP DATABASE IF EXISTS {self._quote_name(copy)}")
        cursor.execute(f"CREATE DATABASE {self._quote_name(copy)} TEMPLATE {self._quote_name(source)} STRATEGY file_copy")


def schema_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(chain(*(ROOT.glob(pattern) for pattern in SCHEMA), (ROOT / name for name in SCHEMA_FILES))):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


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
    creation_class = DatabaseCreation
    ops_class = DatabaseOperations
