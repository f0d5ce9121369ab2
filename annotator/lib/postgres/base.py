"""Django's PostgreSQL backend, with a health check that costs no round trip, and prepared statements.

A connection is looked at before each request, so that one that died with its server is replaced and not found out by
somebody's vote. Django asks the server a question for that; here the socket is looked at: a server that went away has closed
it. And Django binds parameters on the client, so that the server plans every statement anew; what is run through
`prepared_cursor` is planned once for a connection.
"""

from __future__ import annotations

import os
import select
from typing import Any, cast

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg.pq import Format, TransactionStatus


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Also of a statement that the server has put together."""
        if isinstance(cursor, psycopg.RawCursor):
            return f"{sql}  -- {params}"
        return super().last_executed_query(cursor, sql, params) or str(self.compose_sql(sql, params))


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """With the process's id as its name, so that `pg_stat_activity` says whose connection waits or holds a lock."""
        return {"application_name": f"diptych {os.getpid()}", **super().get_connection_params()}

    def is_usable(self) -> bool:
        connection: psycopg.Connection[Any] | None = self.connection
        return connection is not None and (is_quiet(connection) or super().is_usable())

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> bool:
        if connection.prepare_threshold is not None:
            # Every prepared statement here is made of index lookups, for which one plan is right whatever the parameters are.
            # Nothing but time hangs on it: behind a pooler it may be set for another connection, which gains by it as well.
            connection.execute("SET plan_cache_mode = force_generic_plan")
        super()._configure_connection(connection)  # type: ignore[misc]
        return True

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor for SQL with `$1`, `$2` …, bound on the server, and results in binary.

        Statements are prepared where OPTIONS has a `prepare_threshold`.
        """
        self.ensure_connection()
        cursor = psycopg.RawCursor(self.connection)
        cursor.format = Format.BINARY
        return cast(CursorWrapper, self._prepare_cursor(cursor))  # type: ignore[attr-defined]


def is_quiet(connection: psycopg.Connection[Any]) -> bool:
    """Whether the connection is open, between transactions, and its server has said nothing that was not asked.

    Anything unasked, the end of the connection above all, makes the socket readable.
    """
    if connection.closed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN | select.POLLPRI)
    return not poll.poll(0)
