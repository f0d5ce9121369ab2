"""Locks between processes, by Postgres's advisory locks. Each kind of thing has a space of keys of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from threading import local
from typing import cast

from django.db import Error, connection
from django.db.backends.utils import CursorWrapper

_of_thread = local()


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


def lock_until_commit(space: Space, id_: int = 0) -> None:
    """Wait until nobody else has it. It is held until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [space.key(id_)])


@contextmanager
def sole_holder(space: Space, id_: int) -> Iterator[bool]:
    """Hold it, over transactions of the caller's; False where another has it. Who has it already may take it again.

    It belongs to a transaction on a connection of its own, so that a pooler that hands out its connections by the transaction
    keeps it together. It goes with its holder, however that one ends.
    """
    key, mine = space.key(id_), _held_by_this_thread()
    if key in mine:
        yield True
        return
    with _transaction_of_its_own() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
        is_mine = bool(cursor.fetchone()[0])
        if is_mine:
            mine.add(key)
        try:
            yield is_mine
        finally:
            if is_mine:
                mine.remove(key)


@contextmanager
def shared_holder(space: Space, ids: Iterable[int]) -> Iterator[None]:
    """Hold all of these together with others who hold them so, over transactions. Waits for a sole holder to end."""
    keys = sorted({space.key(id_) for id_ in ids})
    with _transaction_of_its_own() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(key) FROM unnest(%s::bigint[]) AS wanted (key)", [keys])
        yield


def _held_by_this_thread() -> set[int]:
    if not hasattr(_of_thread, "keys"):
        _of_thread.keys = set()
    return cast(set[int], _of_thread.keys)


@contextmanager
def _transaction_of_its_own() -> Iterator[CursorWrapper]:
    """It writes nothing and sees nothing for long, so it keeps nobody waiting, neither vacuum nor the vote feed."""
    own = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)  # what waits for a second one of a pool may wait for itself
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield cursor
    finally:
        with suppress(Error):  # of a connection that broke, whose locks are gone already
            own.rollback()  # the server notices later that a connection was closed
        own.close()


def held(space: Space, ids: Iterable[int]) -> set[int]:
    """Which of these somebody holds, the caller included. Takes no lock, so that nobody is turned away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM unnest(%s::bigint[]) AS wanted (id) WHERE EXISTS ("
            " SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND (classid::bigint << 32) | objid::bigint = %s + id"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [list(ids), space.key(0)],
        )
        return {id_ for (id_,) in cursor.fetchall()}
