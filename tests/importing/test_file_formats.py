"""Import files of every format: how each is known, read and refused."""

from __future__ import annotations

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotator.importing.file_formats import open_import_file
from tests.importing.opened import error_of, rows_of, written
from tests.pictures import picture_file

# --- what is no import file


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.jsonl", b"", "empty"),
        ("x.jsonl", b"\xff\xfe{\0}\0", "UTF-16"),
        ("x.jsonl", b'{"prompt": "caf\xe9"}', "not UTF-8"),
        ("x.jsonl", picture_file(), "not UTF-8"),
        ("x.json", b'[\n{"prompt": "x"},\n{"prompt": "y"}\n]', "a JSON list"),
        ("x.jsonl", b'[{"prompt": "x"}]', "a JSON list"),
        ("x.jsonl.gz", b"\x1f\x8b\x08\0\0", "gzip"),
        ("x.parquet", b'{"prompt": "x"}', "ends in .parquet"),
        ("x.parquet", b"PAR1 and then nothing PAR1", "The Parquet file cannot be read"),
        ("x.zip", b"no zip", "ends in .zip"),
        ("x.zip", b"PK\x03\x04 and then nothing", "The ZIP cannot be read"),
        ("x.csv", b"\xe9,b\n1,2", "not UTF-8"),
        ("x.csv", b"\n \n", "no lines"),
        ("x.csv", b'pro"mpt,"image_a\n', "not a CSV header"),
        ("x.csv", b"prompt,left,right\na,b,c\n", "no column image_a and no column image_b. Its columns are: prompt, left, right"),
        ("x.csv", b"text,image_a,image_b\na,b,c\n", "no column prompt"),
        ("x.csv", b"prompt,image_a,image_b,image_a\n", "2 columns named image_a"),
        ("x.csv", b"something else altogether", "no column prompt"),
        ("x", b"something else altogether", "no column prompt"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, name, content, words):
    assert words in error_of(written(tmp_path / name, content))


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert "folder" in error_of(tmp_path)
    assert "does not exist" in error_of(tmp_path / "nothing.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "does not exist" in error_of(tmp_path / "pipe.jsonl")


def test_a_file_without_a_telling_name_is_known_by_its_content(tmp_path):
    assert rows_of(written(tmp_path / "tmp0", ' {"prompt": "x"}')) == [(1, {"prompt": "x"})]
    assert rows_of(written(tmp_path / "tmp1", "prompt,image_a,image_b\nx,y,z\n"))[0][0] == 2


# --- parquet


def test_parquet_rows_have_bytes_and_numbers_from_one(tmp_path):
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table(
        {
            "text": ["a", "b", None],
            "left": pa.array([{"bytes": b"1", "path": "x"}, {"bytes": None, "path": "y"}, None], image),
            "right": pa.array([b"2", b"3", b"4"]),
            "n": pa.array([1.0, None, float("nan")]),
            "unused": pa.array([b"x" * 1000] * 3),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=2)
    rows = rows_of(
        tmp_path / "x.parquet", column_map={"prompt": "text", "image_a": "left", "image_b": "right", "external_id": "n"}
    )
    assert rows == [
        (1, {"prompt": "a", "image_a": {"bytes": b"1", "path": "x"}, "image_b": b"2", "external_id": 1.0}),
        (2, {"prompt": "b", "image_a": {"bytes": None, "path": "y"}, "image_b": b"3"}),
        (3, {"image_b": b"4"}),
    ]


def test_parquet_holds_lists_of_images_and_metadata_in_any_shape(tmp_path):
    images = [[{"image": {"bytes": b"1", "path": None}, "generator": "g", "seed": 4}], None, None]
    as_map = pa.array([[("x", 1)], None, [("x", 1), ("x", 2)]], pa.map_(pa.string(), pa.int64()))
    for metadata, refused in (
        (['{"x": 1}', None, "{"], "Invalid JSON"),
        ([{"x": 1}, None, {"x": 2}], "{"),
        (as_map, "cannot be read"),
    ):
        pq.write_table(pa.table({"prompt": ["p"] * 3, "images": images, "metadata": metadata}), tmp_path / "x.parquet")
        rows = rows_of(tmp_path / "x.parquet")
        assert rows[0] == (1, {"prompt": "p", "images": images[0], "metadata": {"x": 1}})
        assert rows[1] == (2, {"prompt": "p"})
        assert refused in str(rows[2][1])


def test_class_labels_of_hub_datasets_become_their_names(tmp_path):
    features = {"category": {"names": ["animal", "food"], "_type": "ClassLabel"}, "prompt": {"dtype": "string", "_type": "Value"}}
    table = pa.table({"prompt": ["p"] * 3, "image_a": ["a"] * 3, "image_b": ["b"] * 3, "category": [1, -1, 0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "x.parquet")
    assert [value.get("category") for _, value in rows_of(tmp_path / "x.parquet")] == ["food", None, "animal"]


@pytest.mark.parametrize(
    "metadata",
    [
        b"no json",
        b"[]",
        b'{"info": 5}',
        b'{"info": {"features": [1]}}',
        b'{"info": {"features": {"prompt": {"_type": "ClassLabel"}}}}',
    ],
)
def test_odd_hub_metadata_is_overlooked(tmp_path, metadata):
    table = pa.table({"prompt": ["p"], "image_a": ["a"], "image_b": ["b"]}).replace_schema_metadata({"huggingface": metadata})
    pq.write_table(table, tmp_path / "x.parquet")
    assert rows_of(tmp_path / "x.parquet")[0][1]["prompt"] == "p"


def test_text_in_a_parquet_that_is_not_utf8_refuses_its_row(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff\xfe"], pa.binary()).buffers())
    pq.write_table(pa.table({"prompt": bad, "image_a": ["a"] * 2, "image_b": ["b"] * 2}), tmp_path / "x.parquet")
    rows = rows_of(tmp_path / "x.parquet")
    assert rows[0][1]["prompt"] == "ok"
    assert "cannot be read" in rows[1][1]


def test_a_parquet_without_rows_or_with_damaged_pages_is_refused(tmp_path):
    table = pa.table({"prompt": [f"p{n}" for n in range(1000)], "image_a": ["a"] * 1000, "image_b": ["b"] * 1000})
    pq.write_table(table.slice(0, 0), tmp_path / "none.parquet")
    assert "no rows" in error_of(tmp_path / "none.parquet")
    pq.write_table(table, tmp_path / "x.parquet")
    data = bytearray((tmp_path / "x.parquet").read_bytes())
    data[4:1000] = bytes(996)
    assert "damaged after row 0" in error_of(written(tmp_path / "x.parquet", bytes(data)))
    assert "The Parquet file cannot be read" in error_of(written(tmp_path / "cut.parquet", bytes(data)[:-40]))


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.parquet"])
def test_rows_say_how_much_of_the_file_was_read(tmp_path, name):
    path = tmp_path / name
    if name == "x.parquet":
        pq.write_table(pa.table({"prompt": ["p"] * 20, "image_a": ["a"] * 20, "image_b": ["b"] * 20}), path)
    else:
        row = '{"prompt": "p"}\n' if name == "x.jsonl" else "p,a,b\n"
        written(path, ("" if name == "x.jsonl" else "prompt,image_a,image_b\n") + row * 20)
    with open_import_file(path, name=name, column_map={}, root=None) as file:
        fractions = [row.fraction for row in file.rows]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] == 1.0
