"""What a backup is of, and whether a database can take one."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from annotator.lib.backup import contents
from annotator.lib.backup.archive import BackupError
from tests.celery_worker import database_url
from tests.factories import UserFactory
from tests.waiting import wait_until
from tests.without_statistics import end_idle_sessions

pytestmark = pytest.mark.django_db

OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


@pytest.fixture(autouse=True)
def _nobody_else(db: None) -> None:
    """Connections of a test before this one may still be on their way out."""

    def is_alone() -> bool:
        end_idle_sessions()
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
            (others,) = cursor.fetchone()
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # or the whole transaction would see the same ones
            return others == 0

    wait_until(is_alone, why="the other connections to end")


def test_two_keys_have_two_fingerprints_which_do_not_tell_them(settings):
    first = contents.key_fingerprint()
    settings.SECRET_KEY = settings.SECRET_KEY + "2"

    assert len(first) == 16
    assert first != contents.key_fingerprint()


def test_the_migrations_of_this_version_and_those_that_it_replaced_are_known():
    contents.require_known([*contents.applied_migrations(), ["annotator", "0007_repeats_once"]])

    with pytest.raises(BackupError, match=r"newer version of Diptych: annotator\.9999_of_tomorrow is unknown"):
        contents.require_known([["annotator", "9999_of_tomorrow"]])


def test_a_database_that_was_only_migrated_is_empty_and_one_with_a_user_is_not():
    contents.require_empty_database()

    UserFactory()
    with pytest.raises(BackupError, match="is not empty: it has users"):
        contents.require_empty_database()


def test_a_database_with_tables_of_others_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE invoice ()")

    with pytest.raises(BackupError, match="not Diptych's, such as invoice"):
        contents.require_empty_database()


def test_a_database_in_use_is_refused():
    with psycopg.connect(database_url()), pytest.raises(BackupError, match="in use by 1 other connections"):
        contents.require_empty_database()
