"""The copies of images that pages show: which are there, and making those that are not.

An import makes the smaller copy. The larger one is made by `tasks.make_displays` when workers have nothing better to do, or when
a page asks for it first. All copies are made by one encoder in one way, so nothing tells the two images of a pair apart.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from annotator.errors import Invalid
from annotator.importing.decoder import make_display
from annotator.importing.images import (
    DISPLAY_WIDTHS,
    display_folder,
    display_name,
    full_name,
    image_folder,
    new_display_id,
)
from annotator.lib.limited_process import ChildFailure
from annotator.lib.storage import put_file, read_file
from annotator.models import Image

logger = logging.getLogger(__name__)

IMAGES_PER_TASK = 20
FILES_GONE = -1  # in `Image.displays_made`
IMAGES_AT_ONCE = 2_000  # named in one look, about what two cores make until the next, which finds those that are left


def display_file(image: Image, width: int) -> str:
    """The name in storage of the copy of one of DISPLAY_WIDTHS, which is made now if nobody has yet. Raises FileNotFoundError."""
    if DISPLAY_WIDTHS.index(width) >= image.displays_made:
        make_displays(image)
    assert image.display_id is not None
    return display_name(image.display_id, width)


def full_file(image: Image) -> str:
    """The name in storage of a full-size copy under a name that tells nothing, for who is sent to a bucket. Raises
    FileNotFoundError."""
    original = full_name(image.sha256, image.format)
    name = f"{display_folder(image.display_id or new_display_id(image.sha256))}/{original.rpartition('/')[2]}"
    if not default_storage.exists(name):
        put_file(name, read_file(original))
    return name


def make_displays(image: Image) -> None:
    """Make the copies for display that the image lacks, and note them in every row of its file. Safe to run twice and at the same
    time. Raises FileNotFoundError where its files are gone, or cannot be decoded any more."""
    display_id = image.display_id or new_display_id(image.sha256)
    full = read_file(full_name(image.sha256, image.format))
    for width in DISPLAY_WIDTHS[max(0, image.displays_made) :]:
        put_file(display_name(display_id, width), _copy_of(image, full, width))
    image.display_id, image.displays_made = display_id, len(DISPLAY_WIDTHS)
    rows = Image.objects.filter(sha256=image.sha256).exclude(display_id=display_id, displays_made=len(DISPLAY_WIDTHS))
    rows.update(display_id=display_id, displays_made=len(DISPLAY_WIDTHS))


def _copy_of(image: Image, full: bytes, width: int) -> bytes:
    earlier = f"{image_folder(image.sha256)}/{width}.webp"  # where imports put it before it had a folder of its own
    if image.display_id is None and default_storage.exists(earlier):
        return read_file(earlier)
    try:
        return make_display(full, format=image.format, width=width)
    except (Invalid, ChildFailure) as error:
        logger.warning("No copy for display of image %s: %s", image.sha256, error)
        raise FileNotFoundError(full_name(image.sha256, image.format)) from error


def images_without_displays() -> list[list[int]]:
    """The ids of images that lack copies for display, in parts for a task each."""
    ids = list(_lacking().order_by("pk").values_list("pk", flat=True)[:IMAGES_AT_ONCE])
    return [ids[at : at + IMAGES_PER_TASK] for at in range(0, len(ids), IMAGES_PER_TASK)]


def make_displays_of(ids: Sequence[int]) -> None:
    """Make what these images still lack. One whose files are gone is not tried again before a page asks for it."""
    for image_id in ids:
        image = _lacking().filter(pk=image_id).first()
        if image is None:
            continue
        try:
            make_displays(image)
        except FileNotFoundError:
            logger.warning("Image %s has no file to make copies for display from.", image.sha256)
            Image.objects.filter(pk=image_id).update(displays_made=FILES_GONE)


def _lacking() -> QuerySet[Image]:
    return Image.objects.filter(displays_made__gte=0, displays_made__lt=len(DISPLAY_WIDTHS))
