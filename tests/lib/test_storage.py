from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from django.core.files.storage import default_storage

from annotator.lib.storage import FileWriter, put_file, put_stream, read_file, remove_folder, stored_files


def test_a_file_replaces_the_one_before_and_leaves_no_pieces(storage_folder):
    put_file("some/where/file.bin", b"one")
    put_file("some/where/file.bin", b"two")
    assert read_file("some/where/file.bin") == b"two"
    assert [path.name for path in (storage_folder / "some" / "where").iterdir()] == ["file.bin"]


def test_a_file_that_cannot_be_put_leaves_no_pieces(storage_folder):
    (storage_folder / "some" / "file.bin").mkdir(parents=True)
    with pytest.raises(OSError, match=r"file\.bin"):
        put_file("some/file.bin", b"one")
    assert [path.name for path in (storage_folder / "some").iterdir()] == ["file.bin"]


def test_a_name_cannot_leave_the_storage():
    with pytest.raises(Exception, match="outside"):
        put_file("../elsewhere", b"one")


def test_reading_what_is_not_there_says_so():
    with pytest.raises(FileNotFoundError):
        read_file("nothing")


def test_a_folder_goes_with_all_that_is_in_it(storage_folder):
    for name in ("gone/a", "gone/deep/er/b", "stays/c"):
        put_file(name, b"x")
    remove_folder("gone")
    remove_folder("gone")
    assert [path.name for path in storage_folder.iterdir()] == ["stays"]
    assert default_storage.exists("stays/c")


def test_a_file_is_written_block_by_block_and_seen_when_it_is_whole(storage_folder):
    writer = FileWriter("some/file.bin")
    writer.write(b"one, ")
    writer.write(b"two")
    assert not default_storage.exists("some/file.bin")

    writer.close()

    assert read_file("some/file.bin") == b"one, two"
    assert (writer.size, writer.sha256) == (8, hashlib.sha256(b"one, two").hexdigest())
    assert [path.name for path in (storage_folder / "some").iterdir()] == ["file.bin"]


def test_an_aborted_file_leaves_no_pieces(storage_folder):
    writer = FileWriter("some/file.bin")
    writer.write(b"one")

    writer.abort()

    assert list((storage_folder / "some").iterdir()) == []


def test_all_stored_files_are_named_without_what_is_half_written():
    assert list(stored_files()) == []
    put_stream("images/aa/one", BytesIO(b"pixels"))
    for name in ("images/two", "top", "images/.half", ".building-1/rows"):
        put_file(name, b"x")
    assert list(stored_files()) == ["top", "images/two", "images/aa/one"]
    assert read_file("images/aa/one") == b"pixels"
