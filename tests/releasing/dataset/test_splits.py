"""Splits, shards and row groups: pure arithmetic that must come out the same for ever."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from annotator.releasing.dataset.layout import SPLITS
from annotator.releasing.dataset.splits import Range, chunk_by_count, chunk_by_size, shard_name, split_bounds, split_of


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("a cat", "train"),
        ("a dog", "train"),
        ("a wall", "validation"),
        ("a moon", "test"),
    ],
)
def test_a_prompt_stays_in_its_split_for_ever(text, split):
    assert SPLITS[split_of(hashlib.sha256(text.encode()).hexdigest())] == split


@pytest.mark.parametrize(
    ("start", "split"), [("00000000", 0), ("cccccccc", 0), ("cccccccd", 1), ("e6666666", 2), ("ffffffff", 2)]
)
def test_the_bounds_are_sharp(start, split):
    assert split_of(start + "0" * 56) == split


def test_prompts_fall_into_the_splits_by_the_shares():
    splits = [split_of(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(20_000)]
    shares = np.bincount(splits) / len(splits)
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.25, 0.25)])
def test_other_shares_leave_no_prompt_without_a_split(shares):
    bounds = split_bounds(shares)
    splits = [split_of(f"{number:08x}" + "0" * 56, bounds) for number in (0, 2**31 - 1, 2**31, 2**32 - 1)]
    assert all(shares[split] > 0 for split in splits)


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.8, 0.1, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="shares"):
        split_bounds(shares)


@pytest.mark.parametrize(
    ("sizes", "max_bytes", "max_rows", "ranges"),
    [
        pytest.param([], 10, None, [], id="nothing"),
        pytest.param([3, 3, 3], 10, None, [(0, 3)], id="all fit"),
        pytest.param([5, 5, 5], 10, None, [(0, 2), (2, 3)], id="exactly full"),
        pytest.param([20, 1, 20], 10, None, [(0, 1), (1, 2), (2, 3)], id="too big by itself"),
        pytest.param([1, 1, 1, 1, 1], 100, 2, [(0, 2), (2, 4), (4, 5)], id="by rows"),
        pytest.param([0, 0, 0], 10, None, [(0, 3)], id="no bytes"),
    ],
)
def test_rows_are_cut_where_they_fill_up(sizes, max_bytes, max_rows, ranges):
    chunks = chunk_by_size(np.array(sizes, dtype=np.int64), max_bytes=max_bytes, max_rows=max_rows)

    assert chunks == [Range(*each) for each in ranges]


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_covers_every_row_once_and_wastes_no_room(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 50, size=int(rng.integers(1, 300)))
    ranges = chunk_by_size(sizes, max_bytes=100)
    assert ranges[0].start == 0
    assert ranges[-1].stop == len(sizes)
    for this, following in pairwise(ranges):
        assert this.stop == following.start
        assert sizes[this.start : this.stop].sum() <= 100
        assert sizes[this.start : this.stop + 1].sum() > 100


def test_shards_are_named_as_the_hub_wants():
    assert shard_name("pairs", "train", 3, 12) == "pairs/train-00003-of-00012.parquet"


@pytest.mark.parametrize(
    ("sizes", "count", "lengths"),
    [([1] * 6, 3, [2, 2, 2]), ([1] * 5, 2, [2, 3]), ([9, 1, 1, 1], 3, [4]), ([1, 1], 5, [1, 1]), ([], 3, [])],
)
def test_rows_are_cut_into_so_many_ranges(sizes, count, lengths):
    ranges = chunk_by_count(np.array(sizes, dtype=np.int64), count)
    assert [found.stop - found.start for found in ranges] == lengths
    assert [row for found in ranges for row in range(*found)] == list(range(len(sizes)))
