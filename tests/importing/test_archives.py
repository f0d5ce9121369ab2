"""Folders that image paths lead into, on disk and in a ZIP: what they find, what they refuse, and what they spend."""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotator.errors import Invalid
from annotator.importing import archives, file_formats
from annotator.importing.archives import DiskFolder, NoFolder, UnpacksTooLarge, ZipFolder, open_member
from annotator.importing.file_formats import open_import_file
from tests.importing.opened import error_of, folder_of, rows_of, written, zipped
from tests.importing.poison import zip_with_hidden_directory


def zip_of(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipFile:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return zipfile.ZipFile(path)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_may_be_spelt_either_way(tmp_path, form):
    name = unicodedata.normalize(form, "café.png")
    with zip_of(tmp_path / "x.zip", {f"in/{name}": b"coffee"}) as archive:
        folder = ZipFolder(archive, "in", size=100)

        for spelling in ("NFC", "NFD"):
            assert folder.read(unicodedata.normalize(spelling, "café.png")) == b"coffee"


def test_a_path_is_followed_within_its_folder(tmp_path):
    with zip_of(tmp_path / "x.zip", {"in/images/1.png": b"one", "images/1.png": b"outside"}) as archive:
        assert ZipFolder(archive, "in", size=100).read("./images/../images//1.png") == b"one"
        assert ZipFolder(archive, "", size=100).read("images/1.png") == b"outside"


def test_a_zip_may_unpack_to_its_budget_and_to_no_byte_more(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LEAST_BUDGET", 0)
    monkeypatch.setattr(archives, "BUDGET_RATIO", 2)
    with zip_of(tmp_path / "x.zip", {"1.png": bytes(1200), "2.png": bytes(800), "3.png": b"x"}) as archive:
        folder = ZipFolder(archive, "", size=1000)

        assert len(folder.read("1.png")) + len(folder.read("2.png")) == 2000
        with pytest.raises(UnpacksTooLarge):
            folder.read("3.png")


def test_a_packing_without_a_bound_is_refused_before_it_is_unpacked(tmp_path):
    with zip_of(tmp_path / "x.zip", {"1.png": b"one"}, zipfile.ZIP_LZMA) as archive, pytest.raises(Invalid):
        open_member(archive, archive.infolist()[0])


@pytest.mark.parametrize("path", ["nul\0.png", "bad\udcff.png", "y" * 500])
def test_the_reason_can_be_stored_whatever_the_path_is(tmp_path, path):
    with zip_of(tmp_path / "x.zip", {"1.png": b"one"}) as archive:
        for folder in (DiskFolder(tmp_path), ZipFolder(archive, "", size=100), NoFolder()):
            with pytest.raises(Invalid) as error:
                folder.read(path)
            assert "\0" not in error.value.detail
            assert error.value.detail.encode()  # no lone surrogate
            assert len(error.value.detail) < 300


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
    assert words in error_of(path)


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
    assert "symbolic link" in error_of(tmp_path / "y.zip")


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
    assert "far more than its size" in error_of(bomb)
    monkeypatch.setattr(archives, "LEAST_BUDGET", 1000)
    many = zipped(tmp_path / "y.zip", {"x.jsonl": b"{}"} | {f"{n}.png": bytes(4000) for n in range(9)})
    with folder_of(many) as file, pytest.raises(archives.UnpacksTooLarge):
        b"".join(file.folder.read(f"{n}.png") for n in range(9))


def test_a_zip_with_too_many_members_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(file_formats, "MAX_ZIP_DIRECTORY", 100)
    path = zipped(tmp_path / "x.zip", {"x.jsonl": b"{}", "a.png": b"", "b.png": b""})
    assert "too many files" in error_of(path)


@pytest.mark.parametrize("at_end", [True, False])
def test_a_long_list_of_members_is_found_in_either_record(tmp_path, monkeypatch, at_end):
    monkeypatch.setattr(file_formats, "MAX_ZIP_DIRECTORY", 100)
    assert "too many files" in error_of(zip_with_hidden_directory(tmp_path / "x.zip", 5, at_end=at_end))
    assert rows_of(zip_with_hidden_directory(tmp_path / "y.zip", 0, at_end=at_end)) == [(1, {})]


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
    assert "The ZIP cannot be read" in error_of(written(tmp_path / "cut.zip", data[:-30]))
