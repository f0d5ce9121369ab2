"""Installations of three older versions are brought up to date, and nothing of them is lost.

Each `installation_….sql.gz` is a dump of one, made by the version whose last migration it is called by. That of 0012 has three
campaigns, of which one has something in every table; the others were made by `make_installation.py`.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg import sql

from tests.celery_worker import ROOT, database_url

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parent
OLDEST = "0012"
LATER = ["0020", "0023"]
# Rows that Django adds with new tables and migrations.
GROWING = {"django_migrations", "django_content_type", "auth_permission"}
# Whose columns were moved to another table: where all of them are now.
MOVED = {"annotator_pair": "annotator_pair JOIN annotator_pair_seats USING (id, campaign_id)"}
# Columns of another name now; none of these tables has a column of an old name today.
RENAMED = {
    ("annotator_golddecision", "act"): "kind",
    ("annotator_hubaccount", "sealed_token"): "encrypted_token",
    ("annotator_keptanswer", "sealed_answer"): "encrypted_answer",
    ("annotator_webhook", "sealed_secret"): "encrypted_secret",
}
# What is computed from the votes, and marked to be computed anew where what it says has changed.
COMPUTED = {"annotator_campaignstatistics"}
RULES, PROPOSALS = "annotator_reviewrule", "annotator_proposal"  # rules are off after an update, and propose nothing

COLUMNS_SQL = """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' GROUP BY table_name
"""
# Everything that a table, view or trigger is made of, in words that do not depend on the order in which it was made.
SCHEMA_SQL = """
    SELECT 'column', attrelid::regclass::text, attname::text || ' ' || format_type(atttypid, atttypmod)
           || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid) || ' ' || tgenabled::text || prosrc
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'
"""


@contextmanager
def restored(name: str, version: str = OLDEST) -> Iterator[psycopg.Connection[Any]]:
    """A database with what the dump of a version holds, beside the tests' own."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(database_url(), autocommit=True) as tests:
        tests.execute(drop)
        tests.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(database_url(), dbname=name, autocommit=True) as own:
            own.execute(gzip.decompress((FOLDER / f"installation_{version}.sql.gz").read_bytes()))
            own.execute("SET search_path = public")
            yield own
        tests.execute(drop)


def migrate(installation: psycopg.Connection[Any]) -> int:
    """Returns how `manage.py migrate` ended."""
    url = database_url().removesuffix(database_of_tests()) + installation.info.dbname
    environment = {"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": settings.SECRET_KEY}
    return subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--skip-checks"],
        cwd=ROOT,
        env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "annotator.settings"},
        capture_output=True,
        check=False,
    ).returncode


def database_of_tests() -> str:
    return str(connection.settings_dict["NAME"])


def columns_of(installation: psycopg.Connection[Any]) -> dict[str, list[str]]:
    return {table: columns for table, columns in installation.execute(COLUMNS_SQL) if table not in GROWING}


def rows_of(installation: psycopg.Connection[Any], columns: dict[str, list[str]], *, is_updated: bool) -> dict[str, list[str]]:
    """All rows of all tables, as text."""
    moved, renamed = (MOVED, RENAMED) if is_updated else ({}, {})
    select = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1")
    return {
        table: [
            row
            for (row,) in installation.execute(
                select.format(
                    sql.SQL(", ").join(sql.Identifier(renamed.get((table, name), name)) for name in names),
                    sql.SQL(moved[table]) if table in moved else sql.Identifier(table),
                )
            )
        ]
        for table, names in columns.items()
    }


def schema_of(database: psycopg.Connection[Any]) -> set[tuple[str, str, str]]:
    """Without casts and brackets: of a condition that came from a dump the server spells these otherwise."""
    rows = database.execute(SCHEMA_SQL)
    return {(kind, of, re.sub(r"::character varying|::text(\[\])?|[()\s]", "", what)) for kind, of, what in rows}


@dataclass
class Upgraded:
    """An installation that was brought up to date, and what its tables held before."""

    installation: psycopg.Connection[Any]
    columns: dict[str, list[str]]
    rows: dict[str, list[str]]


@pytest.fixture(scope="module")
def upgraded(django_db_setup: None) -> Iterator[Upgraded]:
    with restored(f"{database_of_tests()}_upgraded") as installation:
        columns = columns_of(installation)
        rows = rows_of(installation, columns, is_updated=False)
        assert migrate(installation) == 0
        yield Upgraded(installation, columns, rows)


def test_the_dump_has_something_in_every_table(upgraded):
    tables = [model._meta.db_table for model in apps.get_app_config("annotator").get_models()]
    assert not [table for table in tables if upgraded.rows.get(table) == []]


def test_no_row_is_lost_and_none_is_changed_but_rules_of_the_review(upgraded):
    after = rows_of(upgraded.installation, upgraded.columns, is_updated=True)
    kept = upgraded.rows.keys() - COMPUTED - {RULES, PROPOSALS}

    assert {table: after[table] for table in kept} == {table: upgraded.rows[table] for table in kept}
    assert len(after[RULES]) == len(upgraded.rows[RULES])


@pytest.mark.parametrize("version", LATER)
def test_nothing_of_a_later_version_is_lost_and_its_tables_become_those_of_a_new_one(django_db_setup, version):
    with restored(f"{database_of_tests()}_{version}", version) as installation, psycopg.connect(database_url()) as new:
        columns = columns_of(installation)
        before = rows_of(installation, columns, is_updated=False)
        assert before["annotator_vote"]
        assert before["annotator_consensus"]

        assert migrate(installation) == 0

        after = rows_of(installation, columns, is_updated=True)
        kept = before.keys() - COMPUTED - {RULES, PROPOSALS}
        assert {table: after[table] for table in kept} == {table: before[table] for table in kept}
        assert len(after[RULES]) == len(before[RULES])
        assert schema_of(installation) == schema_of(new)


def test_no_rule_of_the_review_is_on_and_none_goes_by_disagreement_any_more(upgraded):
    query = "SELECT count(*), count(*) FILTER (WHERE enabled) FROM annotator_reviewrule WHERE measure = 'agreement'"
    [(rules, enabled)] = upgraded.installation.execute(query).fetchall()
    assert rules > 0
    assert enabled == 0
    assert upgraded.installation.execute("SELECT count(*) FROM annotator_reviewrule WHERE enabled").fetchall() == [(0,)]
    assert upgraded.installation.execute("SELECT DISTINCT test_version FROM annotator_reviewrule").fetchall() == [(0,)]
    query = "SELECT DISTINCT threshold FROM annotator_reviewrule WHERE measure = 'trust' AND outcome = 'warn'"
    assert upgraded.installation.execute(query).fetchall() == [(-4.0,)]


def test_the_tables_are_those_of_a_new_installation(upgraded):
    with psycopg.connect(database_url()) as new:
        assert schema_of(upgraded.installation) == schema_of(new)


def test_the_guideline_in_force_is_the_newest_that_was_published(upgraded):
    query = "SELECT slug, version FROM annotator_campaign c LEFT JOIN annotator_guideline g ON g.id = c.guideline_id"
    assert dict(upgraded.installation.execute(query).fetchall()) == {"scenes": 2, "faces": None, "empty": None}


def test_votes_and_assignments_are_of_the_campaign_of_their_member(upgraded):
    query = """
        SELECT DISTINCT member.campaign_id, seat.campaign_id, vote.campaign_id FROM annotator_assignment seat
        JOIN annotator_member member ON member.id = seat.member_id
        JOIN annotator_vote vote ON vote.assignment_id = seat.id ORDER BY 1, 2, 3
    """
    scenes, faces = 1, 2
    assert upgraded.installation.execute(query).fetchall() == [(scenes,) * 3, (faces,) * 3]


def test_an_older_installation_is_refused_and_left_as_it_was(django_db_setup):
    with restored(f"{database_of_tests()}_older") as installation:
        installation.execute("DELETE FROM django_migrations WHERE app = 'annotator' AND name = '0012_releases_in_shards'")
        schema = schema_of(installation)

        assert migrate(installation) != 0

        assert schema_of(installation) == schema
