"""The copies for display that an import leaves for later: made when somebody asks, or when workers have time."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from PIL import Image as Picture

from annotator import tasks
from annotator.importing import display_copies
from annotator.importing.display_copies import display_file, full_file, images_without_displays, make_displays_of
from annotator.importing.images import display_name, full_name, image_folder, ingest_image, store_image
from annotator.importing.ingest_batch import stored_image
from annotator.lib.storage import put_file, read_file
from annotator.models import Image
from tests.factories import ImageFactory
from tests.pictures import decoded, encoded

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> Image:
    """As an import leaves it: with the smaller copy alone."""
    clean = ingest_image(encoded(Picture.new("RGB", (1000, 800), "teal"), "PNG"))
    store_image(clean)
    return ImageFactory(**stored_image(clean)._asdict())


def as_old_imports_left_it(image: Image) -> None:
    """With both copies beside the full one."""
    for width in (640, 1280):
        put_file(f"{image_folder(image.sha256)}/{width}.webp", f"made long ago, {width}".encode())
    default_storage.delete(display_name(image.display_id, 640))
    Image.objects.update(display_id=None, displays_made=0)
    image.refresh_from_db()


def test_the_larger_copy_is_made_when_it_is_asked_for_and_only_then(image):
    assert not default_storage.exists(display_name(image.display_id, 1280))

    name = display_file(image, 1280)

    assert (decoded(read_file(name)).format, decoded(read_file(name)).size) == ("WEBP", (1000, 800))
    put_file(name, b"as it was made")
    image.refresh_from_db()
    assert read_file(display_file(image, 1280)) == b"as it was made"


def test_every_row_of_the_same_file_has_it_then(image):
    twin = ImageFactory(sha256=image.sha256, display_id=image.display_id, displays_made=1)

    display_file(image, 1280)

    twin.refresh_from_db()
    assert twin.displays_made == 2


def test_workers_find_what_is_missing_in_parts_and_make_it(image, monkeypatch):
    monkeypatch.setattr(display_copies, "IMAGES_PER_TASK", 2)
    others = [ImageFactory() for _ in range(2)]  # whose files are gone
    assert images_without_displays() == [[image.pk, others[0].pk], [others[1].pk]]

    make_displays_of([others[0].pk, image.pk])

    assert decoded(read_file(display_name(image.display_id, 1280))).size == (1000, 800)
    assert images_without_displays() == [[others[1].pk]], "lost ones are not tried again and again"


def test_they_wait_while_the_disk_is_full(image, settings):
    settings.DISK_RESERVE_BYTES = 10**18

    tasks.make_displays([image.pk])

    assert images_without_displays() == [[image.pk]]


@pytest.mark.parametrize("by_page", [True, False])
def test_copies_of_old_imports_are_taken_over_as_they_are(image, by_page):
    as_old_imports_left_it(image)

    if by_page:
        display_file(image, 640)
    else:
        make_displays_of([image.pk])

    image.refresh_from_db()
    for width in (640, 1280):
        assert read_file(display_name(image.display_id, width)) == f"made long ago, {width}".encode()
    assert images_without_displays() == []


def test_with_another_secret_key_the_copies_are_still_found(image, settings):
    settings.SECRET_KEY = "another one than when it was imported"

    assert decoded(read_file(display_file(image, 640))).size == (640, 512)
    assert decoded(read_file(display_file(image, 1280))).size == (1000, 800)


def test_the_full_copy_has_a_name_that_says_nothing_where_browsers_are_sent_to_it(image):
    name = full_file(image)

    assert read_file(name) == read_file(full_name(image.sha256, image.format))
    assert image.sha256[:8] not in name
    assert full_file(image) == name


def test_files_that_are_gone_or_damaged_are_not_found(image):
    put_file(full_name(image.sha256, image.format), b"\x89PNG\r\n\x1a\n damaged since")
    with pytest.raises(FileNotFoundError):
        display_file(image, 1280)
    default_storage.delete(full_name(image.sha256, image.format))
    with pytest.raises(FileNotFoundError):
        display_file(image, 1280)
    make_displays_of([image.pk])  # is no trouble to the others


def test_an_image_that_was_lost_and_came_back_is_shown_again(image):
    kept = read_file(full_name(image.sha256, image.format))
    default_storage.delete(full_name(image.sha256, image.format))
    make_displays_of([image.pk])
    put_file(full_name(image.sha256, image.format), kept)
    image.refresh_from_db()

    assert decoded(read_file(display_file(image, 640))).size == (640, 512)
