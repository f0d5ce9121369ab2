"""What the tests of the models share: attempts that the database must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotator.models import Release
from tests.factories import ReleaseFactory

Attempt = Callable[[], Any]


class Attempts(dict[str, Attempt]):
    """From the name of a constraint or trigger to an attempt that it must refuse."""

    def refused_by(self, name: str) -> Callable[[Attempt], Attempt]:
        def register(attempt: Attempt) -> Attempt:
            self[name] = attempt
            return attempt

        return register


def assert_refused(name: str, attempt: Attempt) -> None:
    """The database refuses it, and by the constraint or trigger of this name."""
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        attempt()
    assert name in str(error.value)


def change(row: Any, **values: Any) -> None:
    """Change the row in the database, past every check in Python."""
    assert type(row).objects.filter(pk=row.pk).update(**values) == 1


def delete(row: Any) -> None:
    type(row).objects.filter(pk=row.pk).delete()


def check_at_once(attempt: Attempt) -> None:
    """Check at once what is otherwise checked at the end of the transaction."""
    attempt()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def release_in(state: str) -> Release:
    release = ReleaseFactory()
    change(release, state=state, revision="a" * 40, finished_at=timezone.now())
    return release
