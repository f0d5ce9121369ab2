"""Parquet files as the Hub wants them, hashed while they are written."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotator.releasing.dataset.layout import Layout

READ_BACK = 1 << 20  # bytes
# Values between two looks at the page size. At the default of 1024, a column of images would be a single page, built in
# memory; one at a time costs a call per image.
IMAGE_WRITE_BATCH = 16
# Pages end where the content says so and not after so many rows, so that a row more moves one page and no other: a store that
# keeps each chunk once, as the Hub does, takes little for the next release. The sizes are those of `datasets`.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


@dataclass(frozen=True)
class Written:
    """A finished file of a release. `num_bytes` is its data before compression, 0 for a file that is no table."""

    path: str
    size: int
    sha256: str
    rows: int = 0
    num_bytes: int = 0


class ParquetFile:
    """A parquet file being written, a row group at a time. `close` it, or leave it as a context manager, which drops it."""

    def __init__(self, path: Path, layout: Layout) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.schema = layout.schema
        self._file = pa.OSFile(str(path), "wb")  # a Python file object costs a fifth of the rate
        self._writer = pq.ParquetWriter(
            self._file,
            self.schema.with_metadata({**(self.schema.metadata or {}), "content_defined_chunking": json.dumps(CHUNKING)}),
            write_page_index=True,
            use_content_defined_chunking=CHUNKING,
            **_encoding(layout),
        )
        self._hash = hashlib.sha256()
        self._read_back = path.open("rb", buffering=0)
        # The hash follows in a thread of its own: it is computed on another core, from pages that are still in memory.
        self._follower = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> ParquetFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._follower.shutdown()
        self._writer.close()
        self._file.close()
        self._read_back.close()

    def write(self, rows: pa.Table) -> None:
        """One row group. Closing it is what brings it to the disk, so nothing of it stays in memory."""
        self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))
        self._follower.submit(self._follow)

    def close(self, path: str) -> Written:
        """Finish the file, and wait until it is on the disk. `path` is its address inside the release."""
        self._writer.close()
        self._file.close()
        self._follower.submit(self._follow).result()
        os.fsync(self._read_back.fileno())
        metadata = pq.read_metadata(self.path)
        return Written(
            path=path,
            size=os.fstat(self._read_back.fileno()).st_size,
            sha256=self._hash.hexdigest(),
            rows=metadata.num_rows,
            num_bytes=sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)),
        )

    def _follow(self) -> None:
        while block := self._read_back.read(READ_BACK):
            self._hash.update(block)


def _encoding(layout: Layout) -> dict[str, Any]:
    """Images plain and as they are: they are compressed already, and a reader finds each at its place. The rest snappy with
    dictionaries."""
    if not layout.image_columns:
        return {"compression": "snappy", "use_dictionary": True}
    images = [leaf for column in layout.columns if column.holds_image for leaf in column.leaves]
    others = [leaf for column in layout.columns if not column.holds_image for leaf in column.leaves]
    return {
        "compression": {**dict.fromkeys(images, "none"), **dict.fromkeys(others, "snappy")},
        "use_dictionary": others,
        "column_encoding": dict.fromkeys(images, "PLAIN"),
        "write_batch_size": IMAGE_WRITE_BATCH,
    }
