"""Attempts are counted before the work begins: a worker that is killed by its work counts nothing any more.

What was begun ATTEMPTS_MAX times and never ended is poison, and is set aside, so that the rest goes on.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet

from annotator.lib.disk_space import DiskFull

ATTEMPTS_MAX = 3
# The database or the storage is away: the fault of no item, so an attempt that ends so does not count. Nor does a full disk.
AWAY = (OperationalError, InterfaceError, BotoCoreError, ClientError, DiskFull)
FULL = (errno.ENOSPC, errno.EDQUOT)


class OutOfAttempts(Exception):
    """It was begun ATTEMPTS_MAX times and never ended."""


@contextmanager
def attempt(rows: QuerySet[Any], field: str = "attempts") -> Iterator[None]:
    """Count an attempt at the row in `rows`, which is committed before the work in the block begins.

    Must not be called inside a transaction, which a killed worker would take along. Raises OutOfAttempts instead of beginning
    once too often.
    """
    if not rows.filter(**{f"{field}__lt": ATTEMPTS_MAX}).update(**{field: F(field) + 1}):
        raise OutOfAttempts
    try:
        yield
    except (*AWAY, OSError) as error:
        if isinstance(error, AWAY) or error.errno in FULL:
            with suppress(OperationalError, InterfaceError):  # the database may be what is away
                rows.filter(**{f"{field}__gt": 0}).update(**{field: F(field) - 1})
        raise
