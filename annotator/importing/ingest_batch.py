"""A batch of an import, worked off: its images decoded, cleaned and stored, its lines turned into rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from annotator.choices import ImportState
from annotator.errors import Invalid
from annotator.importing.create_rows import ReadyLine, StoredImage, add_lines
from annotator.importing.fetch import fetch_image
from annotator.importing.images import ingest_image, is_stored, store_image
from annotator.importing.parse_line import BadLine
from annotator.importing.stage_upload import line_error, note_finished, staged_folder, staged_name
from annotator.lib.storage import put_file, read_file, remove_folder
from annotator.models import Image, Import, ImportBatch, LineError

FETCHES_AT_ONCE = 8
ATTEMPTS = 3

Reference = tuple[str, str]  # ("sha256", …) or ("url", …)


def ingest_batch(*, batch_id: int) -> None:
    """Ingest the images of a batch and add its lines; the last batch of an import finishes it.

    Safe to run twice and at the same time: what was done is found done. A bad image refuses its line alone. Decoding happens
    before the transaction, which then takes milliseconds.
    """
    batch = ImportBatch.objects.select_related("batch_of").filter(pk=batch_id).first()
    if batch is None:
        return
    if batch.batch_of.state == ImportState.DONE:  # by a worker that was perhaps killed before it had tidied up
        remove_folder(staged_folder(batch.batch_of_id))
    if batch.batch_of.state != ImportState.RUNNING or batch.done_at is not None:
        return
    ready, refused = _ready_lines(batch, _ingest_images(batch))
    is_finished = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            is_finished = _add_batch(batch, ready, refused)
            break
        except IntegrityError:  # somebody added one of the things by another way; next time it is found
            if attempt == ATTEMPTS:
                raise
    if is_finished:
        remove_folder(staged_folder(batch.batch_of_id))


def _ingest_images(batch: ImportBatch) -> dict[Reference, StoredImage | Invalid]:
    """Every image that the batch refers to, in storage, or why it is refused."""
    references = {_reference(image) for entry in batch.lines for image in entry["line"]["images"]}
    found: dict[Reference, StoredImage | Invalid] = {}
    files = {reference: reference[1] for reference in references if reference[0] == "sha256"}
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
            found[reference] = error
    known = _known_images(files.values())
    for reference, sha256 in files.items():
        try:
            if sha256 not in known:
                known[sha256] = _ingest_staged(batch.batch_of_id, sha256)
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
    known = {row[0]: StoredImage(*row) for row in rows.order_by(F("phash").asc(nulls_first=True))}
    return {sha256: image for sha256, image in known.items() if is_stored(sha256, image.format)}


def _ingest_staged(import_id: int, sha256: str) -> StoredImage:
    try:
        data = read_file(staged_name(import_id, sha256))
    except FileNotFoundError as error:
        raise Invalid("The image is no longer in storage. Import the file again.") from error
    image = ingest_image(data)
    store_image(image)
    return StoredImage(image.sha256, image.format, image.width, image.height, len(image.data), image.phash)


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


@transaction.atomic
def _add_batch(batch: ImportBatch, ready: list[ReadyLine], refused: dict[int, BadLine]) -> bool:
    """Write the rows, the errors, the counts and the batch's end, all or nothing. Returns whether the import is finished."""
    # The import's row before the batch's, in every batch: the last two to finish cannot miss each other.
    import_ = Import.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=batch.batch_of_id)
    if not ImportBatch.objects.filter(pk=batch.pk, done_at__isnull=True).update(done_at=timezone.now(), lines=[]):
        return False
    added = add_lines(campaign=import_.campaign, lines=ready)
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
