"""A campaign's votes for programs that follow them: in the order in which they changed, and none is ever skipped or missed.

Ids are handed out before a transaction commits, so a reader who goes by them skips a vote that commits late. Here votes are
ordered by the transaction that changed them last and then by id, and only those are shown whose transaction is older than
every one still under way in this database: nothing can come in before them any more. A vote that is voided or restored is
changed, and so comes once more, after the position where a reader is. What it costs is a moment: a vote is seen when every
transaction that began to write before it has ended.

Transaction numbers mean something on one server only. Where the database was restored on another one, places that were handed out
before are refused: they may be ahead of what there is. So are votes, until they have numbers of this server: `renumber_votes`
gives them, which a restore does at its end, and no request.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction
from django.utils.translation import gettext
from psycopg import sql

from annotator.errors import Conflict, Invalid
from annotator.feeds.changes import OLDEST_UNDER_WAY, SERVER_SQL
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.lib.arrow import snapshot
from annotator.models import Campaign, ServerEpoch, Vote

CURSOR_PATTERN = re.compile(r"([ab])-([0-9]{1,20})-([0-9]{1,19})-([0-9a-f]{16})", re.ASCII)
XID_LIMIT, ID_LIMIT = 2**64 - 1, 2**63 - 1
NEVER = -1  # as an id: before the first

# Those of the `votes` config. Of somebody who withdrew only that there was a vote, so that it can be removed wherever it is.
_IS_GONE = "member.state = 'withdrawn'"
COLUMNS = {
    "vote_id": ("vote.id", pa.int64()),
    "pair_id": ("seat.pair_id", pa.int64()),
    "question": ("question.slug", pa.string()),
    "annotator_id": ("member.public_id", pa.string()),
    "choice": (f"CASE WHEN NOT {_IS_GONE} THEN vote.choice END", pa.string()),
    "a_on_left": (f"CASE WHEN NOT {_IS_GONE} THEN seat.a_on_left END", pa.bool_()),
    "kind": ("seat.kind", pa.string()),
    "elapsed_ms": (f"CASE WHEN NOT {_IS_GONE} THEN vote.elapsed_ms END", pa.int32()),
    "conditions": (f"CASE WHEN NOT {_IS_GONE} THEN vote.conditions::text END", pa.string()),
    "guideline_version": ("guideline.version", pa.int32()),
    "created_at": ("vote.created_at", pa.timestamp("us", tz="UTC")),
    "void_reason": (f"CASE WHEN {_IS_GONE} THEN 'withdrawn' ELSE vote.void_reason END", pa.string()),
    "external_id": ("pair.external_id", pa.string()),
    "metadata": ("pair.metadata::text", pa.string()),
    "comment": (f"CASE WHEN NOT {_IS_GONE} THEN nullif(vote.comment, '') END", pa.string()),
}
SCHEMA = pa.schema([(name, kind) for name, (_, kind) in COLUMNS.items()])
_AS_JSON = {
    "created_at": """to_char(vote.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "conditions": f"CASE WHEN NOT {_IS_GONE} THEN vote.conditions END",
    "metadata": "pair.metadata",
}

_VALUES = sql.SQL(", ".join(f"{value} AS {name}" for name, (value, _) in COLUMNS.items()))
_MEMBERS = ", ".join(f"'{name}', {_AS_JSON.get(name, value)}" for name, (value, _) in COLUMNS.items())
_LINE = sql.SQL(f"json_build_object({_MEMBERS})::text")
_CHANGES_SQL = sql.SQL("""
    SELECT {shown}
    FROM annotator_question question
    CROSS JOIN LATERAL (
        SELECT vote.* FROM annotator_vote vote
        WHERE vote.question_id = question.id AND vote.changed_in < {bound} AND {condition}
        ORDER BY vote.changed_in {direction}, vote.id {direction} {limit}
    ) vote
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    JOIN annotator_member member ON member.id = seat.member_id
    JOIN annotator_pair pair ON pair.id = seat.pair_id
    LEFT JOIN annotator_guideline guideline ON guideline.id = seat.guideline_id
    WHERE question.campaign_id = {campaign}
    ORDER BY vote.changed_in {direction}, vote.id {direction} {limit}
""")
# What came with a copy of the database from elsewhere has numbers that are not of this server, or not yet.
_HAS_FOREIGN_SQL = """
    SELECT EXISTS (
        SELECT FROM annotator_question question
        CROSS JOIN LATERAL (
            SELECT FROM annotator_vote vote
            WHERE vote.question_id = question.id AND vote.changed_in >= pg_snapshot_xmax(pg_current_snapshot())
              AND vote.changed_in IS DISTINCT FROM pg_current_xact_id_if_assigned()
            ORDER BY vote.changed_in LIMIT 1
        ) AS foreign_vote
    )
"""
_RENUMBER_SQL = """
    UPDATE annotator_vote SET void_reason = void_reason
    WHERE id > %(after)s AND id <= %(up_to)s AND changed_in >= pg_current_xact_id()
"""
RENUMBERED_AT_ONCE = 20_000  # votes of a transaction


@dataclass(frozen=True)
class Cursor:
    """Between two changes: after the vote, or before it where `is_before`."""

    changed_in: int
    vote_id: int
    epoch: str
    is_before: bool = False

    def __str__(self) -> str:
        return f"{'b' if self.is_before else 'a'}-{self.changed_in}-{self.vote_id + 1}-{self.epoch}"


@dataclass(frozen=True)
class Page:
    """Votes as they stand in JSON, and the places before the first and after the last.

    `position` is where to go on from; `has_more` says whether there is something already, and `previous` is None where there
    is nothing before.
    """

    votes: list[dict[str, Any]]
    position: Cursor
    previous: Cursor | None
    has_more: bool


def read_cursor(text: str) -> Cursor:
    """A position as it was written. Raises Invalid for what is none, Conflict (cursor_expired) for one of another epoch."""
    match = CURSOR_PATTERN.fullmatch(text)
    if match is None or int(match[2]) > XID_LIMIT or int(match[3]) > ID_LIMIT:
        words = "Invalid cursor. Use one from an earlier response."
        raise Invalid(words, errors={"cursor": [words]})
    position = Cursor(int(match[2]), int(match[3]) - 1, match[4], is_before=match[1] == "b")
    if position.epoch != server_epoch():
        raise Conflict(
            gettext("The database was restored or moved after this cursor was created. Read all votes again, without a cursor."),
            code="cursor_expired",
        )
    return position


def server_epoch() -> str:
    """The name of the present epoch. Begins a new one where the database has come to another server.

    Raises Conflict (votes_not_renumbered) while it has votes with numbers of the server before.
    """
    server = _server()
    known = ServerEpoch.objects.filter(server=server).first()
    return (known or _begin_epoch(server)).name


def _server() -> str:
    with connection.cursor() as cursor:
        cursor.execute(SERVER_SQL)
        return str(cursor.fetchone()[0])


@transaction.atomic
def _begin_epoch(server: str) -> ServerEpoch:
    lock_until_commit(Space.SERVER_EPOCH)
    known = ServerEpoch.objects.filter(server=server).first()
    if known is not None:  # somebody else was first
        return known
    with connection.cursor() as cursor:
        cursor.execute(_HAS_FOREIGN_SQL)
        if cursor.fetchone()[0]:
            raise Conflict(
                gettext(
                    "The database came from another server, and its votes have to be renumbered before they can be read here. "
                    "Ask an operator to run: manage.py renumber_votes"
                ),
                code="votes_not_renumbered",
            )
    ServerEpoch.objects.all().delete()
    return ServerEpoch.objects.create(pk=1, server=server)


def renumber_votes(*, on_progress: Callable[[int], None] | None = None) -> int:
    """Give the votes that came from another server numbers of this one, and return how many those were.

    In many transactions, so that votes can be cast meanwhile; one that is stopped goes on when it is called again. Does nothing
    where the database is where it was. Must not be called inside a transaction.
    """
    if ServerEpoch.objects.filter(server=_server()).exists():
        return 0
    renumbered = after = 0
    while ids := list(Vote.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:RENUMBERED_AT_ONCE]):
        with connection.cursor() as cursor:
            cursor.execute(_RENUMBER_SQL, {"after": after, "up_to": ids[-1]})
            renumbered += cursor.rowcount
        after = ids[-1]
        if on_progress is not None:
            on_progress(renumbered)
    _begin_epoch(_server())
    return renumbered


def page_of_votes(*, campaign: Campaign, position: Cursor | None, since: datetime | None, size: int) -> Page:
    """Up to `size` votes after the position (before it, where it says so), or from the beginning."""
    is_before = position is not None and position.is_before
    query = _changes(
        campaign,
        position,
        since,
        shown=sql.SQL("vote.changed_in::text, vote.id, {line}").format(line=_LINE),
        bound=OLDEST_UNDER_WAY,
        limit=size + 1,
    )
    named = position.epoch if position else server_epoch()
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows = cursor.fetchall()
    is_full, rows = len(rows) > size, rows[:size]
    if is_before:
        rows.reverse()
    if not rows:
        start = Cursor(position.changed_in, position.vote_id, named) if position else Cursor(0, NEVER, named)
        return Page([], start, None if is_before or position is None else _before(start), has_more=is_before)
    first, last = (Cursor(int(changed_in), vote_id, named) for changed_in, vote_id, _ in (rows[0], rows[-1]))
    has_previous = is_full if is_before else position is not None
    return Page(
        [json.loads(line) for *_, line in rows],
        last,
        _before(first) if has_previous else None,
        has_more=is_before or is_full,
    )


def _before(position: Cursor) -> Cursor:
    return Cursor(position.changed_in, position.vote_id, position.epoch, is_before=True)


@dataclass(frozen=True)
class VoteStream:
    """All votes after a position, or all there are, up to `position`: read as they are sent, so that memory stays flat."""

    campaign: Campaign
    start: Cursor | None
    since: datetime | None
    position: Cursor

    def lines(self) -> Iterator[bytes]:
        """As JSON lines."""
        for batch in self._batches(_LINE):
            yield "".join(f"{line}\n" for line in batch.column(0).to_pylist()).encode()

    def arrow(self) -> Iterator[bytes]:
        """As an Arrow IPC stream."""
        sink = _Sink()
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            for batch in self._batches(_VALUES):
                columns = [column.cast(field.type) for column, field in zip(batch.columns, SCHEMA, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))
                yield sink.take()
        yield sink.take()

    def _batches(self, shown: sql.Composable) -> Iterator[pa.RecordBatch]:
        bound = sql.SQL("{}::xid8").format(sql.Literal(str(self.position.changed_in)))
        query = _changes(self.campaign, self.start, self.since, shown=shown, bound=bound)
        with snapshot() as now:
            yield from now.batches(query)


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        return len(self._written[-1])

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


def stream_of_votes(*, campaign: Campaign, position: Cursor | None, since: datetime | None) -> VoteStream:
    """The votes after the position, or all of them, that are there to stay at this moment.

    One that is voided while they are read may be missing; it comes after `VoteStream.position`.
    """
    named = position.epoch if position else server_epoch()
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {}::text").format(OLDEST_UNDER_WAY))
        (oldest,) = cursor.fetchone()
    return VoteStream(campaign, position, since, Cursor(int(oldest), NEVER, named))


def _changes(
    campaign: Campaign,
    position: Cursor | None,
    since: datetime | None,
    *,
    shown: sql.Composable,
    bound: sql.Composable,
    limit: int | None = None,
) -> sql.Composed:
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if position is not None:
        compared = sql.SQL("(vote.changed_in, vote.id) {sign} ({changed_in}::xid8, {vote_id}::bigint)")
        conditions.append(
            compared.format(
                sign=sql.SQL("<" if position.is_before else ">"),
                changed_in=sql.Literal(str(position.changed_in)),
                vote_id=sql.Literal(position.vote_id),
            )
        )
    if since is not None:
        changed = sql.SQL("(vote.created_at >= {since} OR vote.voided_at >= {since})")
        conditions.append(changed.format(since=sql.Literal(since)))
    return _CHANGES_SQL.format(
        shown=shown,
        bound=bound,
        condition=sql.SQL(" AND ").join(conditions),
        direction=sql.SQL("DESC" if position is not None and position.is_before else "ASC"),
        limit=sql.SQL("LIMIT {}").format(sql.Literal(limit)) if limit else sql.SQL(""),
        campaign=sql.Literal(campaign.pk),
    )
