"""The first half of a build: one look at the database, from which everything else follows.

It leaves the votes and the leaderboard as finished parquet files, and for each shard of the other configs the rows it will hold,
with references in place of their images. From then on the database is not asked again, so a shard can be written at any time
and by any worker, and comes out the same.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.models import Campaign
from annotator.releasing.card.facts import Facts, PairTally, VoteTally, facts_of
from annotator.releasing.dataset.configs import LEADERBOARD, SPLITS, VOTES, Layout, decided, layouts_for
from annotator.releasing.dataset.labels import Judge
from annotator.releasing.dataset.leaderboard import leaderboard_table, standings
from annotator.releasing.dataset.parquet import ParquetFile, Written
from annotator.releasing.dataset.snapshot import Snapshot, snapshot_of
from annotator.releasing.dataset.splits import ROW_GROUP_BYTES, ROW_GROUP_ROWS, SHARD_BYTES, cut, shard_name

VOTES_ROW_GROUP = 100_000  # rows
ROWS_SUFFIX = ".arrow"

ProgressCallback = Callable[[float], None]  # takes the share that is done, 0 to 1


@dataclass(frozen=True)
class Part:
    """A shard that waits for its images. Its rows are in a file of their own."""

    config: str
    split: str
    index: int
    count: int
    row_groups: list[int]  # rows of each
    num_bytes: int  # of its images

    @property
    def path(self) -> str:
        return shard_name(self.config, self.split, self.index, self.count)

    @property
    def rows_name(self) -> str:
        return rows_name(self.config, self.split, self.index)


def rows_name(config: str, split: str, index: int) -> str:
    return f"{config}-{split}-{index:05d}{ROWS_SUFFIX}"


@dataclass(frozen=True)
class Staged:
    facts: Facts
    parts: list[Part]
    finished: list[Written]

    def save(self, file: Path) -> None:
        with file.open("w") as target:
            json.dump(dataclasses.asdict(self), target)
            target.flush()
            os.fsync(target.fileno())

    @classmethod
    def load(cls, data: bytes) -> Staged:
        saved = json.loads(data)
        return cls(
            facts=Facts.load(saved["facts"]),
            parts=[Part(**part) for part in saved["parts"]],
            finished=[Written(**file) for file in saved["finished"]],
        )


def stage(campaign: Campaign, *, rows_folder: Path, files_folder: Path, report: ProgressCallback) -> Staged:
    """Read the campaign in one snapshot: finished files go to the one folder, rows that wait for images to the other."""
    rows_folder.mkdir(parents=True)
    judged_file = rows_folder.with_name("judged.arrow")
    with snapshot_of(campaign) as snapshot:
        facts = facts_of(snapshot)
        votes = stage_votes(snapshot, facts=facts, folder=files_folder, report=lambda share: report(share * 0.7))
        tally = judge_pairs(snapshot, target=judged_file, report=lambda share: report(0.7 + share * 0.2))
    tally.write(facts)
    facts.standings, facts.no_standings = standings(tally.met)
    leaderboard = write_leaderboard(facts, files_folder)
    parts = stage_pairs(judged_file, facts=facts, folder=rows_folder, report=lambda share: report(0.9 + share * 0.1))
    judged_file.unlink()
    return Staged(facts=facts, parts=parts, finished=[*votes, leaderboard])


# --- votes


def stage_votes(snapshot: Snapshot, *, facts: Facts, folder: Path, report: ProgressCallback) -> list[Written]:
    """The votes config, finished.

    A split without votes has no file; without any votes, train has an empty one.
    """
    last_id = snapshot.query("SELECT max(id) AS id FROM annotator_vote")[0]["id"] or 1
    tally = VoteTally(facts.primary)
    shards = [VoteShards(folder / VOTES.config, split) for split in SPLITS]
    try:
        for batch, split in snapshot.votes():
            tally.add(batch)
            for index, its in enumerate(shards):
                its.add(batch.filter(pa.array(split == index)))
            report(batch["vote_id"][-1].as_py() / last_id)
        if not tally.counts:
            shards[0].open()
        written = [file for its in shards for file in its.close()]
    finally:
        for its in shards:
            its.drop()
    tally.write(facts)
    return written


class VoteShards:
    """The shards of one split of the votes. How many there are is known at the end, so they are named then."""

    def __init__(self, folder: Path, split: str) -> None:
        self.folder = folder
        self.split = split
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._file_bytes = 0
        self._closed: list[Written] = []
        self._file: ParquetFile | None = None

    def open(self) -> ParquetFile:
        """The next file."""
        self._file_bytes = 0
        self._file = ParquetFile(self._partial(len(self._closed)), VOTES)
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
        if self._file_bytes >= SHARD_BYTES:
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
            path = shard_name(VOTES.config, self.split, index, len(self._closed))
            os.replace(self._partial(index), self.folder.parent / path)
            named.append(dataclasses.replace(file, path=path))
        return named

    def drop(self) -> None:
        """Let go of the file that is open, if any; what was written of it is of no use."""
        if self._file is not None:
            self._file.__exit__(None, None, None)
            self._file = None


# --- the leaderboard


def write_leaderboard(facts: Facts, folder: Path) -> Written:
    """In one split: what is compared are generators, over all prompts."""
    path = shard_name(LEADERBOARD.config, SPLITS[0], 0, 1)
    with ParquetFile(folder / path, LEADERBOARD) as file:
        if facts.standings:  # an empty row group is one that `datasets` cannot read
            file.write(leaderboard_table(facts.standings))
        return file.close(path)


# --- pairs, and the configs that are made of them


def judge_pairs(snapshot: Snapshot, *, target: Path, report: ProgressCallback) -> PairTally:
    """All pairs, judged, into one file."""
    judge = Judge(snapshot)
    tally = PairTally([question["slug"] for question in snapshot.questions])
    last_id = snapshot.query("SELECT max(id) AS id FROM annotator_pair")[0]["id"] or 1
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, judge.schema) as writer:
        for batch in snapshot.pairs():
            judged = judge(batch)
            tally.add(judged)
            writer.write_batch(judged)
            report(judged["pair_id"][-1].as_py() / last_id)
    return tally


def stage_pairs(judged_file: Path, *, facts: Facts, folder: Path, report: ProgressCallback) -> list[Part]:
    """The rows of every config with images, cut into the files of its shards."""
    layouts = [layout for layout in layouts_for(facts.secondary_questions) if layout.rows is not None]
    staged = [StagedRows(folder, layout, split, facts.secondary_questions) for layout in layouts for split in SPLITS]
    with pa.memory_map(str(judged_file)) as source:
        judged_batches = pa.ipc.open_file(source)
        count_decided = decided_by_prompt(judged_batches)
        for number in range(judged_batches.num_record_batches):
            judged = count_decided(judged_batches.get_batch(number))
            for index, split in enumerate(SPLITS):
                its = judged.filter(pc.equal(judged["split"], index))
                for rows in staged:
                    if rows.split == split:
                        rows.add(its)
            report((number + 1) / judged_batches.num_record_batches)
    return [part for layout in layouts for part in parts_of([rows for rows in staged if rows.layout is layout])]


def decided_by_prompt(judged: pa.RecordBatchFileReader) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Fills in how many pairs of the same prompt have a winner."""
    batches = (judged.get_batch(number) for number in range(judged.num_record_batches))
    prompts = np.concatenate([np.zeros(0, dtype=np.int64), *(decided(batch)["prompt_id"].to_numpy() for batch in batches)])
    known, counts = np.unique(prompts, return_counts=True)
    place = judged.schema.get_field_index("decided_of_prompt")

    def fill(batch: pa.RecordBatch) -> pa.RecordBatch:
        wanted = batch["prompt_id"].to_numpy()
        found = np.searchsorted(known, wanted)
        is_known = np.isin(wanted, known)
        filled = np.where(is_known, counts[np.minimum(found, len(counts) - 1)], 0) if len(known) else np.zeros_like(wanted)
        return batch.set_column(place, batch.schema.field(place), pa.array(filled, pa.int64()))

    return fill


def parts_of(staged: list[StagedRows]) -> list[Part]:
    """The parts of a config. A split without rows has none: `datasets` refuses a dataset in which one split is empty. A
    config without any rows is one empty part of train, from which whoever asks for it gets at least its columns."""
    parts = [part for rows in staged for part in rows.close()]
    return parts or [staged[0].nothing()]


class StagedRows:
    """The rows of one split of one config while they are collected, a file per shard, cut by how large their images are."""

    def __init__(self, folder: Path, layout: Layout, split: str, secondary_questions: list[str]) -> None:
        self.folder = folder
        self.layout = layout
        self.split = split
        self.schema = layout.staged_schema.with_metadata({"secondary_questions": json.dumps(secondary_questions)})
        self._closed: list[Part] = []
        self._sizes: list[np.ndarray] = []
        self._bytes = 0
        self._file: pa.NativeFile | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    def add(self, judged: pa.RecordBatch) -> None:
        assert self.layout.rows is not None  # as of every layout with images
        rows = self.layout.rows(judged)
        sizes = np.zeros(rows.num_rows, dtype=np.int64)
        for name in self.layout.image_columns:
            sizes += pc.struct_field(rows[name], "size").to_numpy()
        ends = np.cumsum(sizes, dtype=np.int64)
        start = 0
        while start < rows.num_rows:
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + SHARD_BYTES - self._bytes, side="right"))
            if stop <= start and self._bytes:
                self._finish()
                continue
            stop = max(stop, start + 1)  # a row that is too big by itself is a shard of its own
            self._write(rows.slice(start, stop - start), sizes[start:stop])
            start = stop

    def _write(self, rows: pa.RecordBatch, sizes: np.ndarray) -> None:
        if self._writer is None:
            self._file = pa.OSFile(str(self.folder / rows_name(self.layout.config, self.split, len(self._closed))), "wb")
            self._writer = pa.ipc.new_file(self._file, self.schema)
        self._writer.write_batch(rows)
        self._sizes.append(sizes)
        self._bytes += int(sizes.sum())

    def _finish(self) -> None:
        """Close the shard that is open."""
        assert self._writer is not None
        assert self._file is not None
        self._writer.close()
        self._file.close()
        sizes = np.concatenate([np.zeros(0, dtype=np.int64), *self._sizes])
        groups = cut(sizes, max_bytes=ROW_GROUP_BYTES, max_rows=ROW_GROUP_ROWS)
        self._closed.append(
            Part(
                config=self.layout.config,
                split=self.split,
                index=len(self._closed),
                count=0,
                row_groups=[group.stop - group.start for group in groups],
                num_bytes=self._bytes,
            )
        )
        self._sizes, self._bytes, self._file, self._writer = [], 0, None, None

    def close(self) -> list[Part]:
        """How many shards there are is known now."""
        if self._writer is not None:
            self._finish()
        return [dataclasses.replace(part, count=len(self._closed)) for part in self._closed]

    def nothing(self) -> Part:
        """A shard without rows."""
        nothing = [pa.array([], field.type) for field in self.schema]
        self._write(pa.RecordBatch.from_arrays(nothing, schema=self.schema), np.zeros(0, np.int64))
        [part] = self.close()
        return part


class StagedReader:
    """Reads staged rows in order, some at a time, holding a batch."""

    def __init__(self, file: Path) -> None:
        self._source = pa.OSFile(str(file), "rb")
        self._reader = pa.ipc.open_file(self._source)

    def __enter__(self) -> StagedReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._source.close()

    @property
    def secondary_questions(self) -> list[str]:
        """The questions after the first that the rows have columns of."""
        said: Any = json.loads(self._reader.schema.metadata[b"secondary_questions"])
        return list(said)

    def read(self, row_groups: list[int]) -> Iterator[pa.Table]:
        """A table for each, of so many rows."""
        batches = iter(range(self._reader.num_record_batches))
        held = self._reader.schema.empty_table()
        for wanted in row_groups:
            while held.num_rows < wanted:
                following = pa.Table.from_batches([self._reader.get_batch(next(batches))])
                held = pa.concat_tables([held, following])
            yield held.slice(0, wanted).combine_chunks()
            held = held.slice(wanted)
