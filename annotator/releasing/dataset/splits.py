"""Where a release is cut: prompts into splits, rows into shards and row groups. Pure, so that it comes out the same each time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from annotator.releasing.dataset.layout import SPLITS

SHARD_BYTES = 500_000_000  # of images or, in the votes, of Arrow data
ROW_GROUP_BYTES = 32_000_000  # of images: more makes a stream's first row late, less makes its requests many
ROW_GROUP_ROWS = 10_000  # for images that are very small

ROW_BYTES = 300  # about what a row without images takes before compression
TABLE_GROUP_ROWS = 100_000  # of a config without images

DEFAULT_SHARES = (0.8, 0.1, 0.1)  # of the prompts, per split


@dataclass(frozen=True)
class Cut:
    """How a release is cut into files: about `bytes` each, or each split of a config into `count`. None: the usual size."""

    bytes: int | None = None
    count: int | None = None


USUAL_CUT = Cut()


class Range(NamedTuple):
    """Rows from `start` up to, not with, `stop`."""

    start: int
    stop: int


def split_bounds(shares: Sequence[float] = DEFAULT_SHARES) -> list[int]:
    """Upper bounds, one per split, on the first 32 bits of the sha256 of a prompt's text.

    A prompt is in the first split whose bound is above its number; so it is in the same split in every config, and in every
    release and campaign with the same shares. Raises ValueError where the shares are not one per split that sum to 1.
    """
    if len(shares) != len(SPLITS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"{shares!r} are not {len(SPLITS)} shares that sum to 1")
    bounds = [round(2**32 * total) for total in itertools.accumulate(shares)]
    return [*bounds[:-1], 2**32]


def split_of(text_sha256: str, bounds: Sequence[int] | None = None) -> int:
    """The index in SPLITS for the prompt whose text has this sha256."""
    number = int(text_sha256[:8], 16)
    return next(index for index, bound in enumerate(bounds or split_bounds()) if number < bound)


def chunk_by_size(sizes: np.ndarray, *, max_bytes: int, max_rows: int | None = None) -> list[Range]:
    """Consecutive ranges of rows, each as long as its sizes fit in `max_bytes` and its rows in `max_rows`.

    A row that is too big by itself is a range of its own. No rows: no ranges.
    """
    ends = np.cumsum(sizes, dtype=np.int64)
    ranges: list[Range] = []
    start = 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + max_bytes, side="right")))
        if max_rows is not None:
            stop = min(stop, start + max_rows)
        ranges.append(Range(start, stop))
        start = stop
    return ranges


def chunk_by_count(sizes: np.ndarray, count: int) -> list[Range]:
    """Consecutive ranges of rows of about the same size: `count` of them, or fewer where some would be empty."""
    ends = np.cumsum(sizes, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    stops = np.searchsorted(ends, [total * place // count for place in range(1, count + 1)], side="right").tolist()
    return [Range(start, stop) for start, stop in itertools.pairwise([0, *stops]) if start < stop]


def shard_name(config: str, split: str, index: int, count: int) -> str:
    """The path of a shard inside the release, as the Hub wants it. A count of 0 is not told: more shards may follow."""
    return f"{config}/{split}-{index:05d}{f'-of-{count:05d}' if count else ''}.parquet"


def split_of_path(path: str) -> str:
    """The split that a shard is of, by its path."""
    return path.rpartition("/")[2].partition("-")[0]
