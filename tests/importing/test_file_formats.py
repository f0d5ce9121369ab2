from __future__ import annotations

import csv
import json
import os
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotator.errors import Invalid
from annotator.importing import archives, file_formats, text_rows
from annotator.importing.file_formats import open_import_file
from annotator.importing.parse_line import BadLine
from tests.pictures import picture_file


def rows_of(path: Path, *, name: str = "", column_map: dict[str, str] | None = None) -> list[tuple[int, Any]]:
    """Number and value of each row; of a bad one, the reason."""
    with open_import_file(path, name=name or path.name, column_map=column_map or {}, root=path.parent) as file:
        return [(row.number, str(row.value) if isinstance(row.value, BadLine) else row.value) for row in file.rows]


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, **options) -> str:
    with pytest.raises(Invalid) as caught:
        rows_of(path, **options)
    return caught.value.detail


# --- JSONL


def test_jsonl_rows_are_numbered_by_line_through_marks_line_ends_and_blank_lines(tmp_path):
    path = written(
        tmp_path / "x.jsonl",
        b'\xef\xbb\xbf{"prompt": "\xc3\xa9"}\r\n\r\n  \n{"prompt": "two\xe2\x80\xa8"}\r\n{"prompt": "three"}',
    )
    assert rows_of(path) == [(1, {"prompt": "é"}), (4, {"prompt": "two\u2028"}), (5, {"prompt": "three"})]


def test_a_bad_jsonl_line_does_not_stop_the_others(tmp_path):
    lines = [b'{"n": 1}', b'{"n": ', b"\xff\xfe", b"[1]", b"5", b'{"n": NaN}', b'{"n": 1, "n": 2}', b'{"n": 2}']
    rows = rows_of(written(tmp_path / "x.jsonl", b"\n".join(lines)))
    assert [number for number, _ in rows] == list(range(1, 9))
    assert (rows[0][1], rows[7][1]) == ({"n": 1}, {"n": 2})
    for (_, reason), words in zip(
        rows[1:7], ["Invalid JSON", "not UTF-8", "not a JSON object", "not a JSON object", "NaN", "appears twice"], strict=True
    ):
        assert words in reason


def test_a_line_that_is_too_long_is_refused_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_LINE_BYTES", 50)
    path = written(tmp_path / "x.jsonl", '{"n": 1}\n{"n": "' + "x" * 500 + '"}\n{"n": 2}')
    rows = rows_of(path)
    assert [rows[0], rows[2]] == [(1, {"n": 1}), (3, {"n": 2})]
    assert "longer than" in rows[1][1]


def test_too_many_lines_refuse_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_LINES", 3)
    assert "more than 3 lines" in refusal(written(tmp_path / "x.jsonl", "\n" * 4))


def test_columns_are_renamed(tmp_path):
    path = written(tmp_path / "x.jsonl", '{"prompt": "p", "left": "1", "image_b": "2"}')
    [(_, value)] = rows_of(path, column_map={"image_a": "image_b", "image_b": "left"})
    assert (value["image_a"], value["image_b"]) == ("2", "1")


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
    assert words in refusal(written(tmp_path / name, content))


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert "folder" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "nothing.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "does not exist" in refusal(tmp_path / "pipe.jsonl")


def test_a_mapped_column_that_is_not_there_refuses_the_file(tmp_path):
    path = written(tmp_path / "x.csv", "prompt,image_a,image_b\n1,2,3\n")
    assert "no column left to use as image_a" in refusal(path, column_map={"image_a": "left"})


def test_a_file_without_a_telling_name_is_known_by_its_content(tmp_path):
    assert rows_of(written(tmp_path / "tmp0", ' {"prompt": "x"}')) == [(1, {"prompt": "x"})]
    assert rows_of(written(tmp_path / "tmp1", "prompt,image_a,image_b\nx,y,z\n"))[0][0] == 2


# --- CSV


def test_csv_rows_are_numbered_by_the_line_they_start_on(tmp_path):
    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)  # CRLF
        writer.writerow(["prompt", "image_a", "image_b", "category", "other"])
        writer.writerow(['a "red"\r\ncube, big', "ä.png", "b.png", "", "ignored"])
        file.write("\r\n")
        writer.writerow(["two", "c.png", "d.png", "x"])
    assert rows_of(path) == [
        (2, {"prompt": 'a "red"\r\ncube, big', "image_a": "ä.png", "image_b": "b.png"}),
        (5, {"prompt": "two", "image_a": "c.png", "image_b": "d.png", "category": "x"}),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_may_be_delimited_otherwise(tmp_path, delimiter):
    text = "image_a;image_b;text\n1,5;2;a\n".replace(";", delimiter)
    assert rows_of(written(tmp_path / "x.csv", text), column_map={"prompt": "text"}) == [
        (2, {"image_a": "1,5", "image_b": "2", "prompt": "a"})
    ]


def test_cells_of_a_csv_hold_images_and_metadata_as_json(tmp_path):
    images, image = [{"image": "a.png", "seed": 1}, {"image": "b.png"}], {"bytes": "AAAA", "path": None}
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "images", "metadata", "image_a"])
        writer.writerow(["p", json.dumps(images), '{"x": 1}', ""])
        writer.writerow(["p", "[", "", ""])
        writer.writerow(["p", "", '{"x": NaN}', ""])
        writer.writerow(["p", "", "", json.dumps(image)])
    rows = rows_of(path)
    assert rows[0] == (2, {"prompt": "p", "images": images, "metadata": {"x": 1}})
    assert "Invalid JSON" in rows[1][1]
    assert "NaN" in rows[2][1]
    assert rows[3] == (5, {"prompt": "p", "image_a": image})


def test_a_bad_csv_row_does_not_stop_the_others(tmp_path):
    lines = [
        b"prompt,image_a,image_b",
        b"ok,1,2",
        b'"broken" quote,1,2',
        b'"never closed,1,2',
        b"caf\xe9,1,2",
        b"too,many,cells,here",
        b'"fine",1,2',
        b"short",
    ]
    rows = rows_of(written(tmp_path / "x.csv", b"\n".join(lines)))
    assert rows[0] == (2, {"prompt": "ok", "image_a": "1", "image_b": "2"})
    assert [number for number, _ in rows] == [2, 3, 4, 5, 6, 7, 8]
    for (_, reason), words in zip(rows[1:5], ["not valid CSV", "not valid CSV", "not UTF-8", "4 cells"], strict=True):
        assert words in reason
    assert rows[5] == (7, {"prompt": "fine", "image_a": "1", "image_b": "2"})
    assert rows[6] == (8, {"prompt": "short"})


def test_quotes_that_never_match_are_given_up_at_last(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_PUSHED_BACK", 1000)
    path = written(tmp_path / "x.csv", "prompt,image_a,image_b\n" + 'a","\n' * 101)
    assert "do not match" in refusal(path)


def test_a_nul_in_a_csv_reaches_the_line_and_not_the_reader(tmp_path):
    assert rows_of(written(tmp_path / "x.csv", "prompt,image_a,image_b\na\0b,1,2\n"))[0][1]["prompt"] == "a\0b"


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
    assert "no rows" in refusal(tmp_path / "none.parquet")
    pq.write_table(table, tmp_path / "x.parquet")
    data = bytearray((tmp_path / "x.parquet").read_bytes())
    data[4:1000] = bytes(996)
    assert "damaged after row 0" in refusal(written(tmp_path / "x.parquet", bytes(data)))
    assert "The Parquet file cannot be read" in refusal(written(tmp_path / "cut.parquet", bytes(data)[:-40]))


# --- paths


def folder_of(path: Path):
    return open_import_file(path, name=path.name, column_map={}, root=path.parent)


def test_paths_stay_inside_the_folder_of_the_file(tmp_path):
    inside = tmp_path / "in" / "images"
    inside.mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (inside / "ok.png").write_bytes(b"fine")
    (inside / "link_in.png").symlink_to("ok.png")
    (inside / "link_out.png").symlink_to("../../secret.png")
    (inside / "circle.png").symlink_to("circle.png")
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    os.mkfifo(inside / "pipe.png")
    with folder_of(written(tmp_path / "in" / "x.jsonl", "{}")) as file:
        assert file.folder.read("images/ok.png") == b"fine"
        assert file.folder.read("images/../images//./ok.png") == b"fine"
        assert file.folder.read("images/link_in.png") == b"fine"
        for path, words in {
            "../secret.png": "outside the folder",
            "images/../../secret.png": "outside the folder",
            "images/link_out.png": "outside the folder",
            "out/secret.png": "outside the folder",
            str(inside / "ok.png"): "absolute",
            "/etc/passwd": "absolute",
            "images": "not a file",
            ".": "not a file",
            "images/pipe.png": "not a file",
            "images/circle.png": "cannot be read",
            "images/missing.png": "no file “images/missing.png”",
            "images/ok.png/x": "cannot be read",
            "x\0y": "cannot be read",
            "y" * 1999: "cannot be read",
            "bad\udcff": "no file",
        }.items():
            with pytest.raises(Invalid, match=words):
                file.folder.read(path)


def test_a_file_that_is_larger_than_an_image_may_be_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 10)
    (tmp_path / "big.png").write_bytes(b"x" * 11)
    with folder_of(written(tmp_path / "x.jsonl", "{}")) as file, pytest.raises(Invalid, match="larger"):
        file.folder.read("big.png")


def test_an_upload_that_is_no_zip_has_no_folder(tmp_path):
    path = written(tmp_path / "x.jsonl", "{}")
    with open_import_file(path, name="x.jsonl", column_map={}, root=None) as file, pytest.raises(Invalid, match="Upload a ZIP"):
        file.folder.read("x.jsonl")


# --- ZIP


def zipped(path: Path, members: Mapping[str, Any], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("folder", ["", "set/", "deep/er/"])
def test_a_zip_holds_one_file_of_lines_and_its_images(tmp_path, folder):
    members = {
        f"{folder}pairs.jsonl": '{"prompt": "p"}',
        f"{folder}images/caf\u00e9.png": b"1",
        "__MACOSX/pairs.jsonl": b"",
        f"{folder}.hidden.csv": b"",
        f"{folder}images/": b"",
    }
    path = zipped(tmp_path / "x.zip", members)
    with open_import_file(path, name="x.zip", column_map={}, root=None) as file:
        assert [row.value for row in file.rows] == [{"prompt": "p"}]
        assert file.folder.read("images/caf\u00e9.png") == b"1"
        assert file.folder.read("images/cafe\u0301.png") == b"1"
        assert file.folder.read("./images/../images/café.png") == b"1"


def test_a_zip_may_hold_csv_or_parquet(tmp_path):
    pq.write_table(pa.table({"prompt": ["p"], "image_a": ["a"], "image_b": ["b"]}), tmp_path / "x.parquet")
    parquet = (tmp_path / "x.parquet").read_bytes()
    for name, content in {"x.csv": "prompt,image_a,image_b\np,a,b\n", "x.parquet": parquet}.items():
        [(_, value)] = rows_of(zipped(tmp_path / "x.zip", {name: content}))
        assert value == {"prompt": "p", "image_a": "a", "image_b": "b"}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"readme.txt": b""}, "contains none"),
        ({"a.jsonl": b"{}", "b/c.csv": b""}, "contains 2: a.jsonl, b/c.csv"),
        ({"a.jsonl": b""}, "empty"),
        ({"a.jsonl": b"PK\x03\x04 a ZIP in a ZIP"}, "another ZIP"),
    ],
)
def test_a_zip_without_one_file_of_lines_is_refused(tmp_path, members, words):
    path = zipped(tmp_path / "x.zip", members)
    assert words in refusal(path)


def test_paths_stay_inside_the_folder_of_the_lines_in_the_zip(tmp_path):
    members = {"in/x.jsonl": b"{}", "secret.png": b"1", "../evil.png": b"2", "/abs.png": b"3", "in/dir/": b""}
    path = zipped(tmp_path / "x.zip", members)
    with folder_of(path) as file:
        for name, words in {
            "../secret.png": "outside",
            "../../evil.png": "outside",
            "a/../../secret.png": "outside",
            "/abs.png": "absolute",
            "missing.png": "no file",
            "dir": "no file",
            "dir/": "no file",
            "x\0": "no file",
        }.items():
            with pytest.raises(Invalid, match=words):
                file.folder.read(name)
    assert not list(tmp_path.parent.glob("evil.png"))


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    lines = zipfile.ZipInfo("lines.jsonl")
    lines.external_attr = link.external_attr
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.jsonl", "{}")
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr(lines, "/etc/passwd")
    with folder_of(tmp_path / "x.zip") as file, pytest.raises(Invalid, match="symbolic link"):
        file.folder.read("link.png")
    assert "symbolic link" in refusal(tmp_path / "y.zip")


def test_what_a_zip_member_claims_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    path = zipped(tmp_path / "x.zip", {"x.jsonl": b"{}", "bomb.png": bytes(50_000)})
    data = path.read_bytes()
    # The directory says ten bytes; what comes out is more.
    at = data.rfind(b"PK\x01\x02")
    lying = data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :]
    with folder_of(path) as file, pytest.raises(Invalid, match="larger"):
        file.folder.read("bomb.png")
    with folder_of(written(tmp_path / "y.zip", lying)) as file, pytest.raises(Invalid, match=r"larger|damaged"):
        file.folder.read("bomb.png")


def test_a_zip_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file_formats, "LEAST_UNZIPPED", 1000)
    bomb = zipped(tmp_path / "x.zip", {"x.jsonl": b"\n" * 1_000_000})
    assert "far more than its size" in refusal(bomb)
    monkeypatch.setattr(archives, "LEAST_BUDGET", 1000)
    many = zipped(tmp_path / "y.zip", {"x.jsonl": b"{}"} | {f"{n}.png": bytes(4000) for n in range(9)})
    with folder_of(many) as file, pytest.raises(archives.UnpacksTooLarge):
        b"".join(file.folder.read(f"{n}.png") for n in range(9))


def test_a_zip_with_too_many_members_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(file_formats, "MAX_ZIP_DIRECTORY", 100)
    path = zipped(tmp_path / "x.zip", {"x.jsonl": b"{}", "a.png": b"", "b.png": b""})
    assert "too many files" in refusal(path)


def test_damaged_encrypted_and_oddly_packed_members_are_refused(tmp_path):
    stored = zipped(tmp_path / "x.zip", {"x.jsonl": b"{}", "a.png": b"0123456789"}, zipfile.ZIP_STORED)
    data = stored.read_bytes()
    with folder_of(written(stored, data.replace(b"0123456789", b"0123456_89"))) as file, pytest.raises(Invalid, match="damaged"):
        file.folder.read("a.png")
    encrypted = bytearray(data)
    encrypted[data.rfind(b"PK\x01\x02") + 8] |= 1
    with folder_of(written(stored, bytes(encrypted))) as file, pytest.raises(Invalid, match="encrypted"):
        file.folder.read("a.png")
    with (
        folder_of(zipped(tmp_path / "y.zip", {"x.jsonl": b"{}"}, zipfile.ZIP_STORED)),
        pytest.raises(Invalid, match="unsupported compression"),
        folder_of(zipped(tmp_path / "z.zip", {"x.jsonl": b"{}"}, zipfile.ZIP_LZMA)),
    ):
        pass
    assert "The ZIP cannot be read" in refusal(written(tmp_path / "cut.zip", data[:-30]))


# --- progress


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
