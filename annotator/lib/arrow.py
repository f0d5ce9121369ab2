"""Rows out of Postgres as Arrow, straight from COPY, without a Python object per value (adbc-driver-postgresql).

A server-side cursor of the ordinary driver gives a tenth of the rows in a second, and Django's own would hold the whole result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

BATCH_BYTES = "4000000"  # of what is held in memory; the driver's own 16 MB cost memory and gain no time


@contextmanager
def arrow_source() -> Iterator[dbapi.Connection]:
    """A connection of its own to Django's database, which sees only what is committed."""
    connection.ensure_connection()
    info = connection.connection.info
    with dbapi.connect(make_conninfo("", **info.get_parameters(), password=info.password or None)) as source:
        yield source


def record_batches(source: dbapi.Connection, query: sql.Composable) -> Iterator[pa.RecordBatch]:
    """The rows, some megabytes at a time."""
    with source.cursor() as cursor:
        cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: BATCH_BYTES})
        cursor.execute(query.as_string())
        yield from cursor.fetch_record_batch()
