"""Rows wait for their images in files, cut by the size of what they hold."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from annotator.releasing import stage
from annotator.releasing.dataset import staged_rows, vote_files
from annotator.releasing.dataset.configs import PAIRS
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.dataset.staged_rows import StagedReader
from tests.released import folder_of, release_of, rows_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_small_shards_and_row_groups_hold_the_same_rows(campaign, judged, monkeypatch):
    whole = release_of(campaign)
    monkeypatch.setattr(staged_rows, "SHARD_BYTES", 500)
    monkeypatch.setattr(vote_files, "SHARD_BYTES", 500)
    monkeypatch.setattr(staged_rows, "ROW_GROUP_BYTES", 200)
    monkeypatch.setattr(vote_files, "VOTES_ROW_GROUP", 2)
    cut_up = release_of(campaign)
    names = [file.path for file in cut_up.files.all()]
    assert "pairs/train-00000-of-00005.parquet" in names
    assert sum(name.startswith("votes/train") for name in names) > 1
    for config in ("pairs", "votes", "binarized"):
        assert rows_of(cut_up, config) == rows_of(whole, config)


def test_row_groups_fill_up_to_their_size(campaign, judged, monkeypatch):
    monkeypatch.setattr(staged_rows, "ROW_GROUP_BYTES", 2 * (judged[0].image_a.byte_size + judged[0].image_b.byte_size + 200))
    release = release_of(campaign)
    metadata = pq.read_metadata(folder_of(release) / "pairs/train-00000-of-00001.parquet")
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [2, 2, 1]


@pytest.mark.parametrize("row_groups", [[8], [1, 2, 5], [7, 1], [3, 1], []])
def test_staged_rows_are_read_a_row_group_at_a_time(campaign, judged, tmp_path, row_groups):
    staged = staged_rows.StagedRows(tmp_path, PAIRS, "train", [])
    with snapshot_of(campaign) as snapshot:
        _, judge, _ = stage.count_all(snapshot)
        [judged_rows] = map(judge, snapshot.pairs())
    for start, length in ((0, 3), (3, 0), (3, 1), (4, 4)):
        staged.add(judged_rows.slice(start, length))
    [part] = staged.close()
    ids = judged_rows["pair_id"].to_pylist()
    with StagedReader(tmp_path / part.rows_name) as reader:
        tables = list(reader.read(row_groups))
    assert [len(table) for table in tables] == row_groups
    assert [pair_id for table in tables for pair_id in table["pair_id"].to_pylist()] == ids[: sum(row_groups)]
