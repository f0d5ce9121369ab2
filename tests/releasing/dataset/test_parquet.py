"""The files themselves: types, metadata, encodings, hashes."""

from __future__ import annotations

import hashlib
import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotator.releasing.dataset.columns import IMAGE_TYPE
from annotator.releasing.dataset.configs import BINARIZED, PAIRS, VOTES, layouts_for
from annotator.releasing.dataset.parquet import ParquetFile

KEYS = " external_id metadata prompt_external_id prompt_metadata"
IMAGE_KEYS = (" seed{}", " parameters{}", " width{}", " height{}")
COLUMNS = {
    "votes": "vote_id pair_id question annotator_id choice a_on_left kind elapsed_ms conditions guideline_version created_at"
    " void_reason is_first external_id metadata comment",
    "machine_votes": "vote_id pair_id question annotator_id choice a_on_left kind elapsed_ms conditions guideline_version"
    " created_at void_reason external_id metadata comment",
    "annotators": "annotator_id kind state votes votes_void median_elapsed_ms gold_answers gold_right gold_accuracy repeats"
    " repeats_same consistency trust trust_of_checks skill skill_lower skill_upper",
    "adjudications": "adjudication_id pair_id outcome question choice reason unsafe_a unsafe_b note annotator_id reviewer_id"
    " cause_id decided_at undone_at",
    "gold": "pair_id choice is_in_review answers answers_right decisions",
    "pairs": "pair_id prompt_id prompt category language image_a image_b generator_a generator_b n_votes n_a n_b n_both_good"
    " n_both_bad p_a p_b p_both_good p_both_bad label share confidence agreement n_first stopped_early is_audit is_gold"
    " inclusion_probability taken_down sha256_a sha256_b"
    + KEYS
    + "".join(name.format(slot) for slot in ("_a", "_b") for name in IMAGE_KEYS),
    "binarized": "id prompt chosen rejected chosen_model rejected_model category confidence evolution"
    " sub_category"
    + KEYS
    + "".join(f" {which}_{name.format('').strip()}" for which in ("chosen", "rejected") for name in IMAGE_KEYS),
    "diffusion_dpo": "ranking_id caption jpg_0 jpg_1 label_0 label_1 are_different has_label model_0 model_1 image_0_uid"
    " image_1_uid best_image_uid num_example_per_prompt confidence"
    + KEYS
    + "".join(name.format(place) for place in ("_0", "_1") for name in IMAGE_KEYS),
    "leaderboard": "generator score lower upper rank_lower rank_upper p_first n_comparisons n_wins n_ties",
    "leaderboards": "question category generator score lower upper rank_lower rank_upper p_first n_comparisons n_wins n_ties",
}


@pytest.mark.parametrize("layout", layouts_for(), ids=lambda layout: layout.config)
def test_a_config_has_the_columns_that_were_promised(layout):
    assert sorted(column.name for column in layout.columns) == sorted(COLUMNS[layout.config].split())


@pytest.mark.parametrize("layout", layouts_for(), ids=lambda layout: layout.config)
def test_image_columns_come_last(layout):
    are_images = [column.holds_image for column in layout.columns]
    assert are_images == sorted(are_images)


@pytest.mark.parametrize("layout", layouts_for(), ids=lambda layout: layout.config)
def test_the_arrow_types_are_those_that_datasets_derives_from_the_features(layout):
    """Any difference, and a column would be read as plain data without a warning."""
    spelled = json.loads(layout.schema.metadata[b"huggingface"])["info"]["features"]
    features = datasets.Features.from_dict(spelled)
    assert features.arrow_schema.remove_metadata().equals(layout.schema.remove_metadata())
    assert datasets.Features.from_arrow_schema(layout.schema) == features


@pytest.mark.parametrize("layout", layouts_for(), ids=lambda layout: layout.config)
def test_the_yaml_says_the_same_features(layout):
    from_yaml = datasets.Features._from_yaml_list([column.yaml for column in layout.columns])
    assert from_yaml == datasets.Features.from_arrow_schema(layout.schema)


def test_choices_and_labels_share_their_numbers():
    names = {layout.config: {column.name: column.feature.get("names") for column in layout.columns} for layout in (VOTES, PAIRS)}
    assert names["votes"]["choice"] == ["a", "b", "both_good", "both_bad"]
    assert names["pairs"]["label"] == ["a", "b", "both_good", "both_bad", "tie"]


def binarized_table(rows: int) -> pa.Table:
    image = pa.array([{"bytes": b"\x89PNG" + bytes([row]), "path": f"{row}.png"} for row in range(rows)], IMAGE_TYPE)
    columns = {field.name: pa.nulls(rows, field.type) for field in BINARIZED.schema} | {
        "id": pa.array(range(rows), pa.int64()),
        "prompt": pa.array(["a prompt"] * rows),
        "chosen_model": pa.array(["good-model"] * rows),
        "rejected_model": pa.array(["bad-model"] * rows),
        "category": pa.array(["shapes"] * rows),
        "confidence": pa.array([0.75] * rows),
        "chosen": image,
        "rejected": image,
    }
    return pa.Table.from_pydict(columns, schema=BINARIZED.schema)


def test_a_file_is_hashed_while_it_is_written(tmp_path):
    file = tmp_path / "binarized" / "some.parquet"
    with ParquetFile(file, BINARIZED) as parquet:
        parquet.write(binarized_table(3))
        parquet.write(binarized_table(2))
        written = parquet.close("binarized/train-00000-of-00001.parquet")
    assert written.path == "binarized/train-00000-of-00001.parquet"
    assert (written.size, written.rows) == (file.stat().st_size, 5)
    assert written.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert pq.read_metadata(file).num_row_groups == 2
    assert written.num_bytes > 0


def test_images_are_stored_plain_and_the_rest_compressed_with_dictionaries(tmp_path):
    file = tmp_path / "some.parquet"
    with ParquetFile(file, BINARIZED) as parquet:
        parquet.write(binarized_table(40))
        parquet.close("")
    group = pq.read_metadata(file).row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    for name in ("chosen.bytes", "chosen.path", "rejected.bytes", "rejected.path"):
        assert columns[name].compression == "UNCOMPRESSED"
        assert columns[name].dictionary_page_offset is None
        assert "PLAIN" in columns[name].encodings
    assert columns["prompt"].compression == "SNAPPY"
    assert columns["prompt"].dictionary_page_offset is not None
    assert all(column.has_offset_index for column in columns.values())


def test_a_file_without_rows_keeps_its_types(tmp_path):
    for layout in layouts_for():
        file = tmp_path / f"{layout.config}.parquet"
        with ParquetFile(file, layout) as parquet:
            written = parquet.close("")
        assert written.rows == 0
        assert pq.read_schema(file).equals(layout.schema, check_metadata=False)


def test_a_file_that_is_given_up_takes_no_more_rows(tmp_path):
    with ParquetFile(tmp_path / "some.parquet", BINARIZED) as parquet:
        parquet.write(binarized_table(1))
    with pytest.raises(RuntimeError, match="after shutdown"):
        parquet.close("")
