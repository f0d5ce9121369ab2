"""Turns that processes take, by Postgres's advisory locks. Each kind of thing has a space of keys of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Space(IntEnum):
    """What is locked. The number never changes: processes of two versions may run side by side."""

    IMPORTING = 0x1A9  # by campaign, as all until `PAIRING`
    STATISTICS = 0x57A
    SCORING = 0x5C0
    SETTLING = 0x5C1
    REVIEWING = 0x5C2
    PAIRING = 0x5C3
    RELEASE = 0x5E1
    PUBLICATION = 0x5E2
    SERVER_EPOCH = 0x5E3
    SHARD = 0x5E4
    IMPORT_FILE = 0x5E5  # by import
    IMPORT_BATCH = 0x5E6
    IMAGE_FILES = 0x5E7

    def key(self, id_: int) -> int:
        return (self << 48) + id_


def wait_for_turn(space: Space, id_: int = 0) -> None:
    """Wait until nobody else has it. It is held until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [space.key(id_)])


@contextmanager
def sole_holder(space: Space, id_: int) -> Iterator[bool]:
    """Hold it, over transactions; False where another process has it.

    It belongs to the database session: it goes with its holder, however that one ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [space.key(id_)])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine and connection.is_usable():  # a session that broke has lost the lock already
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [space.key(id_)])


@contextmanager
def shared_holder(space: Space, ids: Iterable[int]) -> Iterator[None]:
    """Hold all of these together with others who hold them so, over transactions. Waits for a sole holder to end."""
    keys = sorted({space.key(id_) for id_ in ids})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(key) FROM unnest(%s::bigint[]) AS wanted (key)", [keys])
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_shared(key) FROM unnest(%s::bigint[]) AS wanted (key)", [keys])


def held(space: Space, ids: Iterable[int]) -> set[int]:
    """Which of these somebody holds, this session included. Takes no lock, so that nobody is turned away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM unnest(%s::bigint[]) AS wanted (id) WHERE EXISTS ("
            " SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND (classid::bigint << 32) | objid::bigint = %s + id"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [list(ids), space.key(0)],
        )
        return {id_ for (id_,) in cursor.fetchall()}
