"""Uploads on their way into storage. The pages and the API that receive them have tests of their own."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.storage import default_storage

from annotator.choices import ImportState
from annotator.errors import Conflict, TooLarge
from annotator.importing.lifecycle import create_import
from annotator.importing.receive_upload import FORM_SIZE, UploadReceiver, quota_of
from tests.factories import CampaignFactory, ImportFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(settings):
    settings.IMPORT_QUOTA, settings.API_UPLOAD_LIMIT = 100, 60
    return CampaignFactory()


def begun(campaign, announced: int = 0) -> UploadReceiver:
    receiver = UploadReceiver()
    receiver.begin(campaign, announced)
    return receiver


def test_what_is_kept_stays_and_the_rest_goes(campaign):
    receiver = begun(campaign)
    kept, other = receiver.receive(BytesIO(b"kept"), "a"), receiver.receive(BytesIO(b"other"), "b")
    receiver.kept.add(kept.stored_name)

    receiver.remove_rest()

    with default_storage.open(kept.stored_name) as file:
        assert file.read() == b"kept"
    assert (kept.size, kept.name) == (4, "a")
    assert not default_storage.exists(other.stored_name)


def test_of_a_broken_off_upload_nothing_is_left(campaign, storage_folder):
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(10) or self._break()

        def _break(self) -> bytes:
            raise OSError("gone")

    receiver = begun(campaign)
    with pytest.raises(OSError, match="gone"):
        receiver.receive(Broken(bytes(30)), "a")

    receiver.remove_rest()

    assert [path for path in storage_folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("used", "size", "fits"), [(0, 60, True), (0, 61, False), (40, 60, True), (41, 60, False), (200, 1, False)]
)
def test_an_upload_fits_the_limit_and_the_quota(campaign, used, size, fits):
    ImportFactory(campaign=campaign, size=used)
    ImportFactory(campaign=campaign, size=1000, state=ImportState.FAILED)
    ImportFactory(size=1000)
    receiver = begun(campaign)

    if fits:
        receiver.receive(BytesIO(bytes(size)), "a")
    else:
        with pytest.raises(TooLarge, match="at most"):
            receiver.receive(BytesIO(bytes(size)), "a")
    receiver.remove_rest()


def test_several_files_count_together(campaign):
    receiver = begun(campaign)
    receiver.receive(BytesIO(bytes(40)), "a")
    with pytest.raises(TooLarge, match="at most 60 bytes"):
        receiver.receive(BytesIO(bytes(40)), "b")
    receiver.remove_rest()


def test_an_announced_length_is_refused_before_anything_is_stored(campaign):
    with pytest.raises(TooLarge, match="at most 60 bytes"):
        begun(campaign, FORM_SIZE + 61)
    ImportFactory(campaign=campaign, size=90)
    with pytest.raises(TooLarge, match="can have at most 100 bytes together, and 10 bytes of that are left"):
        begun(campaign, FORM_SIZE + 11)


def test_without_a_quota_only_the_limit_counts(campaign, settings):
    settings.IMPORT_QUOTA = 0
    ImportFactory(campaign=campaign, size=10_000)

    assert quota_of(campaign).room() == 60


def test_two_uploads_at_once_cannot_both_take_the_last_room(campaign):
    for _ in range(2):
        begun(campaign, 60)  # both are let in
    create_import(campaign=campaign, file_name="a", by=None, size=60)

    with pytest.raises(TooLarge, match="40 bytes of that are left"):
        create_import(campaign=campaign, file_name="b", by=None, size=60)


def test_nothing_is_stored_before_it_is_known_who_sends_it():
    with pytest.raises(AssertionError, match="Nobody has checked"):
        UploadReceiver().receive(BytesIO(b"x"), "a")


def test_a_full_disk_takes_no_upload_and_none_that_has_begun(campaign, settings, storage_folder):
    receiver = begun(campaign)
    settings.DISK_RESERVE_BYTES = 2**62

    with pytest.raises(Conflict, match="The disk is full"):
        receiver.receive(BytesIO(b"x"), "a")
    receiver.remove_rest()

    with pytest.raises(Conflict, match="The disk is full"):
        begun(campaign)
    assert [path for path in storage_folder.rglob("*") if path.is_file()] == []
