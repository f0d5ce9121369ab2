"""What a backup is of, and what a restored database needs to go on from there."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from psycopg import sql

from annotator.lib.backup.archive import BackupError
from annotator.models import ServerEpoch

# Of which server transaction numbers are: what is restored begins a new epoch, and cursors handed out before are refused. They
# may be ahead of the backup, on the same server too.
NOT_SAVED = (ServerEpoch,)
# Numbers given after the backup was made are out in browsers, webhooks and programs. They are never given again, to anything.
NUMBERS_LEFT_OUT = 1_000_000_000
_SKIP_NUMBERS_SQL = sql.SQL("""
    SELECT pg_catalog.setval(
        pg_catalog.format('%I.%I', schemaname, sequencename)::pg_catalog.regclass,
        (coalesce(last_value, 0) / {step} + 1) * {step}
    )
    FROM pg_catalog.pg_sequences
    WHERE schemaname = {schema} AND sequencename LIKE 'annotator\\_%' AND data_type = 'bigint'::pg_catalog.regtype;
""")
# Of this schema all that extensions did not bring.
_OBJECTS_SQL = """
    SELECT CASE relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE 'SEQUENCE' END, oid::regclass::text
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'S')
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    UNION ALL
    SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    ORDER BY 1 DESC -- views, tables with their own sequences, other sequences, functions
"""


def key_fingerprint() -> str:
    """Tells two SECRET_KEYs apart, and nothing else about them."""
    return hmac.new(settings.SECRET_KEY.encode(), b"diptych backup", hashlib.sha256).hexdigest()[:16]


def applied_migrations() -> list[list[str]]:
    """App and name of each migration of the database."""
    return sorted([app, name] for app, name in MigrationLoader(connection).applied_migrations)


def require_known(migrations: Iterable[list[str]]) -> None:
    """Raises BackupError where a newer version of Diptych made the backup than is installed here."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    known |= {replaced for migration in loader.disk_migrations.values() for replaced in migration.replaces}
    if unknown := [f"{app}.{name}" for app, name in migrations if (app, name) not in known]:
        raise BackupError(
            f"The backup was made by a newer version of Diptych: {unknown[0]} is unknown here. Install that version"
            " first, then restore."
        )


def require_tables() -> None:
    """Raises BackupError where there is nothing to back up."""
    if "annotator_user" not in connection.introspection.table_names():
        raise BackupError(
            "The database has no tables of Diptych, so there is nothing to back up. Check DATA_DIR or DATABASE_URL."
        )


def require_empty_database() -> None:
    """Raises BackupError where the database has rows of ours, or tables of others, or is in use."""
    tables = set(connection.introspection.table_names())
    if strangers := sorted(tables - {model._meta.db_table for model in _all_models()} - {"django_migrations"}):
        raise BackupError(
            f"The database has tables that are not Diptych's, such as {strangers[0]}. Restore into a database of its own."
        )
    filled = [
        str(model._meta.verbose_name_plural)
        for model in apps.get_app_config("annotator").get_models()
        if model not in NOT_SAVED and model._meta.db_table in tables and model._base_manager.exists()
    ]
    if filled:
        raise BackupError(
            f"This installation is not empty: it has {', '.join(filled[:5])}. Restore into a new one, with another DATA_DIR or"
            " DATABASE_URL."
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    if others:
        raise BackupError(
            f"The database is in use by {others} other connections. Stop web, worker and beat, and restore before they start."
        )


def _all_models() -> list[type[Model]]:
    return [model for app in apps.get_app_configs() for model in app.get_models(include_auto_created=True)]


def sql_before() -> str:
    """Removes the empty tables of an installation that was migrated, so that those of the backup take their place."""
    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS_SQL)
        return "\n".join(f"DROP {kind} IF EXISTS {name} CASCADE;" for kind, name in cursor.fetchall())


def sql_after() -> str:
    """Lets numbers begin where none was given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        text = _SKIP_NUMBERS_SQL.format(step=sql.Literal(NUMBERS_LEFT_OUT), schema=sql.Literal(schema))
        return text.as_string(cursor.connection)
