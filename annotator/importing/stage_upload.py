"""An import from its file to batches: every line is checked, every original is put into storage, workers do the rest.

Originals are staged in a folder of the import's own, so that it can be removed whole when the import is done.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from annotator.choices import Choice, Event, ImportState
from annotator.errors import Conflict, Invalid
from annotator.feeds.outbox import enqueue_event
from annotator.importing.archives import Folder, UnpacksTooLarge
from annotator.importing.file_formats import ImportFile, open_import_file
from annotator.importing.images import MAX_BYTES
from annotator.importing.parse_line import COLUMNS, BadLine, LineImage, parse_line
from annotator.importing.receive_upload import quota_of
from annotator.lib.storage import put_file, remove_folder
from annotator.models import Campaign, Import, ImportBatch, LineError, User

LINES_PER_BATCH = 25
IMAGES_PER_BATCH = 100
MAX_RECORDED_ERRORS = 10_000  # of the reading; all are counted
REMEMBERED_PATHS = 50_000
FILE_NAME_LIMIT = 255
COLUMN_NAME_LIMIT = 200
UNREADY = (ImportState.QUEUED, ImportState.READING)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Progress = Callable[[float, int], None]  # the fraction of the file that was read, and the lines so far


def staged_folder(import_id: int) -> str:
    return f"uploads/{import_id}"


def staged_name(import_id: int, sha256: str) -> str:
    """Where an original waits in storage for the worker that ingests it."""
    return f"{staged_folder(import_id)}/{sha256[:2]}/{sha256}"


def create_import(
    *,
    campaign: Campaign,
    file_name: str,
    by: User | None,
    column_map: dict[str, str] | None = None,
    stored_name: str = "",
    size: int = 0,
) -> Import:
    """An import that waits for its file to be read. `stored_name` is where the upload is in storage, and `size` its bytes.

    Raises Invalid when `column_map` names columns that are not ours, and TooLarge when other uploads took the room meanwhile.
    """
    check_column_map(column_map or {})
    with transaction.atomic():
        if size:
            Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # of two at once, the second counts the first
            quota_of(campaign).require_room(size)
        return Import.objects.create(
            campaign=campaign,
            file_name=UNPRINTABLE.sub("�", file_name)[-FILE_NAME_LIMIT:],
            column_map=column_map or {},
            stored_name=stored_name,
            size=size,
            created_by=by,
        )


def check_column_map(column_map: dict[str, str]) -> None:
    """Raises Invalid unless the map is from our columns to names that a file can have."""
    for ours, theirs in column_map.items():
        if ours not in COLUMNS:
            reason = f"{ours!r} is not a Diptych column. The columns are: {', '.join(COLUMNS)}."
        elif not isinstance(theirs, str) or not theirs or len(theirs) > COLUMN_NAME_LIMIT or UNPRINTABLE.search(theirs):
            reason = f"The column name for {ours} is empty or not valid."
        else:
            continue
        raise Invalid(reason, errors={"column_map": [reason]})


def stage_file(*, import_: Import, path: Path, root: Path | None, on_progress: Progress | None = None) -> None:
    """Read a JSONL, CSV, parquet or ZIP file into batches; the import is then running, or done if no line was good.

    `root` is the folder that image paths start from; None refuses paths, as an upload that is no ZIP must.
    Nothing is left of an attempt that was cut off, and a second attempt begins anew. An import that was read already is left
    as it is. Raises Invalid, and marks the import failed, when the file as a whole cannot be read; Conflict while another
    process reads it.
    """
    Import.objects.filter(pk=import_.pk, state=ImportState.QUEUED).update(state=ImportState.READING)
    try:
        with transaction.atomic():
            if _lock_unready(import_.pk) is not None:
                with open_import_file(path, name=import_.file_name, column_map=import_.column_map, root=root) as file:
                    _Staging(import_, file.folder).run(file, on_progress or (lambda fraction, lines: None))
    except Invalid as error:
        fail_import(import_id=import_.pk, reason=error.detail)
        raise
    finally:
        import_.refresh_from_db()


def _lock_unready(import_id: int) -> Import | None:
    """The import, locked, or None when it has been read meanwhile. Raises Conflict while another process has the lock."""
    unlocked = Import.objects.filter(pk=import_id, state__in=UNREADY)
    locked = unlocked.select_for_update(skip_locked=True).first()
    if locked is None and unlocked.exists():
        raise Conflict("This import is already being read.", code="being_read")
    return locked


def fail_import(*, import_id: int, reason: str) -> None:
    """Give up an import that has not been read. Its staged originals go."""
    with transaction.atomic():
        failed = Import.objects.filter(pk=import_id, state__in=UNREADY).update(
            state=ImportState.FAILED, error=reason, finished_at=timezone.now()
        )
        if failed:
            note_finished(import_id)
    if failed:
        remove_folder(staged_folder(import_id))


def note_finished(import_id: int) -> None:
    """For webhooks, in the transaction that ends the import."""
    import_ = Import.objects.select_related("campaign").get(pk=import_id)
    data = {
        "import": import_.pk,
        "file_name": import_.file_name,
        "state": import_.state,
        "error": import_.error,
        "lines_total": import_.lines_total,
        "lines_failed": import_.lines_failed,
        "pairs_added": import_.pairs_added,
        "pairs_known": import_.pairs_known,
    }
    enqueue_event(campaign=import_.campaign, event=Event.IMPORT_FINISHED, data=data)


def read_upload(*, import_id: int) -> list[int]:
    """Stage the stored upload of an import, and remove it. Returns the ids of the batches that are still to be ingested.

    Safe to run twice and at the same time. An import without an upload was being read from a file that only its own
    command knew: if nobody reads it any more, it is given up.
    """
    import_ = Import.objects.filter(pk=import_id).first()
    if import_ is None:
        return []
    stored_name = import_.stored_name
    try:
        if import_.state in UNREADY:
            if stored_name:
                _stage_stored(import_)
            else:
                _give_up_orphan(import_)
        pending = pending_batches(import_id=import_id)
    except Conflict:  # somebody else reads it
        return []
    except Invalid:  # it is marked failed, with the reason
        pending = []
    if stored_name:
        default_storage.delete(stored_name)
        Import.objects.filter(pk=import_id).update(stored_name="")
    return pending


def pending_batches(*, import_id: int) -> list[int]:
    """The batches of an import that nobody has finished, in their order."""
    return list(
        ImportBatch.objects.filter(batch_of=import_id, done_at__isnull=True).order_by("number").values_list("pk", flat=True)
    )


def _stage_stored(import_: Import) -> None:
    with tempfile.NamedTemporaryFile() as local:
        try:
            with default_storage.open(import_.stored_name, "rb") as stored:
                shutil.copyfileobj(stored, local)
        except FileNotFoundError as error:
            reason = "The uploaded file is missing. Upload it again."
            fail_import(import_id=import_.pk, reason=reason)
            raise Invalid(reason) from error
        local.flush()
        stage_file(import_=import_, path=Path(local.name), root=None)


def _give_up_orphan(import_: Import) -> None:
    with transaction.atomic():
        if _lock_unready(import_.pk) is not None:
            fail_import(import_id=import_.pk, reason="Reading the file was interrupted. Import it again.")


class _Staging:
    """One reading of a file: the lines on their way into batches, and what was counted."""

    def __init__(self, import_: Import, folder: Folder) -> None:
        self.import_ = import_
        self.folder = folder
        self.gold_choices = _gold_choices(import_.campaign)
        self.lines: list[dict[str, Any]] = []
        self.images_in_batch = 0
        self.batches = 0
        self.errors: list[LineError] = []
        self.lines_total = 0
        self.lines_failed = 0
        self.staged: set[str] = set()
        self.sha256_of_path: dict[str, str] = {}

    def run(self, file: ImportFile, on_progress: Progress) -> None:
        for row in file.rows:
            self.lines_total += 1
            try:
                if isinstance(row.value, BadLine):
                    raise row.value
                self._take(row.number, row.value)
            except BadLine as error:
                self._refuse(row.number, error)
            on_progress(row.fraction, self.lines_total)
        if not self.lines_total:
            raise Invalid("The file has no lines.")
        self._write_batch()
        LineError.objects.bulk_create(self.errors)
        is_done = not self.batches
        Import.objects.filter(pk=self.import_.pk).update(
            state=ImportState.DONE if is_done else ImportState.RUNNING,
            lines_total=self.lines_total,
            lines_done=self.lines_failed,
            lines_failed=self.lines_failed,
            finished_at=timezone.now() if is_done else None,
        )
        if is_done:
            note_finished(self.import_.pk)

    def _take(self, number: int, raw: dict[str, Any]) -> None:
        line = parse_line(raw, gold_choices=self.gold_choices)
        references = [self._reference(image) for image in line.images]
        seen: dict[str, str] = {}
        for image, reference in zip(line.images, references, strict=True):
            if twin := seen.get(reference.get("sha256", "")):
                raise BadLine(image.field, f"This is the same image as {twin}: the files have the same content.")
            if "sha256" in reference:
                seen[reference["sha256"]] = image.field
        if self.images_in_batch + len(line.images) > IMAGES_PER_BATCH:
            self._write_batch()
        self.lines.append({"number": number, "line": line.for_batch(references)})
        self.images_in_batch += len(line.images)
        if len(self.lines) == LINES_PER_BATCH:
            self._write_batch()

    def _reference(self, image: LineImage) -> dict[str, str]:
        """What the batch says of an image: its URL, or the sha256 under which its bytes are staged."""
        source = image.source
        if source.url:
            return {"url": source.url}
        if source.path and (known := self.sha256_of_path.get(source.path)):
            return {"sha256": known}
        data = source.data
        if source.path:
            try:
                data = self.folder.read(source.path)
            except UnpacksTooLarge:
                raise
            except Invalid as error:
                raise BadLine(image.field, error.detail) from error
        if not data:
            raise BadLine(image.field, "The image is an empty file.")
        if len(data) > MAX_BYTES:
            raise BadLine(image.field, f"The image is larger than {MAX_BYTES // 2**20} MB.")
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self.staged:
            put_file(staged_name(self.import_.pk, sha256), data)
            self.staged.add(sha256)
        if source.path and len(self.sha256_of_path) < REMEMBERED_PATHS:
            self.sha256_of_path[source.path] = sha256
        return {"sha256": sha256}

    def _refuse(self, number: int, error: BadLine) -> None:
        self.lines_failed += 1
        if self.lines_failed <= MAX_RECORDED_ERRORS:
            self.errors.append(line_error(self.import_.pk, number, error))

    def _write_batch(self) -> None:
        if self.lines:
            self.batches += 1
            ImportBatch.objects.create(batch_of=self.import_, number=self.batches, lines=self.lines)
        self.lines, self.images_in_batch = [], 0


def line_error(import_id: int, number: int, error: BadLine) -> LineError:
    return LineError(line_of_id=import_id, number=number, field=error.field[:64], message=error.message)


def _gold_choices(campaign: Campaign) -> list[str]:
    """The answers of the primary question, which a gold pair must have one of."""
    return campaign.questions.filter(position=0).values_list("choices", flat=True).first() or list(Choice.values)
