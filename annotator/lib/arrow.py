"""SQL in, Arrow out: how many rows are read, straight from COPY, without a Python object per value (adbc-driver-postgresql).

A server-side cursor of the ordinary driver gives a tenth of the rows in a second, and Django's own would hold the whole result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from annotator.lib.lazy_import import lazy_import
from annotator.lib.planner_statistics import STALE_TABLES_SQL, analyze_sql

if TYPE_CHECKING:
    import adbc_driver_manager as manager
    import adbc_driver_postgresql as driver
    import pyarrow as pa
    from adbc_driver_postgresql import dbapi
else:  # pyarrow, and where they are installed pandas and polars: a third of a second and 110 MB
    manager, driver, dbapi = map(lazy_import, ("adbc_driver_manager", "adbc_driver_postgresql", "adbc_driver_postgresql.dbapi"))

BATCH_BYTES = "4000000"  # of what is held in memory; the driver's own 16 MB cost memory and gain no time


class Snapshot:
    """The database at one moment. Sees only what is committed, and nothing that is committed later.

    A query as text has {names} in the places of its values: a value becomes a literal, a piece of SQL goes in as it is.
    """

    def __init__(self, source: dbapi.Connection) -> None:
        self._source = source

    def batches(self, query: str | sql.Composable, **values: Any) -> Iterator[pa.RecordBatch]:
        """The rows, some megabytes at a time."""
        with self._source.cursor() as cursor:
            yield from _read(cursor, query, values)

    def table(self, query: str | sql.Composable, **values: Any) -> pa.Table:
        """All rows."""
        with self._source.cursor() as cursor:
            return _read(cursor, query, values).read_all()

    def columns(self, query: str | sql.Composable, **values: Any) -> dict[str, np.ndarray]:
        """All rows as a column of numbers each. A million rows of ten columns take a second or two.

        Raises ValueError for a null: numpy would have NaN for it, and fractions for the whole numbers around it.
        """
        with self._source.cursor() as cursor:
            reader = _read(cursor, query, values)
            # Each batch is copied and let go of, so that the rows are never in memory twice.
            parts = {field.name: [np.zeros(0, field.type.to_pandas_dtype())] for field in reader.schema}
            for batch in reader:
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    if column.null_count:
                        raise ValueError(f"column {name} has nulls")
                    parts[name].append(np.array(column.to_numpy(zero_copy_only=False)))
        return {name: np.concatenate(parts.pop(name)) for name in list(parts)}


def _read(cursor: dbapi.Cursor, query: str | sql.Composable, values: dict[str, Any]) -> pa.RecordBatchReader:
    literals = {name: value if isinstance(value, sql.Composable) else sql.Literal(value) for name, value in values.items()}
    composed = sql.SQL(query).format(**literals) if isinstance(query, str) else query
    cursor.adbc_statement.set_options(**{driver.StatementOptions.BATCH_SIZE_HINT_BYTES.value: BATCH_BYTES})
    cursor.execute(composed.as_string())
    return cursor.fetch_record_batch()


class _Kept:
    """Stands for the database of a connection, which would close it with itself: it is kept for the next one."""

    def close(self) -> None:
        """Between connections nothing of it is open."""


@cache
def _database(conninfo: str) -> manager.AdbcDatabase:
    """The driver reads every type that the database knows, which takes 30 ms: once in a process, not for each connection."""
    return driver.connect(conninfo)


@contextmanager
def snapshot(*, work_mem: str | None = None) -> Iterator[Snapshot]:
    """The database as it is now, on a connection of its own. `work_mem` is for its sorts and joins.

    Whoever needs one reads much, so that the planner's statistics are made anew before where they are old.
    """
    connection.ensure_connection()
    info = connection.connection.info
    database = _database(make_conninfo("", **info.get_parameters(), password=info.password or None))
    with dbapi.Connection(_Kept(), manager.AdbcConnection(database), autocommit=True) as source:
        with source.cursor() as cursor:
            cursor.execute(STALE_TABLES_SQL)
            if stale := [name for (name,) in cursor.fetchall()]:
                cursor.execute(analyze_sql(stale))
        source.adbc_connection.set_autocommit(False)
        with source.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if work_mem is not None:
                cursor.execute(f"SET LOCAL work_mem = '{work_mem}'")
        yield Snapshot(source)
