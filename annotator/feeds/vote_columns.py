"""A campaign's votes as columns, beside their tables: a narrow copy that follows them, for whoever reads all of them.

From the tables each vote comes with its seat, which costs more than most of what is computed of it. Here some thousand votes are
one row of packed columns. The copy has a place in the order of changes, as a reader of the feed has (vote_feed.py): what was
changed since is read from the tables, by an index, and laid over it. So the columns are always those of the reader's snapshot,
and a copy that is behind, or is not there, costs time and nothing else. A vote that is read twice is laid over itself.

`Update` moves the place on. Every vote is in the columns, void ones too: `void` is 0 for those that are not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from psycopg import sql

from annotator.choices import AssignmentKind, Choice, VoidReason
from annotator.feeds.changes import OLDEST_UNDER_WAY, SERVER_SQL
from annotator.lib.arrow import Snapshot
from annotator.models import Campaign, VoteChunk, VoteColumns

CHOICES = list(Choice.values)
KINDS = list(AssignmentKind.values)
VOIDS = list(VoidReason.values)
LIVE, UNDONE = 0, 1 + VOIDS.index(VoidReason.UNDONE)  # codes of `void`
NOT_THERE = -1  # a time that was not measured
CHUNK = 8_192  # ids of votes
WRITTEN_AT_ONCE = 100  # chunks

Columns = dict[str, np.ndarray]

# `at` is in microseconds since 1970.
TYPES = {
    "id": np.int64,
    "question": np.int64,
    "member": np.int64,
    "pair": np.int64,
    "choice": np.int8,
    "kind": np.int8,
    "a_on_left": np.bool_,
    "elapsed_ms": np.int32,
    "at": np.int64,
    "void": np.int8,
}
_STATE_SQL = """
    SELECT since::text, {bound}::text AS bound, server.name AS server, coalesce(columns.server <> server.name, true) AS is_new
    FROM ({server}) AS server (name) LEFT JOIN annotator_votecolumns columns ON columns.campaign_id = {campaign}
"""
_COLUMNS_SQL = """
    SELECT vote.id, vote.question_id AS question, seat.member_id AS member, seat.pair_id AS pair,
           array_position({choices}::text[], vote.choice::text)::int2 - 1::int2 AS choice,
           array_position({kinds}::text[], seat.kind::text)::int2 - 1::int2 AS kind, seat.a_on_left,
           coalesce(vote.elapsed_ms, -1) AS elapsed_ms, (extract(epoch FROM vote.created_at) * 1000000)::bigint AS at,
           coalesce(array_position({voids}::text[], vote.void_reason::text), 0)::int2 AS void
"""
_VOTES_SQL = """
    FROM annotator_question question
    JOIN annotator_vote vote ON vote.question_id = question.id AND vote.{which}
    JOIN annotator_assignment seat ON seat.id = vote.assignment_id
    WHERE question.campaign_id = {campaign}
"""
_CHUNKS_SQL = """
    SELECT number, columns FROM annotator_votechunk
    WHERE campaign_id = {campaign} AND ({numbers}::bigint[] IS NULL OR number = ANY ({numbers}::bigint[]))
    ORDER BY number
"""

_NUMBERS_SQL = "SELECT number FROM annotator_votechunk WHERE campaign_id = {campaign} ORDER BY number"


def pack(columns: Columns) -> bytes:
    """Each column as its least value and what is above it, in as few bytes as the largest of these takes."""
    parts = [struct.pack("<I", len(columns["id"]))]
    for name in TYPES:
        values = columns[name].astype(np.int64)
        least = int(values.min()) if len(values) else 0
        above = (values - least).astype(np.uint64)
        width = next(width for width in (1, 2, 4, 8) if int(above.max(initial=0)) < 1 << 8 * width)
        parts += [struct.pack("<Bq", width, least), above.astype(f"<u{width}").tobytes()]
    return b"".join(parts)


def unpack(packed: bytes) -> Columns:
    (size,) = struct.unpack_from("<I", packed)
    at, columns = 4, {}
    for name, kind in TYPES.items():
        width, least = struct.unpack_from("<Bq", packed, at)
        at += struct.calcsize("<Bq")
        above = np.frombuffer(packed, f"<u{width}", size, at)
        columns[name] = (above.astype(np.int64) + least).astype(kind)
        at += width * size
    return columns


def columns_from(snapshot: Snapshot, source: str, **values: Any) -> Columns:
    """The columns of some votes from the tables, by id. `source` is SQL from FROM on, with a `vote` and its `seat`."""
    rows = snapshot.columns(_COLUMNS_SQL + source, choices=CHOICES, kinds=KINDS, voids=VOIDS, **values)
    _, order = np.unique(rows["id"], return_index=True)
    return {name: rows[name][order].astype(kind) for name, kind in TYPES.items()}


def discard(campaign: Campaign) -> None:
    """Forget the columns: whoever reads takes the tables, until somebody writes the columns anew."""
    VoteColumns.objects.filter(campaign=campaign).delete()


def read_votes(snapshot: Snapshot, campaign_id: int, *, questions: Iterable[int] | None = None) -> Columns:
    """All votes of the campaign, or of these questions, as the snapshot has them, by id. It changes nothing."""
    return Update(snapshot, campaign_id).votes(questions)


@dataclass(frozen=True)
class Update:
    """What has changed since the columns of a campaign were written last, in a snapshot."""

    snapshot: Snapshot
    campaign_id: int

    @cached_property
    def _state(self) -> dict[str, Any]:
        known = {"bound": OLDEST_UNDER_WAY, "server": sql.SQL(SERVER_SQL), "campaign": self.campaign_id}
        [state] = self.snapshot.table(_STATE_SQL, **known).to_pylist()
        return dict(state)

    @cached_property
    def is_new(self) -> bool:
        """Whether there are no columns yet, or those of another server, whose transactions have other numbers."""
        return bool(self._state["is_new"])

    @cached_property
    def changed(self) -> Columns:
        """Votes that were cast, voided or restored since, and maybe some more, by id."""
        since = "0" if self.is_new else self._state["since"]
        return self._from_tables(sql.SQL("changed_in >= {}::xid8").format(sql.Literal(since)))

    @cached_property
    def _chunks_before(self) -> dict[int, Columns]:
        """The chunks that changed votes are in, as they are written."""
        if self.is_new:
            return {}
        return self._read(np.unique(self.changed["id"] // CHUNK).tolist())

    @cached_property
    def before(self) -> np.ndarray:
        """The `void` that the columns have of each changed vote so far; NOT_THERE where they have no such vote."""
        void = np.full(len(self.changed["id"]), NOT_THERE, dtype=np.int8)
        for number, columns in self._chunks_before.items():
            rows = _rows_of(self.changed["id"], number)
            _, new, old = np.intersect1d(self.changed["id"][rows], columns["id"], assume_unique=True, return_indices=True)
            void[rows.start + new] = columns["void"][old]
        return void

    @cached_property
    def _chunks(self) -> dict[int, Columns]:
        """The same chunks as they are now."""
        chunks = {}
        for number in np.unique(self.changed["id"] // CHUNK).tolist():
            rows = _rows_of(self.changed["id"], number)
            news = {name: column[rows] for name, column in self.changed.items()}
            known = self._chunks_before.get(number)
            chunks[number] = news if known is None else _laid_over(known, news)
        return chunks

    def votes(self, questions: Iterable[int] | None = None) -> Columns:
        """All votes as they are now, by id."""
        wanted = None if questions is None else np.array(list(questions), dtype=np.int64)
        chunks = self._chunks if self.is_new else self._read(None) | self._chunks
        parts = [_of_questions(chunks[number], wanted) for number in sorted(chunks)]
        return {name: np.concatenate([np.zeros(0, kind), *(part[name] for part in parts)]) for name, kind in TYPES.items()}

    def write(self) -> None:
        """Write the columns as they are now. In a transaction, and under a lock that was taken before the snapshot."""
        if self.is_new:
            VoteChunk.objects.filter(campaign=self.campaign_id).delete()
        rows = (VoteChunk(campaign_id=self.campaign_id, number=n, columns=pack(of)) for n, of in self._chunks.items())
        VoteChunk.objects.bulk_create(
            rows,
            batch_size=WRITTEN_AT_ONCE,
            update_conflicts=True,
            unique_fields=["campaign", "number"],
            update_fields=["columns"],
        )
        place = {"server": self._state["server"], "since": self._state["bound"]}
        VoteColumns.objects.update_or_create(campaign_id=self.campaign_id, defaults=place)

    def wrong_chunks(self, *, rest: int = 0, of: int = 1) -> list[int]:
        """The numbers of chunks that are not as the tables have them, what changed since laid over; of one part of them."""
        [numbers] = self.snapshot.columns(_NUMBERS_SQL, campaign=self.campaign_id).values()
        if self.is_new or not len(numbers):
            return []
        parts = np.array_split(numbers, of)
        if not len(parts[rest]):
            return []
        start = 0 if rest == 0 else int(parts[rest][0])
        stop = int(numbers[-1]) + 1 if rest + 1 == of or not len(parts[rest + 1]) else int(parts[rest + 1][0])
        bounds = sql.SQL("id >= {} AND vote.id < {}").format(*map(sql.Literal, (start * CHUNK, stop * CHUNK)))
        right = self._from_tables(bounds)
        known = self._read(parts[rest].tolist()) | {n: its for n, its in self._chunks.items() if start <= n < stop}
        found = [number for number in known if not _is_same(known[number], right, _rows_of(right["id"], number))]
        return sorted({*found, *(set(np.unique(right["id"] // CHUNK).tolist()) - known.keys())})

    def _from_tables(self, which: sql.Composable) -> Columns:
        return columns_from(self.snapshot, _VOTES_SQL, campaign=self.campaign_id, which=which)

    def _read(self, numbers: list[int] | None) -> dict[int, Columns]:
        chunks = {}
        for batch in self.snapshot.batches(_CHUNKS_SQL, campaign=self.campaign_id, numbers=numbers):
            for number, columns in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
                chunks[number] = unpack(columns.as_buffer())
        return chunks


def _rows_of(ids: np.ndarray, number: int) -> slice:
    """Which of the sorted ids are in a chunk."""
    start, stop = np.searchsorted(ids, [number * CHUNK, (number + 1) * CHUNK]).tolist()
    return slice(start, stop)


def _is_same(columns: Columns, right: Columns, rows: slice) -> bool:
    return all(np.array_equal(columns[name], right[name][rows]) for name in TYPES)


def _laid_over(known: Columns, news: Columns) -> Columns:
    kept = ~np.isin(known["id"], news["id"], assume_unique=True)
    both = {name: np.concatenate([known[name][kept], news[name]]) for name in TYPES}
    order = np.argsort(both["id"], kind="stable")
    return {name: column[order] for name, column in both.items()}


def _of_questions(columns: Columns, questions: np.ndarray | None) -> Columns:
    if questions is None:
        return columns
    is_wanted = np.isin(columns["question"], questions)
    return columns if is_wanted.all() else {name: column[is_wanted] for name, column in columns.items()}
