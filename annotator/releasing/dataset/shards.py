"""The second half of a build: shards with images, each written by itself from its staged rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from annotator.releasing.dataset.columns import IMAGE, Column
from annotator.releasing.dataset.configs import layout_of
from annotator.releasing.dataset.embed_images import embed
from annotator.releasing.dataset.layout import Layout
from annotator.releasing.dataset.parquet import ParquetFile, Written
from annotator.releasing.dataset.staged_rows import StagedReader


def write_part(
    path: str, target: Path, *, rows_file: Path, row_groups: Sequence[int], on_bytes: Callable[[int], None]
) -> Written:
    """Write the shard with this path to `target`. `on_bytes` is told after each row group how many bytes of images went in.

    The same staged rows and images give the same bytes. Raises Conflict when an image is missing. The images of a row group are
    read while the one before is written, on another core: two groups are in memory at a time.
    """
    with StagedReader(rows_file) as rows, ThreadPoolExecutor(max_workers=1) as reader:
        layout = layout_of(path.partition("/")[0], rows.secondary_questions)
        groups = rows.read(list(row_groups))

        def read_next() -> pa.Table | None:
            group = next(groups, None)
            return None if group is None else with_images(group, layout)

        with ParquetFile(target, layout) as file:
            coming = reader.submit(read_next)
            while (images := coming.result()) is not None:
                coming = reader.submit(read_next)
                file.write(images)
                on_bytes(images.nbytes)
            return file.close(path)


def with_images(rows: pa.Table, layout: Layout) -> pa.Table:
    columns = [filled(column, rows[column.name].combine_chunks()) for column in layout.columns]
    return pa.Table.from_arrays(columns, schema=layout.schema)


def filled(column: Column, rows: pa.Array) -> pa.Array:
    if not column.holds_image:
        return rows
    if isinstance(column.feature, list):
        return pa.ListArray.from_arrays(pc.subtract(rows.offsets, rows.offsets[0]), embed(rows.flatten()), type=column.arrow_type)
    images = embed(rows)
    return images if column.feature == IMAGE else images.field("bytes")
