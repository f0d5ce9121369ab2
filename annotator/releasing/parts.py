"""The second half of a build: shards with images, each written by itself from the staged rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from annotator.releasing.embedding import embed
from annotator.releasing.layouts import IMAGE_LAYOUTS, Layout
from annotator.releasing.parquet import ParquetFile, Written
from annotator.releasing.staging import Part, StagedReader, rows_file


def write_part(part: Part, target: Path, *, rows_folder: Path, on_bytes: Callable[[int], None]) -> Written:
    """Write one shard. `on_bytes` is told after each row group how many bytes of images went in.

    The same staged rows and images give the same bytes. Raises Conflict when an image is missing.
    """
    layout = next(layout for layout in IMAGE_LAYOUTS if layout.config == part.config)
    with StagedReader(rows_file(rows_folder, part.config, part.split)) as rows, ParquetFile(target, layout) as file:
        for group in rows.read(part.groups):
            images = with_images(group, layout)
            file.write(images)
            on_bytes(images.nbytes)
        return file.close(part.path)


def with_images(rows: pa.Table, layout: Layout) -> pa.Table:
    columns = [embed(rows[column.name].combine_chunks()) if column.is_image else rows[column.name] for column in layout.columns]
    return pa.Table.from_arrays(columns, schema=layout.schema)
