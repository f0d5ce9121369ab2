from __future__ import annotations

import pytest
from django.db import connection, connections
from psycopg import sql

from annotator.feeds.changes import OLDEST_UNDER_WAY, SERVER_SQL

pytestmark = pytest.mark.django_db(transaction=True)


def test_changes_end_before_the_oldest_transaction_under_way():
    other = connections.create_connection("default")
    with connection.cursor() as cursor, other.cursor() as of_other:
        of_other.execute("BEGIN")
        of_other.execute("SELECT pg_current_xact_id()::text")
        (under_way,) = of_other.fetchone()
        cursor.execute(sql.SQL("SELECT {}::text").format(OLDEST_UNDER_WAY))
        assert int(cursor.fetchone()[0]) <= int(under_way)  # before it, where autovacuum is at work

        of_other.execute("COMMIT")
        cursor.execute(sql.SQL("SELECT {}::text").format(OLDEST_UNDER_WAY))
        assert int(cursor.fetchone()[0]) != int(under_way)
    other.close()


def test_a_server_has_one_name():
    with connection.cursor() as cursor:
        cursor.execute(SERVER_SQL)
        (name,) = cursor.fetchone()
        cursor.execute(SERVER_SQL)
        assert cursor.fetchone() == (name,)
    assert name.partition("/")[0].isdigit()
