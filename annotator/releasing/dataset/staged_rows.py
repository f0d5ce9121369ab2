"""The rows of the configs with images, as they wait for them: a file for each shard, with references in place of the images.

From then on the database is not asked again, so a shard can be written at any time and by any worker, and comes out the same.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.configs import OF_PROMPT, layouts_for
from annotator.releasing.dataset.labels import Labeler
from annotator.releasing.dataset.layout import SPLITS, Layout
from annotator.releasing.dataset.pair_rows import decided, has_winner, on_question, voted
from annotator.releasing.dataset.snapshot import CampaignSnapshot, ProgressCallback
from annotator.releasing.dataset.splits import (
    ROW_BYTES,
    ROW_GROUP_BYTES,
    ROW_GROUP_ROWS,
    SHARD_BYTES,
    TABLE_GROUP_ROWS,
    USUAL_CUT,
    Cut,
    chunk_by_size,
    shard_name,
)

ROWS_SUFFIX = ".arrow"


@dataclass(frozen=True)
class ShardPlan:
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


def label_pairs(snapshot: CampaignSnapshot, labeler: Labeler, *, target: Path, report: ProgressCallback) -> None:
    """All pairs, judged, into one file."""
    last_id = snapshot.query("SELECT max(id) AS id FROM annotator_pair")[0]["id"] or 1
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, labeler.schema) as writer:
        for batch in snapshot.pairs():
            writer.write_batch(labeler(batch))
            report(batch["pair_id"][-1].as_py() / last_id)


def splits_in(labelled_file: Path) -> list[set[int]]:
    """The indices of the splits that have pairs, and of those that have pairs with votes, and with a winner, on each question."""
    found: dict[tuple[str, str], set[int]] = {}
    with pa.memory_map(str(labelled_file)) as source:
        batches = pa.ipc.open_file(source)
        for number in range(batches.num_record_batches):
            labelled = batches.get_batch(number)
            chosen = {("", ""): labelled}
            for suffix in suffixes_in(labelled.schema):
                on = on_question(labelled, suffix)
                chosen |= {(suffix, "voted"): voted(on), (suffix, "decided"): decided(on)}
            for key, pairs in chosen.items():
                found[key] = found.get(key, set()) | set(pc.unique(pairs["split"]).to_pylist())
    return list(found.values())


def count_taken_down(labelled_file: Path) -> int:
    """Pairs with a winner that no manager holds, of which an image was taken down."""
    found = 0
    with pa.memory_map(str(labelled_file)) as source:
        batches = pa.ipc.open_file(source)
        for number in range(batches.num_record_batches):
            labelled = batches.get_batch(number)
            wanted = pc.and_(has_winner(labelled), pc.invert(labelled["is_held"]))
            found += pc.sum(pc.and_(pc.fill_null(wanted, False), labelled["taken_down"].is_valid())).as_py() or 0
    return found


def stage_pairs(
    labelled_file: Path,
    *,
    secondary_questions: list[str],
    configs: Sequence[str] = (),
    cut: Cut = USUAL_CUT,
    folder: Path,
    report: ProgressCallback,
) -> list[ShardPlan]:
    """The rows of every config that is made of pairs, cut into the files of its shards."""
    layouts = [layout for layout in layouts_for(secondary_questions, configs) if layout.rows is not None]
    staged = [StagedRows(folder, layout, split, secondary_questions, cut.bytes) for layout in layouts for split in SPLITS]
    with pa.memory_map(str(labelled_file)) as source:
        labelled_batches = pa.ipc.open_file(source)
        count_decided = counted_by_prompt(labelled_batches)

        def batches() -> Iterator[tuple[StagedRows, pa.RecordBatch]]:
            """The rows of each file in turn, batch by batch."""
            for number in range(labelled_batches.num_record_batches):
                labelled = count_decided(labelled_batches.get_batch(number))
                for index, split in enumerate(SPLITS):
                    its = labelled.filter(pc.equal(labelled["split"], index))
                    for rows in staged:
                        if rows.split == split:
                            yield rows, its
                report((number + 1) / labelled_batches.num_record_batches)

        if cut.count is not None:
            totals: dict[StagedRows, int] = dict.fromkeys(staged, 0)
            for rows, labelled in batches():
                totals[rows] += rows.weigh(labelled)
            for rows, total in totals.items():
                rows.limits = [total * (place + 1) // cut.count for place in range(cut.count)]
        for rows, labelled in batches():
            rows.add(labelled)
    return [part for layout in layouts for part in shard_plans_of([rows for rows in staged if rows.layout is layout])]


def counted_by_prompt(labelled: pa.RecordBatchFileReader) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Fills in, for each question, how many pairs of the same prompt have a winner, and how many have votes."""
    counted = []
    for suffix in suffixes_in(labelled.schema):
        for name, chosen in zip(OF_PROMPT, (decided, voted), strict=True):
            batches = (on_question(labelled.get_batch(number), suffix) for number in range(labelled.num_record_batches))
            prompts = np.concatenate([np.zeros(0, dtype=np.int64), *(chosen(batch)["prompt_id"].to_numpy() for batch in batches)])
            counted.append((labelled.schema.get_field_index(f"{name}{suffix}"), *np.unique(prompts, return_counts=True)))

    def fill(batch: pa.RecordBatch) -> pa.RecordBatch:
        wanted = batch["prompt_id"].to_numpy()
        for place, known, counts in counted:
            found = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
            filled = np.where(np.isin(wanted, known), counts[found], 0) if len(known) else np.zeros_like(wanted)
            batch = batch.set_column(place, batch.schema.field(place), pa.array(filled, pa.int64()))
        return batch

    return fill


def suffixes_in(schema: pa.Schema) -> list[str]:
    """Of the questions, as the columns with their labels have them: that of the primary one is empty."""
    return [name.removeprefix("label") for name in schema.names if name == "label" or name.startswith("label_")]


def shard_plans_of(staged: list[StagedRows]) -> list[ShardPlan]:
    """The parts of a config. A split without rows has none: `datasets` refuses a dataset in which one split is empty. A
    config without any rows is one empty part of train, from which whoever asks for it gets at least its columns."""
    parts = [part for rows in staged for part in rows.close()]
    return parts or [staged[0].nothing()]


class StagedRows:
    """The rows of one split of one config while they are collected, a file per shard, cut by how large their images are.

    Where there are `limits`, a file ends where the bytes of all rows so far reach the next of them.
    """

    def __init__(
        self, folder: Path, layout: Layout, split: str, secondary_questions: list[str], shard_bytes: int | None = None
    ) -> None:
        self.folder = folder
        self.layout = layout
        self.split = split
        self.limits: list[int] = []
        self.schema = layout.staged_schema.with_metadata({"secondary_questions": json.dumps(secondary_questions)})
        self._shard_bytes = shard_bytes or SHARD_BYTES
        self._closed: list[ShardPlan] = []
        self._sizes: list[np.ndarray] = []
        self._bytes = 0
        self._bytes_before = 0  # in the shards that are closed
        self._file: pa.NativeFile | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    def _rows(self, labelled: pa.RecordBatch) -> tuple[pa.RecordBatch, np.ndarray]:
        """The rows of these pairs, and about how many bytes each takes."""
        assert self.layout.rows is not None  # as of every layout that is made of pairs
        rows = self.layout.rows(labelled)
        sizes = np.full(rows.num_rows, 0 if self.layout.image_columns else ROW_BYTES, dtype=np.int64)
        for name in self.layout.image_columns:
            sizes += sizes_of(rows[name])
        return rows, sizes

    def weigh(self, labelled: pa.RecordBatch) -> int:
        return int(self._rows(labelled)[1].sum())

    def add(self, labelled: pa.RecordBatch) -> None:
        rows, sizes = self._rows(labelled)
        ends = np.cumsum(sizes, dtype=np.int64)
        start = 0
        while start < rows.num_rows:
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + self._room(), side="right"))
            if stop <= start and self._bytes:
                self._finish()
                continue
            stop = max(stop, start + 1)  # a row that is too big by itself is a shard of its own
            self._write(rows.slice(start, stop - start), sizes[start:stop])
            start = stop

    def _room(self) -> int:
        """How many bytes the shard that is open can still take."""
        if self.limits:
            return self.limits[min(len(self._closed), len(self.limits) - 1)] - self._bytes_before - self._bytes
        return self._shard_bytes - self._bytes

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
        has_images = bool(self.layout.image_columns)
        max_rows = ROW_GROUP_ROWS if has_images else TABLE_GROUP_ROWS
        groups = chunk_by_size(sizes, max_bytes=ROW_GROUP_BYTES, max_rows=max_rows)
        self._closed.append(
            ShardPlan(
                config=self.layout.config,
                split=self.split,
                index=len(self._closed),
                count=0,
                row_groups=[group.stop - group.start for group in groups],
                num_bytes=self._bytes if has_images else 0,
            )
        )
        self._bytes_before += self._bytes
        self._sizes, self._bytes, self._file, self._writer = [], 0, None, None

    def close(self) -> list[ShardPlan]:
        """How many shards there are is known now."""
        if self._writer is not None:
            self._finish()
        return [dataclasses.replace(part, count=len(self._closed)) for part in self._closed]

    def nothing(self) -> ShardPlan:
        """A shard without rows."""
        nothing = [pa.array([], field.type) for field in self.schema]
        self._write(pa.RecordBatch.from_arrays(nothing, schema=self.schema), np.zeros(0, np.int64))
        [part] = self.close()
        return part


def sizes_of(references: pa.Array) -> np.ndarray:
    """The bytes of the image, or of all images, of each row."""
    if pa.types.is_list(references.type):
        ends = np.concatenate([[0], np.cumsum(sizes_of(references.flatten()))])
        return np.asarray(np.diff(ends[references.offsets.to_numpy() - references.offsets[0].as_py()]))
    return np.asarray(pc.fill_null(pc.struct_field(references, "size"), 0).to_numpy(zero_copy_only=False))


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
