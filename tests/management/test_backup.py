"""`manage.py backup`: what is in a backup, and what is said of it. Restoring one is in test_restore.py."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from annotator.lib.backup.archive import entries
from annotator.management.commands.backup import is_saved
from tests.factories import ImageFactory
from tests.object_store import ObjectStore

pytestmark = pytest.mark.django_db(transaction=True)


def backup(target: Path, *options: str) -> tuple[str, str]:
    output, errors = StringIO(), StringIO()
    call_command("backup", str(target), *options, stdout=output, stderr=errors)
    return output.getvalue(), errors.getvalue()


def names_in(file: Path) -> list[str]:
    return [name for name, _ in entries(file)]


def test_files_of_a_folder_are_in_it_and_an_image_that_is_lost_is_named(storage_folder, tmp_path):
    (storage_folder / "images" / "aa").mkdir(parents=True)
    (storage_folder / "images" / "aa" / "one").write_bytes(b"pixels")
    (storage_folder / "images" / "aa" / ".half.12ab").write_bytes(b"pix")
    image = ImageFactory()

    _, errors = backup(tmp_path / "b.tar")

    assert names_in(tmp_path / "b.tar") == ["database.dump", "storage/images/aa/one", "SHA256SUMS", "manifest.json"]
    assert f"1 images of this site are missing from storage, and so from the backup. The first: {image.sha256}" in errors


def test_files_of_a_bucket_are_in_it_and_only_the_database_if_asked(settings, tmp_path):
    options = {"location": str(tmp_path / "bucket")}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{ObjectStore.__module__}.ObjectStore", "OPTIONS": options},
    }
    default_storage.save("images/one", ContentFile(b"pixels"))
    default_storage.save("building/1/1/half", ContentFile(b"pix"))

    backup(tmp_path / "b.tar")
    said, _ = backup(tmp_path / "d.tar", "--without-files")

    assert names_in(tmp_path / "b.tar")[1] == "storage/images/one"
    assert names_in(tmp_path / "d.tar") == ["database.dump", "SHA256SUMS", "manifest.json"]
    assert "0 stored files" in said


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("images/aa/one", True),
        ("uploads/7/part", True),
        ("releases/1/1/README.md", True),
        ("releases/1/10/README.md", False),
        ("building/1/2/snapshot.json", False),
    ],
)
def test_of_releases_only_finished_ones_are_saved(name, saved):
    assert is_saved(name, {"releases/1/1"}) is saved


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere/b\.tar: No such file or directory\. Nothing was kept\."):
        backup(tmp_path / "nowhere" / "b.tar")
