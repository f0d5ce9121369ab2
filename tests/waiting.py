"""Waiting in tests: for a condition and not for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

POLL_PERIOD = 0.02  # seconds


def wait_until(condition: Callable[[], T], *, seconds: float = 15.0, why: str | Callable[[], str] = "the condition") -> T:
    """The first true value of `condition()`. Fails the test, saying `why` it waited, when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {why() if callable(why) else why}")
        time.sleep(POLL_PERIOD)
    return value


def wait_for_other_databases() -> None:
    """Until the transactions that other databases of the server have under way have ended, those of tests beside these.

    The votes of a campaign are shown up to the oldest transaction of the server.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (next_one,) = cursor.fetchone()

        def is_over() -> bool:
            cursor.execute(
                "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname <> current_database()"
                " AND backend_xid::text::bigint < %s)",
                [next_one],
            )
            return bool(cursor.fetchone()[0])

        wait_until(is_over, seconds=120, why="the transactions of other databases")
