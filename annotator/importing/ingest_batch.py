"""A batch of an import, worked off: its images decoded, cleaned and stored, its lines turned into rows."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import ImportState
from annotator.errors import Invalid
from annotator.importing.create_rows import ReadyLine, StoredImage, add_lines
from annotator.importing.decoder import decode_image
from annotator.importing.fetch import fetch_image
from annotator.importing.images import CleanImage, is_stored, new_display_id, store_image
from annotator.importing.lifecycle import Cancelled, clear_import, image_lock_key, note_finished, staged_folder, staged_name
from annotator.importing.parse_line import BadLine
from annotator.importing.stage_upload import line_error
from annotator.lib.advisory_locks import Space, shared_holder, sole_holder
from annotator.lib.attempts import ATTEMPTS_MAX, OutOfAttempts, attempt
from annotator.lib.limited_process import ChildDied
from annotator.lib.storage import put_file, read_file, remove_folder
from annotator.models import Image, Import, ImportBatch, LineError, TakeDown

logger = logging.getLogger(__name__)

FETCHES_AT_ONCE = 8
TRIES_ON_CONFLICT = 3
SET_ASIDE = ATTEMPTS_MAX + 1  # in `ImportBatch.image_attempts`, of an image that is not tried again
IMAGE_GIVEN_UP = (
    f"Decoding the image was begun {ATTEMPTS_MAX} times and never ended: the process that decoded it was stopped. The file is "
    "damaged, or memory ran out."
)
LINE_GIVEN_UP = (
    f"Importing this line and those beside it was begun {ATTEMPTS_MAX} times and never ended: it failed, or its worker stopped, "
    "perhaps because memory ran out. See the workers' log, and import the line again."
)

Reference = tuple[str, str]  # ("sha256", …) or ("url", …)


def ingest_batch(*, batch_id: int) -> None:
    """Ingest the images of a batch and add its lines; the last batch of an import finishes it.

    Safe to run twice and at the same time: what was done is found done, and what somebody is doing is left to them. A bad image
    refuses its line alone, and so does one that stops its decoder again and again. A batch that stops its workers is refused
    whole. Decoding happens before the transaction, which then takes milliseconds. Must not be called inside a transaction.
    """
    with sole_holder(Space.IMPORT_BATCH, batch_id) as is_mine:
        batch = ImportBatch.objects.select_related("batch_of").filter(pk=batch_id).first()
        if batch is None or not is_mine:
            return
        if batch.batch_of.state == ImportState.RUNNING and batch.done_at is None:
            is_finished = _attempt(batch)
        else:  # DONE by a worker that was perhaps killed before it had tidied up
            is_finished = batch.batch_of.state == ImportState.DONE
        if is_finished:
            remove_folder(staged_folder(batch.batch_of_id))
    clear_import(import_id=batch.batch_of_id)  # if it was cancelled meanwhile


def _attempt(batch: ImportBatch) -> bool:
    """Returns whether the import is finished."""
    _set_images_aside(batch)
    try:
        with attempt(ImportBatch.objects.filter(pk=batch.pk)):
            return _ingest(batch)
    except OutOfAttempts:
        return _add(batch, [], {entry["number"]: BadLine("", LINE_GIVEN_UP) for entry in batch.lines})
    except Cancelled:
        return False


def _set_images_aside(batch: ImportBatch) -> None:
    """Images that stopped their workers too often are not tried again. Without them, the batch begins anew."""
    stopped = {sha256: SET_ASIDE for sha256, count in batch.image_attempts.items() if count == ATTEMPTS_MAX}
    if stopped:
        batch.image_attempts |= stopped
        batch.attempts = 0
        batch.save(update_fields=["image_attempts", "attempts"])


def _ingest(batch: ImportBatch) -> bool:
    """Returns whether this was the last batch. Raises Cancelled."""
    files, refused = _files_of(batch)
    # Who removes files of a cancelled import leaves these alone until their rows are there.
    with shared_holder(Space.IMAGE_FILES, map(image_lock_key, files.values())):
        images = refused | _ingest_images(batch, files)
        return _add(batch, *_ready_lines(batch, images))


def _files_of(batch: ImportBatch) -> tuple[dict[Reference, str], dict[Reference, StoredImage | Invalid]]:
    """The sha256 under which each image that the batch refers to is staged, and why others are refused."""
    references = {_reference(image) for entry in batch.lines for image in entry["line"]["images"]}
    files = {reference: reference[1] for reference in references if reference[0] == "sha256"}
    refused: dict[Reference, StoredImage | Invalid] = {}
    # Waiting for other people's servers is done side by side; the bytes go to storage, so that memory stays small.
    with ThreadPoolExecutor(FETCHES_AT_ONCE) as threads:
        fetches = {
            reference: threads.submit(_fetch_and_stage, batch.batch_of_id, reference[1])
            for reference in references
            if reference[0] == "url"
        }
    for reference, fetch in fetches.items():
        try:
            files[reference] = fetch.result()
        except Invalid as error:
            refused[reference] = error
    return files, refused


def _ingest_images(batch: ImportBatch, files: dict[Reference, str]) -> dict[Reference, StoredImage | Invalid]:
    """Every one of the files, in storage, or why it is refused."""
    found: dict[Reference, StoredImage | Invalid] = {}
    known = _known_images(files.values())
    taken_downs = TakeDown.objects.filter(campaign=batch.batch_of.campaign_id, sha256__in=set(files.values()))
    taken_down = set(taken_downs.values_list("sha256", flat=True))
    for reference, sha256 in files.items():
        try:
            if sha256 in taken_down:
                raise Invalid(gettext("This image was taken down. It cannot be imported again."))
            if sha256 not in known:
                known[sha256] = _ingest_staged(batch, sha256)
            found[reference] = known[sha256]
        except Invalid as error:
            found[reference] = error
    return found


def _reference(image: dict[str, Any]) -> Reference:
    return ("url", image["url"]) if "url" in image else ("sha256", image["sha256"])


def _fetch_and_stage(import_id: int, url: str) -> str:
    """The sha256 under which the fetched bytes are staged."""
    data = fetch_image(url)
    sha256 = hashlib.sha256(data).hexdigest()
    put_file(staged_name(import_id, sha256), data)
    return sha256


def _known_images(hashes: Iterable[str]) -> dict[str, StoredImage]:
    """Those of the files that were ingested before, for whatever prompt or campaign."""
    rows = Image.objects.filter(sha256__in=set(hashes)).values_list(*StoredImage._fields).distinct()
    # Of a file that was imported before there were perceptual hashes and again since, the row that has one.
    known = {row[0]: StoredImage(*row) for row in rows.order_by(F("phash").asc(nulls_first=True), "displays_made")}
    return {sha256: image for sha256, image in known.items() if is_stored(sha256, image.format)}


def _ingest_staged(batch: ImportBatch, sha256: str) -> StoredImage:
    """Raises Invalid, and Cancelled."""
    try:
        data = read_file(staged_name(batch.batch_of_id, sha256))
    except FileNotFoundError as error:
        raise Invalid(gettext("The image is no longer in storage. Import the file again.")) from error
    attempts = batch.image_attempts
    while attempts.get(sha256, 0) < ATTEMPTS_MAX:
        attempts[sha256] = attempts.get(sha256, 0) + 1
        _note_image_attempts(batch)
        try:
            image = decode_image(data, sha256=sha256)
        except ChildDied as error:
            logger.warning("Image %s stopped its decoder: %s.", sha256, error)
        except Invalid:
            attempts[sha256] = 0
            raise
        else:
            store_image(image)
            attempts[sha256] = 0  # noted with the next image; its key says that its files may be in storage
            return stored_image(image)
    attempts[sha256] = SET_ASIDE
    raise Invalid(IMAGE_GIVEN_UP)


def stored_image(image: CleanImage) -> StoredImage:
    size = (image.width, image.height, len(image.data))
    display_id = new_display_id(image.sha256)
    return StoredImage(image.sha256, image.format, *size, image.phash, display_id, len(image.displays))


def _note_image_attempts(batch: ImportBatch) -> None:
    """Committed before the image is decoded. Raises Cancelled.

    One statement, and nobody waits for the disk: what a crash of the database takes along is a note, not an image. So an image
    pays a fraction of a millisecond.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE annotator_importbatch SET image_attempts = %s FROM annotator_import"
            " WHERE annotator_importbatch.id = %s AND annotator_import.id = batch_of_id AND annotator_import.state = %s"
            " AND set_config('synchronous_commit', 'off', true) = 'off'",
            [json.dumps(batch.image_attempts), batch.pk, ImportState.RUNNING],
        )
        if not cursor.rowcount:
            raise Cancelled


def _ready_lines(
    batch: ImportBatch, images: dict[Reference, StoredImage | Invalid]
) -> tuple[list[ReadyLine], dict[int, BadLine]]:
    """The lines whose images are all there, and the others with the first thing that is wrong with their images."""
    ready, refused = [], {}
    for entry in batch.lines:
        stored = []
        for image in entry["line"]["images"]:
            found = images[_reference(image)]
            if isinstance(found, Invalid):
                refused[entry["number"]] = BadLine(image["field"], found.detail)
                break
            stored.append(found)
        else:
            ready.append(ReadyLine(entry["number"], entry["line"], stored))
    return ready, refused


def _add(batch: ImportBatch, ready: list[ReadyLine], refused: dict[int, BadLine]) -> bool:
    for _ in range(TRIES_ON_CONFLICT - 1):
        with suppress(IntegrityError):  # somebody added one of the things by another way; next time it is found
            return _add_batch(batch, ready, refused)
    return _add_batch(batch, ready, refused)


@transaction.atomic
def _add_batch(batch: ImportBatch, ready: list[ReadyLine], refused: dict[int, BadLine]) -> bool:
    """Write the rows, the errors, the counts and the batch's end, all or nothing. Returns whether the import is finished.

    Raises Cancelled.
    """
    # The import's row before the batch's, in every batch: the last two to finish cannot miss each other.
    import_ = Import.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=batch.batch_of_id)
    if import_.state == ImportState.CANCELLED:
        raise Cancelled
    batches = ImportBatch.objects.filter(pk=batch.pk, done_at__isnull=True)
    if not batches.update(done_at=timezone.now(), lines=[], image_attempts={}):
        return False
    added = add_lines(campaign=import_.campaign, lines=ready, import_id=import_.pk)
    errors = refused | added.errors
    LineError.objects.bulk_create([line_error(import_.pk, number, error) for number, error in sorted(errors.items())])
    import_.lines_done += len(ready) + len(refused)
    import_.lines_failed += len(errors)
    import_.pairs_added += added.pairs_added
    import_.pairs_known += added.pairs_known
    is_finished = not import_.batches.filter(done_at__isnull=True).exists()
    if is_finished:
        import_.state = ImportState.DONE
        import_.finished_at = timezone.now()
    import_.save(update_fields=["lines_done", "lines_failed", "pairs_added", "pairs_known", "state", "finished_at"])
    if is_finished:
        note_finished(import_.pk)
    return is_finished
