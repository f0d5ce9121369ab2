"""A shard is written from its staged rows alone: images in the place of references, whoever writes it."""

from __future__ import annotations

import hashlib

import pyarrow.parquet as pq
import pytest
from django.core.files.storage import default_storage

from annotator.errors import Conflict
from annotator.importing.images import full_name
from annotator.releasing.dataset.configs import PAIRS
from annotator.releasing.dataset.shards import write_part
from annotator.releasing.dataset.staged_rows import ShardPlan
from annotator.releasing.stage import stage

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parts(campaign, judged, tmp_path) -> dict[str, ShardPlan]:
    """The shards of the train split that wait, by their config."""
    (tmp_path / "files").mkdir()
    staged = stage(campaign, rows_folder=tmp_path / "rows", files_folder=tmp_path / "files", report=lambda share: None)
    return {part.config: part for part in staged.shard_plans if part.split == "train"}


def write(part: ShardPlan, folder, target, on_bytes=lambda count: None):
    rows_file = folder / "rows" / part.rows_name
    return write_part(part.path, target, rows_file=rows_file, row_groups=part.row_groups, on_bytes=on_bytes)


def test_a_shard_has_its_images_and_the_features_of_its_config(parts, judged, tmp_path):
    written = write(parts["pairs"], tmp_path, tmp_path / "shard.parquet")
    table = pq.read_table(tmp_path / "shard.parquet")
    assert table.schema.metadata[b"huggingface"] == PAIRS.schema.metadata[b"huggingface"]
    assert (written.path, written.rows) == ("pairs/train-00000-of-00001.parquet", len(table))
    image = judged[0].image_a
    with default_storage.open(full_name(image.sha256, image.format)) as file:
        assert table["image_a"][0].as_py() == {"bytes": file.read(), "path": f"{image.sha256}.png"}


def test_the_same_rows_give_the_same_bytes(parts, tmp_path):
    for part in parts.values():
        first, second = (write(part, tmp_path, tmp_path / name) for name in ("first.parquet", "second.parquet"))
        assert first == second
        data = (tmp_path / "first.parquet").read_bytes()
        assert (first.size, first.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_plain_bytes_of_images_are_a_column_of_their_own_where_the_config_has_them(parts, tmp_path):
    write(parts["diffusion_dpo"], tmp_path, tmp_path / "shard.parquet")
    jpg_0 = pq.read_table(tmp_path / "shard.parquet")["jpg_0"].to_pylist()
    assert all(isinstance(data, bytes) and data for data in jpg_0)


def test_it_says_how_many_bytes_went_in_after_each_row_group(parts, tmp_path):
    seen: list[int] = []
    part = parts["pairs"]
    write_part(
        part.path,
        tmp_path / "shard.parquet",
        rows_file=tmp_path / "rows" / part.rows_name,
        row_groups=[1] * sum(part.row_groups),
        on_bytes=seen.append,
    )
    assert len(seen) == sum(part.row_groups)
    assert sum(seen) >= part.num_bytes > 0


def test_a_missing_image_is_said(parts, judged, tmp_path):
    image = judged[0].image_b
    default_storage.delete(full_name(image.sha256, image.format))
    with pytest.raises(Conflict, match=image.sha256):
        write(parts["pairs"], tmp_path, tmp_path / "shard.parquet")
