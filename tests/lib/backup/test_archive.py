"""The file of a backup: what goes in comes out, and what was changed or cut short is recognised."""

from __future__ import annotations

import json
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from annotator.lib.backup.archive import DATABASE, BackupError, BackupWriter, Manifest, entries, verify

FACTS = {
    "created_at": "2026-11-01T00:00:00+00:00",
    "postgres": 18,
    "tools": 18,
    "migrations": [["annotator", "0001_start"]],
    "key_fingerprint": "0123456789abcdef",
    "has_key": False,
    "has_files": True,
}


def write(path: Path) -> Manifest:
    with BackupWriter(path) as writer:
        writer.add(DATABASE, BytesIO(b"all tables"))
        writer.add_stored("images/ä/full.png", BytesIO(b"pixels" * 1000))
        writer.add_stored("images/empty", BytesIO())
        return writer.finish(**FACTS)


def nothing(files: int, size: int) -> None:
    pass


def test_what_was_saved_can_be_read_again(tmp_path):
    written = write(tmp_path / "b.tar")

    assert verify(tmp_path / "b.tar", nothing) == written
    assert (written.files, written.bytes) == (2, 6000)
    found = {name: source.read() for name, source in entries(tmp_path / "b.tar")}
    assert found[DATABASE] == b"all tables"
    assert found["storage/images/ä/full.png"] == b"pixels" * 1000
    assert json.loads(found["manifest.json"])["postgres"] == 18


def test_only_its_owner_can_read_it_and_nothing_else_is_left(tmp_path):
    write(tmp_path / "b.tar")

    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_the_programs_of_the_system_can_check_it(tmp_path):
    write(tmp_path / "b.tar")
    folder = tmp_path / "unpacked"
    folder.mkdir()

    subprocess.run(["tar", "-C", folder, "-xf", tmp_path / "b.tar"], check=True)
    sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)

    assert (sums.returncode, sums.stdout) == (0, "")


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "b.tar").write_text("mine")

    with pytest.raises(BackupError, match="exists already"):
        write(tmp_path / "b.tar")

    assert (tmp_path / "b.tar").read_text() == "mine"


class BadDisk(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the disk cannot be read")


def test_one_that_could_not_be_finished_leaves_nothing(tmp_path):
    with BackupWriter(tmp_path / "b.tar") as writer, pytest.raises(OSError, match="cannot be read"):
        writer.add(DATABASE, BadDisk(b"all tables"))

    assert list(tmp_path.iterdir()) == []


def test_a_changed_byte_is_found_and_its_file_named(tmp_path):
    write(tmp_path / "b.tar")
    data = bytearray((tmp_path / "b.tar").read_bytes())
    data[data.index(b"pixels") + 100] ^= 1
    (tmp_path / "b.tar").write_bytes(data)

    with pytest.raises(BackupError, match=r"damaged: storage/images/ä/full\.png does not have the checksum"):
        verify(tmp_path / "b.tar", nothing)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.55, 0.7, 0.9])
def test_one_that_was_cut_short_is_refused(tmp_path, share):
    write(tmp_path / "b.tar")
    data = (tmp_path / "b.tar").read_bytes().rstrip(b"\0")
    (tmp_path / "b.tar").write_bytes(data[: int(len(data) * share)])

    with pytest.raises(BackupError, match=r"damaged or cut short|its end is missing"):
        verify(tmp_path / "b.tar", nothing)


def remade(path: Path, change) -> None:
    """Write the backup again with members as `change` makes them of name and content."""
    members = [(name, source.read()) for name, source in entries(path)]
    with tarfile.open(path, "w") as tar:
        for name, data in [each for member in members for each in change(*member)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, BytesIO(data))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda name, data: [] if name == DATABASE else [(name, data)], "does not have the checksum"),
        (lambda name, data: [(name, data), ("storage/more", b"")] if name == DATABASE else [(name, data)], "checksum"),
        (lambda name, data: [(name, data.replace(b"  database", b"  databass"))], "checksum"),
        (lambda name, data: [("../" + name, data)], "holds something that no backup has"),
        (lambda name, data: [(name, b"{}" if name == "manifest.json" else data)], "no readable manifest"),
        (lambda name, data: [(name, data.replace(b'"format": 1', b'"format": 2'))], "another version of Diptych"),
        (
            lambda name, data: [(name, data), ("storage/after", b"")] if name == "manifest.json" else [(name, data)],
            "after its end",
        ),
        (lambda name, data: [(name, data)] if name in (DATABASE, "manifest.json") else [], "is damaged: SHA256SUMS"),
    ],
)
def test_one_that_was_put_together_otherwise_is_refused(tmp_path, change, says):
    write(tmp_path / "b.tar")
    remade(tmp_path / "b.tar", change)

    with pytest.raises(BackupError, match=says):
        verify(tmp_path / "b.tar", nothing)


def test_a_file_that_is_not_there_or_no_backup_is_refused(tmp_path):
    with pytest.raises(BackupError, match="There is no file"):
        verify(tmp_path / "none.tar", nothing)
    (tmp_path / "words").write_text("This is no tar. " * 100)
    with pytest.raises(BackupError, match="is no backup"):
        verify(tmp_path / "words", nothing)
