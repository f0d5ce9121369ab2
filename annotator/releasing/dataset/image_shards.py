"""The files of the `images` config: which of an earlier release stay as they are, and which images go into new ones.

A file is named by its number alone, `images/train-00007.parquet`, and has the same bytes in each release. It is written again
only after one of its images has left the campaign.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import IMAGE_REFERENCE_TYPE
from annotator.releasing.dataset.compact import IMAGES
from annotator.releasing.dataset.layout import SPLITS
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.splits import (
    ROW_GROUP_BYTES,
    ROW_GROUP_ROWS,
    SHARD_BYTES,
    Cut,
    chunk_by_count,
    chunk_by_size,
    shard_name,
)
from annotator.releasing.dataset.staged_rows import ShardPlan, StagedReader, rows_name

SPLIT = SPLITS[0]  # an image may be under prompts of several splits, and says nothing of who won
HASH_BYTES = 32


class KnownShard(NamedTuple):
    """A file that an earlier release has. `stored_as` is where its bytes are; empty: nowhere any more."""

    number: int
    members: bytes
    file: Written
    stored_as: str


class StagedImages(NamedTuple):
    plans: list[ShardPlan]
    reused: dict[str, tuple[Written, str]]  # by path: what it is, and where it is stored


def image_path(number: int) -> str:
    return shard_name(IMAGES.config, SPLIT, number, 0)


def stage_images(images: pa.Table, known: Sequence[KnownShard], *, cut: Cut, folder: Path) -> StagedImages:
    """Plan the files. `images` are all of the campaign, each once, in a stable order; rows that wait go to the folder."""
    staged = StagedImages([], {})
    in_files: list[str] = []
    for shard in known:
        members = hashes_of(shard.members)
        places = pc.index_in(pa.array(members, pa.string()), value_set=images["sha256"])
        stay = places.drop_null()
        in_files += members
        if len(stay) == len(members) and shard.stored_as:
            staged.reused[image_path(shard.number)] = (shard.file, shard.stored_as)
        elif len(stay):
            staged.plans.append(_plan(images.take(stay), shard.number, folder))
    new = images.filter(pc.invert(pc.is_in(images["sha256"], value_set=pa.array(in_files, pa.string()))))
    sizes = new["size"].to_numpy()
    by_count = cut.count is not None and not known  # what is new later is cut by its size
    chunks = chunk_by_count(sizes, cut.count or 1) if by_count else chunk_by_size(sizes, max_bytes=cut.bytes or SHARD_BYTES)
    number = max((shard.number for shard in known), default=-1) + 1
    for place, rows in enumerate(chunks):
        staged.plans.append(_plan(new.slice(rows.start, rows.stop - rows.start), number + place, folder))
    return staged


def _plan(images: pa.Table, number: int, folder: Path) -> ShardPlan:
    images = images.combine_chunks()
    sizes = images["size"].to_numpy()
    references = [images[name].combine_chunks() for name in ("sha256", "format", "size")]
    columns = {name: images[name] for name in ("sha256", "width", "height")}
    columns["image"] = pa.StructArray.from_arrays(references, fields=list(IMAGE_REFERENCE_TYPE))
    schema = IMAGES.staged_schema
    rows = pa.table({field.name: columns[field.name] for field in schema}).cast(schema)
    with (
        pa.OSFile(str(folder / rows_name(IMAGES.config, SPLIT, number)), "wb") as file,
        pa.ipc.new_file(file, schema.with_metadata({"secondary_questions": "[]"})) as writer,
    ):
        writer.write_table(rows, max_chunksize=ROW_GROUP_ROWS)
    groups = chunk_by_size(sizes, max_bytes=ROW_GROUP_BYTES, max_rows=ROW_GROUP_ROWS)
    return ShardPlan(
        config=IMAGES.config,
        split=SPLIT,
        index=number,
        count=0,
        row_groups=[group.stop - group.start for group in groups],
        num_bytes=int(np.sum(sizes)),
    )


def hashes_of(members: bytes | memoryview) -> list[str]:
    text = bytes(members).hex()
    return [text[start : start + 2 * HASH_BYTES] for start in range(0, len(text), 2 * HASH_BYTES)]


def members_in(rows_file: Path, row_groups: Sequence[int]) -> bytes:
    """The images of a file that was staged, in the order of its rows."""
    with StagedReader(rows_file) as rows:
        return b"".join(bytes.fromhex(sha256) for table in rows.read(list(row_groups)) for sha256 in table["sha256"].to_pylist())


def number_of(path: str) -> int | None:
    """Which file of the config this is; None: it is of another config."""
    config, _, name = path.partition("/")
    return int(name.removeprefix(f"{SPLIT}-").removesuffix(".parquet")) if config == IMAGES.config else None
