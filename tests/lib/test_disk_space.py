"""Room on the disk, as measured on the real one."""

from __future__ import annotations

import shutil

import pytest

from annotator.lib.disk_space import DiskFull, DiskSpace, disk_space, folders, require_room, room_in_storage


@pytest.fixture
def full(settings):
    """A reserve that no disk has."""
    settings.DISK_RESERVE_BYTES = 10**18


def test_it_is_what_the_disk_of_the_data_has(settings):
    free = DiskSpace().free()

    assert free <= shutil.disk_usage(settings.DATA_DIR).free * 1.5
    assert any(folder.stat().st_dev == settings.DATA_DIR.stat().st_dev for folder in folders())


def test_there_is_room_until_the_reserve_is_reached(settings):
    settings.DISK_RESERVE_BYTES = 0
    require_room()


def test_below_the_reserve_what_writes_much_is_refused_in_words(full):
    assert disk_space.is_full
    with pytest.raises(DiskFull, match=r"The disk is full\. New imports, images and releases wait until there is room\."):
        require_room()


def test_room_for_stored_files_is_known_before_there_is_a_folder_for_them(storage_folder):
    room = room_in_storage()
    assert room is not None
    assert not storage_folder.exists()
    assert 0 < room <= shutil.disk_usage(storage_folder.parent).total
