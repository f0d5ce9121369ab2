"""Metrics on a disk that has no room: the process goes on and counts for itself."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.mmap_dict import MmapedDict

from annotator.lib.metrics_files import FIRST_SIZE, ReservedDict


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """To write more fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(counts: MmapedDict, entries: int) -> None:
    for number in range(entries):
        counts.write_value(f"metric {number:050}", number, 0)


def test_a_file_has_all_its_blocks_from_the_start_and_grows(tmp_path):
    file = tmp_path / "counter_1.db"
    counts = ReservedDict(str(file))
    assert file.stat().st_blocks * 512 >= FIRST_SIZE
    fill(counts, 2000)

    assert file.stat().st_blocks * 512 >= file.stat().st_size > FIRST_SIZE
    found = {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(file))}
    assert len(found) == 2000
    assert found[f"metric {1999:050}"] == 1999
    counts.close()
    again = ReservedDict(str(file))
    assert again.read_value(f"metric {7:050}")[0] == 7
    again.close()


def test_without_room_for_the_file_it_counts_in_memory_and_leaves_nothing(tmp_path):
    file = tmp_path / "counter_1.db"
    with no_file_larger_than(1000):
        counts = ReservedDict(str(file))
    fill(counts, 2000)

    assert counts.read_value(f"metric {1999:050}")[0] == 1999
    assert not file.exists()
    counts.close()


def test_without_room_to_grow_it_goes_on_in_memory_with_all_it_had(tmp_path):
    file = tmp_path / "counter_1.db"
    counts = ReservedDict(str(file))
    with no_file_larger_than(FIRST_SIZE):
        fill(counts, 5000)

    assert [counts.read_value(f"metric {number:050}")[0] for number in (0, 500, 4999)] == [0, 500, 4999]
    shared = {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(file))}
    assert shared[f"metric {3:050}"] == 3, "what was counted before can still be read by others"
    counts.close()
