"""The first half of a build: one look at the database, from which everything else follows.

It leaves in the workplace the votes as finished parquet files, the rows of the other configs with references in place of
their images, and `snapshot.json`: what the card says, and how the rows are cut into parts. From then on the database is not
asked again, so a part can be written at any time and by any worker, and comes out the same.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from annotator.choices import Label
from annotator.models import Campaign
from annotator.releasing.cuts import ROW_GROUP_BYTES, ROW_GROUP_ROWS, SHARD_BYTES, Range, cut, shard_name
from annotator.releasing.layouts import IMAGE_LAYOUTS, SPLITS, VOTES, Layout
from annotator.releasing.parquet import ParquetFile, Written
from annotator.releasing.rows import Snapshot, snapshot_of

VOTES_ROW_GROUP = 100_000  # rows

Report = Callable[[float], None]  # takes the share that is done, 0 to 1


@dataclass(frozen=True)
class Part:
    """A shard that waits for its images: the row groups it is made of."""

    config: str
    split: str
    index: int
    count: int
    groups: list[Range]
    num_bytes: int  # of its images

    @property
    def path(self) -> str:
        return shard_name(self.config, self.split, self.index, self.count)


@dataclass(frozen=True)
class VoteCount:
    """How many votes are alike in what the card tells apart."""

    question: str
    kind: str
    void_reason: str | None
    guideline_version: int | None
    annotator_id: str
    votes: int


VOTE_KEYS = [field.name for field in dataclasses.fields(VoteCount) if field.name != "votes"]


@dataclass
class Facts:
    """What the card says about a campaign, all of it as it was in the snapshot."""

    slug: str
    name: str
    description: str
    questions: list[dict[str, Any]]  # slug, text, choices; the first is primary
    guidelines: list[dict[str, Any]]  # version, text
    prompts: int = 0
    generators: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    categories: int = 0
    pairs: int = 0
    gold_pairs: int = 0
    held_pairs: int = 0
    held_with_winner: int = 0
    overlap: dict[str, int] = field(default_factory=dict)  # votes on a pair → pairs; JSON knows only text as keys
    labels: dict[str, int] = field(default_factory=dict)  # label → pairs
    agreement: float | None = None  # mean over the pairs with two votes or more
    votes: list[VoteCount] = field(default_factory=list)


@dataclass(frozen=True)
class Staged:
    facts: Facts
    parts: list[Part]
    votes: list[Written]

    def save(self, file: Path) -> None:
        """Written whole or not at all: where this file is, the staging is complete."""
        partial = file.with_suffix(".partial")
        with partial.open("w") as target:
            json.dump(dataclasses.asdict(self), target)
            target.flush()
            os.fsync(target.fileno())
        os.replace(partial, file)

    @classmethod
    def load(cls, file: Path) -> Staged:
        saved = json.loads(file.read_text())
        facts = Facts(**saved["facts"])
        facts.votes = [VoteCount(**count) for count in saved["facts"]["votes"]]
        parts = [Part(**{**part, "groups": [Range(*group) for group in part["groups"]]}) for part in saved["parts"]]
        return cls(facts=facts, parts=parts, votes=[Written(**file) for file in saved["votes"]])


def stage(campaign: Campaign, *, rows_folder: Path, files_folder: Path, report: Report) -> Staged:
    """Read the campaign in one snapshot, and write its votes and the rows that wait for images."""
    with snapshot_of(campaign) as snapshot:
        facts = _facts_of_campaign(snapshot)
        votes = stage_votes(snapshot, facts=facts, folder=files_folder, report=lambda share: report(share * 0.7))
        parts = stage_pairs(snapshot, facts=facts, folder=rows_folder, report=lambda share: report(0.7 + share * 0.3))
    return Staged(facts=facts, parts=parts, votes=votes)


def _facts_of_campaign(snapshot: Snapshot) -> Facts:
    own = sql.Literal(snapshot.campaign.pk)
    [row] = snapshot.query(
        sql.SQL(
            "SELECT slug, name, description, (SELECT count(DISTINCT prompt_id) FROM annotator_pair WHERE campaign_id = {own})"
            " AS prompts FROM annotator_campaign WHERE id = {own}"
        ).format(own=own)
    )
    guidelines = snapshot.query(
        sql.SQL(
            "SELECT version, text FROM annotator_guideline"
            " WHERE campaign_id = {own} AND published_at IS NOT NULL ORDER BY version"
        ).format(own=own)
    )
    questions = [{key: question[key] for key in ("slug", "text", "choices")} for question in snapshot.questions]
    return Facts(**row, questions=questions, guidelines=guidelines)


# --- votes


def stage_votes(snapshot: Snapshot, *, facts: Facts, folder: Path, report: Report) -> list[Written]:
    """The votes config, finished. Counts the votes on the way, so that the card speaks of the very votes in the files.

    A split without votes has no file; without any votes, train has an empty one.
    """
    last_id = snapshot.query(sql.SQL("SELECT max(id) AS id FROM annotator_vote"))[0]["id"] or 1
    counts: Counter[tuple[Any, ...]] = Counter()
    shards = [VoteShards(folder / VOTES.config, split) for split in SPLITS]
    try:
        for batch, split in snapshot.votes():
            counts.update(_count_votes(batch))
            for index, its in enumerate(shards):
                its.add(batch.filter(pa.array(split == index)))
            report(batch["vote_id"][-1].as_py() / last_id)
        if not counts:
            shards[0].open()
        written = [file for its in shards for file in its.close()]
    finally:
        for its in shards:
            its.drop()
    kinds = sorted(counts, key=lambda kind: [(value is not None, value) for value in kind])
    facts.votes = [VoteCount(**dict(zip(VOTE_KEYS, kind, strict=True)), votes=counts[kind]) for kind in kinds]
    return written


def _count_votes(batch: pa.RecordBatch) -> dict[tuple[Any, ...], int]:
    counted = pa.Table.from_batches([batch]).group_by(VOTE_KEYS, use_threads=False).aggregate([([], "count_all")])
    columns = [counted[key].to_pylist() for key in VOTE_KEYS]
    return dict(zip(zip(*columns, strict=True), counted["count_all"].to_pylist(), strict=True))


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


# --- pairs, and the configs that are made of them


def stage_pairs(snapshot: Snapshot, *, facts: Facts, folder: Path, report: Report) -> list[Part]:
    """The rows of every config with images, each split in a file of its own, and the parts they are to be cut into."""
    folder.mkdir(parents=True, exist_ok=True)
    staged = [StagedRows(folder, layout, split) for layout in IMAGE_LAYOUTS for split in SPLITS]
    tally = PairTally()
    last_id = snapshot.query(sql.SQL("SELECT max(id) AS id FROM annotator_pair"))[0]["id"] or 1
    try:
        for judged, split in snapshot.judged_pairs():
            tally.add(judged)
            for index in range(len(SPLITS)):
                its = judged.filter(pa.array(split == index))
                for rows in staged:
                    if rows.split == SPLITS[index]:
                        rows.add(its)
            report(judged["pair_id"][-1].as_py() / last_id)
    finally:
        for rows in staged:
            rows.close()
    tally.write(facts)
    return [part for layout in IMAGE_LAYOUTS for part in parts_of(layout, [rows for rows in staged if rows.layout is layout])]


def parts_of(layout: Layout, staged: list[StagedRows]) -> list[Part]:
    """The parts of a config. A split without rows has none: `datasets` refuses a dataset in which one split is empty. A
    config without any rows is one empty part of train, from which whoever asks for it gets at least its columns."""
    nothing = Part(config=layout.config, split=SPLITS[0], index=0, count=1, groups=[], num_bytes=0)
    return [part for rows in staged for part in rows.parts()] or [nothing]


def rows_file(folder: Path, config: str, split: str) -> Path:
    return folder / f"{config}-{split}.arrow"


class StagedRows:
    """The rows of one split of one config while they are collected, and how large their images are."""

    def __init__(self, folder: Path, layout: Layout, split: str) -> None:
        self.layout = layout
        self.split = split
        self._file = pa.OSFile(str(rows_file(folder, layout.config, split)), "wb")
        self._writer = pa.ipc.new_file(self._file, layout.staged_schema)
        self._sizes: list[np.ndarray] = []

    def add(self, judged: pa.RecordBatch) -> None:
        assert self.layout.rows is not None  # as of every layout with images
        rows = self.layout.rows(judged)
        if rows.num_rows:
            self._writer.write_batch(rows)
            self._sizes.append(sum(pc.struct_field(rows[name], "size").to_numpy() for name in self.layout.image_columns))

    def close(self) -> None:
        self._writer.close()
        self._file.close()

    def parts(self) -> list[Part]:
        sizes = np.concatenate([np.zeros(0, dtype=np.int64), *self._sizes])
        shards = cut(sizes, max_bytes=SHARD_BYTES)
        return [
            Part(
                config=self.layout.config,
                split=self.split,
                index=index,
                count=len(shards),
                groups=[
                    Range(shard.start + group.start, shard.start + group.stop)
                    for group in cut(sizes[slice(*shard)], max_bytes=ROW_GROUP_BYTES, max_rows=ROW_GROUP_ROWS)
                ],
                num_bytes=int(sizes[slice(*shard)].sum()),
            )
            for index, shard in enumerate(shards)
        ]


class PairTally:
    """What the card says of the pairs, counted while they pass."""

    def __init__(self) -> None:
        self.overlap: Counter[int] = Counter()
        self.labels: Counter[int | None] = Counter()
        self.names: dict[str, set[str]] = {"generator": set(), "language": set(), "category": set()}
        self.gold = self.held = self.held_with_winner = self.rated = 0
        self.agreement = 0.0

    def add(self, judged: pa.RecordBatch) -> None:
        for counter, name in ((self.overlap, "n_votes"), (self.labels, "label")):
            values = pc.value_counts(judged[name])
            counter.update(dict(zip(values.field("values").to_pylist(), values.field("counts").to_pylist(), strict=True)))
        for column, kind in (("generator_a", "generator"), ("generator_b", "generator"), ("language",) * 2, ("category",) * 2):
            self.names[kind].update(pc.unique(judged[column].drop_null()).to_pylist())
        self.gold += pc.sum(judged["is_gold"], min_count=0).as_py()
        self.held += pc.sum(judged["is_held"], min_count=0).as_py()
        has_winner = pc.is_in(judged["label"], value_set=pa.array([0, 1]))
        self.held_with_winner += pc.sum(pc.and_(judged["is_held"], has_winner), min_count=0).as_py()
        self.agreement += pc.sum(judged["agreement"], min_count=0).as_py()
        self.rated += pc.count(judged["agreement"]).as_py()

    def write(self, facts: Facts) -> None:
        facts.pairs = self.overlap.total()
        facts.gold_pairs, facts.held_pairs, facts.held_with_winner = self.gold, self.held, self.held_with_winner
        facts.overlap = {str(votes): self.overlap[votes] for votes in sorted(self.overlap)}
        facts.labels = {label: self.labels[code] for code, label in enumerate(Label.values)}
        facts.agreement = self.agreement / self.rated if self.rated else None
        facts.generators = sorted(self.names["generator"])
        facts.languages = sorted(self.names["language"])
        facts.categories = len(self.names["category"])


class StagedReader:
    """Reads ranges of staged rows in order, holding a batch at a time."""

    def __init__(self, file: Path) -> None:
        self._source = pa.OSFile(str(file), "rb")
        self._reader = pa.ipc.open_file(self._source)

    def __enter__(self) -> StagedReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._source.close()

    def read(self, ranges: list[Range]) -> Iterator[pa.Table]:
        """A table per range. The ranges must be ascending and must not overlap."""
        batches = iter(range(self._reader.num_record_batches))
        held, held_start = self._reader.schema.empty_table(), 0  # the rows from `held_start` on that may still be wanted
        for wanted in ranges:
            while held_start + held.num_rows < wanted.stop:
                if held_start + held.num_rows <= wanted.start:
                    held_start += held.num_rows
                    held = held.slice(held.num_rows)
                following = pa.Table.from_batches([self._reader.get_batch(next(batches))])
                held = pa.concat_tables([held, following])
            rows = held.slice(wanted.start - held_start, wanted.stop - wanted.start)
            held = held.slice(wanted.stop - held_start)
            held_start = wanted.stop
            yield rows.combine_chunks()
