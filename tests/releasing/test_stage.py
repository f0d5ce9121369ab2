"""The first half of a build: one look at the database, from which everything else follows."""

from __future__ import annotations

import hashlib

import pyarrow.parquet as pq
import pytest

from annotator.releasing.dataset.configs import ALWAYS, LEADERBOARD, LEADERBOARDS
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.dataset.staged_rows import StagedReader
from annotator.releasing.stage import Staged, count_all, stage, write_leaderboards

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def stage_below(folder, campaign) -> tuple[Staged, list[float]]:
    shares: list[float] = []
    (folder / "files").mkdir(parents=True)
    staged = stage(campaign, rows_folder=folder / "rows", files_folder=folder / "files", report=shares.append)
    return staged, shares


def test_votes_and_leaderboard_are_finished_and_the_other_configs_wait_for_images(campaign, judged, tmp_path):
    staged, _ = stage_below(tmp_path, campaign)
    assert {file.path.partition("/")[0] for file in staged.finished} == {*ALWAYS}
    for file in staged.finished:
        data = (tmp_path / "files" / file.path).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert file.rows == pq.read_metadata(tmp_path / "files" / file.path).num_rows
    assert {part.config for part in staged.shard_plans} == {"pairs", "binarized", "diffusion_dpo"}
    for part in staged.shard_plans:
        with StagedReader(tmp_path / "rows" / part.rows_name) as rows:
            assert sum(len(table) for table in rows.read(part.row_groups)) == sum(part.row_groups)
    assert sum(sum(part.row_groups) for part in staged.shard_plans if part.config == "pairs") == len(judged)


def test_only_the_rows_that_wait_are_left_beside_what_is_finished(campaign, judged, tmp_path):
    folder = tmp_path / "staged"
    staged, _ = stage_below(folder, campaign)
    left = {path.name for path in (folder / "rows").iterdir()}
    assert left == {part.rows_name for part in staged.shard_plans}
    assert {path.name for path in folder.iterdir()} == {"rows", "files"}


def test_it_says_how_far_it_is_from_the_first_look_to_the_last_row(campaign, judged, tmp_path):
    _, shares = stage_below(tmp_path, campaign)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.2, pytest.approx(1.0))


def test_another_worker_reads_back_what_was_staged(campaign, judged, tmp_path):
    staged, _ = stage_below(tmp_path, campaign)
    staged.save(tmp_path / "snapshot.json")
    assert Staged.load((tmp_path / "snapshot.json").read_bytes()) == staged


def test_each_leaderboard_config_is_one_file_and_empty_where_there_is_none(campaign, tmp_path):
    with snapshot_of(campaign) as snapshot:
        facts, *_ = count_all(snapshot)
    assert facts.leaderboard == []
    for layout in (LEADERBOARD, LEADERBOARDS):
        (tmp_path / layout.config).mkdir()
    for layout, written in zip((LEADERBOARD, LEADERBOARDS), write_leaderboards(facts, tmp_path), strict=True):
        assert (written.path, written.rows) == (f"{layout.config}/train-00000-of-00001.parquet", 0)
        assert pq.read_schema(tmp_path / written.path).names == [column.name for column in layout.columns]
