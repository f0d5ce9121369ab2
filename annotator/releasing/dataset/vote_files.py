"""The configs of votes: their files, finished while the votes are read, and how many votes of each kind went into them."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotator.choices import AssignmentKind
from annotator.consensus.codes import Ints
from annotator.releasing.dataset.configs import MACHINE_VOTES, VOTES
from annotator.releasing.dataset.layout import SPLITS, Layout
from annotator.releasing.dataset.parquet import ParquetFile, Written
from annotator.releasing.dataset.snapshot import CampaignSnapshot, ProgressCallback
from annotator.releasing.dataset.splits import SHARD_BYTES, shard_name

VOTES_ROW_GROUP = 100_000  # rows


@dataclass(frozen=True)
class VoteCount:
    """How many votes are alike in what the card tells apart."""

    question: str
    kind: str
    void_reason: str | None
    guideline_version: int | None
    votes: int


VOTE_KEYS = [field.name for field in dataclasses.fields(VoteCount) if field.name != "votes"]


def is_live_regular(count: VoteCount) -> bool:
    return count.kind == AssignmentKind.REGULAR and count.void_reason is None


def stage_votes(
    snapshot: CampaignSnapshot,
    first_votes: Ints,
    *,
    folder: Path,
    report: ProgressCallback,
    shard_bytes: int | None = None,
) -> tuple[list[Written], list[VoteCount]]:
    """The votes config, finished, and how many votes of each kind are in it.

    `first_votes` are as `CampaignSnapshot.votes` takes them. A split without votes has no file; without any votes, train has an
    empty one.
    """
    last_id = snapshot.query("SELECT max(id) AS id FROM annotator_vote")[0]["id"] or 1
    tally = VoteTally()
    shards = [VoteShards(folder / VOTES.config, split, shard_bytes) for split in SPLITS]
    try:
        for batch, split in snapshot.votes(first_votes):
            tally.add(batch)
            for index, its in enumerate(shards):
                its.add(batch.filter(pa.array(split == index)))
            report(batch["vote_id"][-1].as_py() / last_id)
        if not tally.counts:
            shards[0].open()
        return [file for its in shards for file in its.close()], tally.votes()
    finally:
        for its in shards:
            its.drop()


def stage_machine_votes(snapshot: CampaignSnapshot, *, folder: Path, shard_bytes: int | None = None) -> list[Written]:
    """The config of machines' votes, finished in the same way."""
    shards = [VoteShards(folder / MACHINE_VOTES.config, split, shard_bytes, MACHINE_VOTES) for split in SPLITS]
    try:
        has_rows = False
        for batch, split in snapshot.machine_votes():
            has_rows = has_rows or batch.num_rows > 0
            for index, its in enumerate(shards):
                its.add(batch.filter(pa.array(split == index)))
        if not has_rows:
            shards[0].open()
        return [file for its in shards for file in its.close()]
    finally:
        for its in shards:
            its.drop()


class VoteTally:
    """Counts the votes on their way, so that the card speaks of the very votes in the files."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[Any, ...]] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        counted = pa.Table.from_batches([batch]).group_by(VOTE_KEYS, use_threads=False).aggregate([([], "count_all")])
        columns = [counted[key].to_pylist() for key in VOTE_KEYS]
        self.counts.update(dict(zip(zip(*columns, strict=True), counted["count_all"].to_pylist(), strict=True)))

    def votes(self) -> list[VoteCount]:
        kinds = sorted(self.counts, key=lambda kind: [(value is not None, value) for value in kind])
        return [VoteCount(**dict(zip(VOTE_KEYS, kind, strict=True)), votes=self.counts[kind]) for kind in kinds]


class VoteShards:
    """The shards of one split of the votes. How many there are is known at the end, so they are named then."""

    def __init__(self, folder: Path, split: str, shard_bytes: int | None = None, layout: Layout = VOTES) -> None:
        self.folder = folder
        self.layout = layout
        self._shard_bytes = shard_bytes or SHARD_BYTES
        self.split = split
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._file_bytes = 0
        self._closed: list[Written] = []
        self._file: ParquetFile | None = None

    def open(self) -> ParquetFile:
        """The next file."""
        self._file_bytes = 0
        self._file = ParquetFile(self._partial(len(self._closed)), self.layout)
        return self._file

    def _partial(self, index: int) -> Path:
        return self.folder / f"{self.split}-{index:05d}.partial"

    def add(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        while self._waiting_rows >= VOTES_ROW_GROUP:
            self._write(VOTES_ROW_GROUP)

    def _write(self, rows: int) -> None:
        """One row group of the rows that wait. Its size hangs on nothing but their number: not on the batches they came in."""
        if self._file_bytes >= self._shard_bytes:
            self._finish_file()
        file = self._file or self.open()
        waiting = pa.Table.from_batches(self._waiting)
        group = waiting.slice(0, rows).combine_chunks()
        self._waiting = waiting.slice(rows).to_batches()
        self._waiting_rows -= rows
        file.write(group)
        self._file_bytes += group.nbytes

    def _finish_file(self) -> None:
        if self._file is not None:
            with self._file as file:
                self._closed.append(file.close(path=""))
            self._file = None

    def close(self) -> list[Written]:
        if self._waiting_rows:
            self._write(self._waiting_rows)
        self._finish_file()
        named = []
        for index, file in enumerate(self._closed):
            path = shard_name(self.layout.config, self.split, index, len(self._closed))
            os.replace(self._partial(index), self.folder.parent / path)
            named.append(dataclasses.replace(file, path=path))
        return named

    def drop(self) -> None:
        """Let go of the file that is open, if any; what was written of it is of no use."""
        if self._file is not None:
            self._file.__exit__(None, None, None)
            self._file = None
