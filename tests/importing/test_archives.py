"""Folders that image paths lead into: what they find, and what they spend."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest

from annotator.errors import Invalid
from annotator.importing import archives
from annotator.importing.archives import DiskFolder, NoFolder, UnpacksTooLarge, ZipFolder, open_member


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
            with pytest.raises(Invalid) as refusal:
                folder.read(path)
            assert "\0" not in refusal.value.detail
            assert refusal.value.detail.encode()  # no lone surrogate
            assert len(refusal.value.detail) < 300
