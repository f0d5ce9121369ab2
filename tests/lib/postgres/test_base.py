from __future__ import annotations

import os

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import close_old_connections, connection

from annotator.lib.postgres.base import is_quiet
from annotator.lib.raw_sql import fetch_prepared, statement
from tests.factories import VoteFactory
from tests.waiting import wait_until

SQL = statement("SELECT %(number)s::int + 1")


def server_process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_the_server_knows_which_process_a_connection_is_of():
    with connection.cursor() as cursor:
        cursor.execute("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == (f"diptych {os.getpid()}",)


@pytest.mark.django_db
def test_a_statement_is_planned_once_for_a_connection():
    assert [fetch_prepared(SQL, {"number": number}).rows for number in (1, 2, 3)] == [[(2,)], [(3,)], [(4,)]]

    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int + 1'")
        assert cursor.fetchall() == [(3, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used():
    old = server_process()
    assert connection.is_usable()
    parameters = connection.get_connection_params()
    where = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if name in parameters}
    with psycopg.connect(**where, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [old])
    wait_until(lambda: not is_quiet(connection.connection))

    assert not connection.is_usable()
    close_old_connections()  # as at the start of a request
    assert server_process() != old


@pytest.mark.django_db(transaction=True)
def test_a_healthy_connection_is_found_so_without_asking_the_server(django_assert_num_queries):
    server_process()

    with django_assert_num_queries(0):
        assert connection.is_usable()


def everything_of(model):
    return list(model.objects.order_by("pk").values())


@pytest.mark.django_db(transaction=True)
def test_a_test_leaves_no_rows_behind_whatever_stands_in_the_way_of_deleting_them():
    """Votes that nobody may delete, in tables that refer to each other."""
    kept = [everything_of(ContentType), everything_of(Permission)]
    VoteFactory()

    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)  # as Django does after such a test

    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            is_kept = table in ("django_migrations", "django_content_type", "auth_permission")
            assert bool(cursor.fetchone()[0]) == is_kept, table
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
    assert [everything_of(ContentType), everything_of(Permission)] == kept
