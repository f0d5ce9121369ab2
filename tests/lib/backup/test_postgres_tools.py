"""The programs of PostgreSQL that fit a server, and what happens where one of them fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from annotator.lib.backup.archive import BackupError
from annotator.lib.backup.postgres_tools import Target, Tools, choose, dump, installed, load, require_as_new
from tests.celery_worker import database_url

FOLDER = Path("/usr")


@pytest.mark.parametrize(("needed", "chosen"), [(15, 16), (16, 16), (17, 18), (18, 18)])
def test_the_oldest_programs_are_chosen_that_a_server_takes(needed, chosen):
    assert choose([Tools(FOLDER, 18), Tools(FOLDER, 16)], needed=needed).major == chosen


def test_a_server_newer_than_all_programs_is_refused_with_what_to_do():
    with pytest.raises(BackupError, match=r"PostgreSQL 19 needs .* of version 19 or newer.* --postgres-programs"):
        choose([Tools(FOLDER, 18), Tools(FOLDER, 16)], needed=19)


def test_a_server_older_than_that_of_the_backup_is_refused():
    target = Target("", "", 16)

    require_as_new(target, 16)
    with pytest.raises(BackupError, match=r"of PostgreSQL 18, and this server is PostgreSQL 16"):
        require_as_new(target, 18)


def test_those_that_came_with_diptych_are_found_and_a_folder_without_any_is_refused(tmp_path):
    assert {16, 18} <= {tools.major for tools in installed()}
    with pytest.raises(BackupError, match="There is no pg_dump in"):
        installed(tmp_path)


@contextmanager
def new_database(name: str) -> Iterator[psycopg.Connection[Any]]:
    name = f"{connection.settings_dict['NAME']}_{name}"
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    with psycopg.connect(database_url(), autocommit=True) as tests:
        tests.execute(drop)
        tests.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(database_url(), dbname=name, autocommit=True) as own:
            yield own
        tests.execute(drop)


@pytest.fixture(scope="module")
def dumped(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of a table as it was when it had two rows."""
    file = tmp_path_factory.mktemp("dump") / "dump"
    with new_database("from") as old:
        old.execute("CREATE TABLE number AS SELECT generate_series(1, 2) AS id; CREATE TABLE secret AS SELECT 1 AS id")
        with psycopg.connect(database_url(), dbname=old.info.dbname) as other:
            (snapshot,) = other.execute("SELECT pg_export_snapshot()").fetchone()
            old.execute("INSERT INTO number VALUES (3)")
            target = Target.of(old)
            dump(target, choose(installed(), needed=target.major), to=file, snapshot=snapshot, without_rows_of=["secret"])
    return file


@pytest.fixture
def empty(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with new_database("to") as new:
        yield new


def load_into(new: psycopg.Connection[Any], file: Path, *, after: str = "") -> None:
    target = Target.of(new)
    with file.open("rb") as source:
        before = "CREATE TABLE before ();"
        load(target, choose(installed(), needed=target.major), source=source, before=before, after=after)


def tables_of(new: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in new.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]


def test_what_a_snapshot_held_is_moved_without_the_rows_that_were_left_out(dumped, empty):
    load_into(empty, dumped, after="INSERT INTO public.number VALUES (9);")

    assert tables_of(empty) == ["before", "number", "secret"]
    assert empty.execute("SELECT id FROM number ORDER BY id").fetchall() == [(1,), (2,), (9,)]
    assert empty.execute("SELECT id FROM secret").fetchall() == []


def test_a_step_that_fails_at_the_very_end_leaves_nothing(dumped, empty):
    with pytest.raises(BackupError, match=r'relation "public.nowhere" does not exist.* Nothing of it was kept'):
        load_into(empty, dumped, after="INSERT INTO public.nowhere VALUES (9);")

    assert tables_of(empty) == []


def test_a_dump_that_ends_too_early_leaves_nothing(dumped, empty, tmp_path):
    (tmp_path / "cut").write_bytes(dumped.read_bytes()[:-100])

    with pytest.raises(BackupError, match=r"could not be restored: .*pg_restore"):
        load_into(empty, tmp_path / "cut")

    assert tables_of(empty) == []


def test_a_dump_that_cannot_be_written_says_why(empty, tmp_path):
    target = Target.of(empty)
    tools = choose(installed(), needed=target.major)

    with pytest.raises(BackupError, match=r"could not be saved: .*snapshot"):
        dump(target, tools, to=tmp_path / "dump", snapshot="00000000-0", without_rows_of=[])
