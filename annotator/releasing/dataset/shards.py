"""The second half of a build: shards with images, each written by itself from its staged rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from annotator.releasing.dataset.configs import IMAGE, Column, Layout, layout_of
from annotator.releasing.dataset.embed_images import embed
from annotator.releasing.dataset.parquet import ParquetFile, Written
from annotator.releasing.dataset.staged_rows import StagedReader


def write_part(
    path: str, target: Path, *, rows_file: Path, row_groups: Sequence[int], on_bytes: Callable[[int], None]
) -> Written:
    """Write the shard with this path to `target`. `on_bytes` is told after each row group how many bytes of images went in.

    The same staged rows and images give the same bytes. Raises Conflict when an image is missing.
    """
    with StagedReader(rows_file) as rows:
        layout = layout_of(path.partition("/")[0], rows.secondary_questions)
        with ParquetFile(target, layout) as file:
            for group in rows.read(list(row_groups)):
                images = with_images(group, layout)
                file.write(images)
                on_bytes(images.nbytes)
            return file.close(path)


def with_images(rows: pa.Table, layout: Layout) -> pa.Table:
    columns = [filled(column, rows[column.name].combine_chunks()) for column in layout.columns]
    return pa.Table.from_arrays(columns, schema=layout.schema)


def filled(column: Column, rows: pa.Array) -> pa.Array:
    if not column.holds_image:
        return rows
    images = embed(rows)
    return images if column.feature == IMAGE else images.field("bytes")
