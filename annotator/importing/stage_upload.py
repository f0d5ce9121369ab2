"""An import from its file to batches: every line is checked, every original is put into storage, workers do the rest.

The file is decoded in a child process (`decoder`); here are the database and the storage.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import UNREAD_IMPORTS, Choice, ImportState
from annotator.errors import Conflict, Invalid
from annotator.importing.archives import UnpacksTooLarge
from annotator.importing.decoder import CheckedRow, ImportReader, open_apart
from annotator.importing.images import MAX_BYTES
from annotator.importing.lifecycle import Cancelled, clear_import, fail_import, note_finished, pending_batches, staged_name
from annotator.importing.parse_line import BadLine
from annotator.lib.advisory_locks import Space, sole_holder
from annotator.lib.attempts import ATTEMPTS_MAX, OutOfAttempts, attempt
from annotator.lib.limited_process import ChildDied
from annotator.lib.storage import put_file
from annotator.models import Campaign, Import, ImportBatch, LineError

LINES_PER_BATCH = 25
IMAGES_PER_BATCH = 100
MAX_RECORDED_ERRORS = 10_000  # of the reading; all are counted
REMEMBERED_PATHS = 50_000
LOOK_EVERY = 1.0  # seconds between two looks whether the import was cancelled
GIVEN_UP = (
    f"Reading the file was begun {ATTEMPTS_MAX} times and never ended: it failed, or the process that read it stopped, perhaps "
    "because memory ran out. See the workers' log."
)

Progress = Callable[[float, int], None]  # the fraction of the file that was read, and the lines so far


def stage_file(*, import_: Import, path: Path, root: Path | None, on_progress: Progress | None = None) -> None:
    """Read a JSONL, CSV, parquet or ZIP file into batches; the import is then running, or done if no line was good.

    `root` is the folder that image paths start from; None refuses paths, as an upload that is no ZIP must.
    Nothing is left of an attempt that was cut off, and the next one begins anew. An import that was read already, or is
    cancelled, is left as it is. Raises Invalid, and marks the import failed, when the file as a whole cannot be read or stopped
    its reader too often; Conflict while another process reads it. Must not be called inside a transaction.
    """
    with sole_holder(Space.IMPORT_FILE, import_.pk) as is_mine:
        if not is_mine:
            raise Conflict(gettext("This import is already being read."), code="being_read")
        try:
            while not _read(import_, path, root, on_progress or (lambda fraction, lines: None)):
                pass
        except OutOfAttempts as error:
            fail_import(import_id=import_.pk, reason=GIVEN_UP)
            raise Invalid(GIVEN_UP) from error
        except Invalid as error:
            fail_import(import_id=import_.pk, reason=error.detail)
            raise
        finally:
            import_.refresh_from_db()
    clear_import(import_id=import_.pk)  # if it was cancelled meanwhile


def _read(import_: Import, path: Path, root: Path | None, on_progress: Progress) -> bool:
    """One attempt at the file. Returns whether it ended; if not, the child died, and another may do better."""
    rows = Import.objects.filter(pk=import_.pk)
    if not rows.filter(state__in=UNREAD_IMPORTS).update(state=ImportState.READING):
        return True
    gold_choices = _gold_choices(import_.campaign)
    try:
        with (
            attempt(rows),
            transaction.atomic(),
            open_apart(
                path, name=import_.file_name, column_map=import_.column_map, root=root, gold_choices=gold_choices
            ) as reader,
        ):
            _Staging(import_, reader).run(on_progress)
    except Cancelled:
        return True
    except ChildDied:
        return False
    return True


def read_upload(*, import_id: int) -> list[int]:
    """Stage the stored upload of an import, and remove it. Returns the ids of the batches that are still to be ingested.

    Safe to run twice and at the same time. An import without an upload was being read from a file that only its own
    command knew: if nobody reads it any more, it is given up.
    """
    with sole_holder(Space.IMPORT_FILE, import_id) as is_mine:
        import_ = Import.objects.filter(pk=import_id).first()
        if not is_mine or import_ is None:
            return []
        stored_name = import_.stored_name
        try:
            if import_.state in UNREAD_IMPORTS:
                if stored_name:
                    _stage_stored(import_)
                else:
                    fail_import(import_id=import_id, reason="Reading the file was interrupted. Import it again.")
        except Invalid:  # it is marked failed, with the reason
            pass
        if stored_name:
            default_storage.delete(stored_name)
            Import.objects.filter(pk=import_id).update(stored_name="")
        return pending_batches(import_id=import_id)


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


class _Staging:
    """One reading of a file: the lines on their way into batches, and what was counted."""

    def __init__(self, import_: Import, reader: ImportReader) -> None:
        self.import_ = import_
        self.reader = reader
        self.lines: list[dict[str, Any]] = []
        self.images_in_batch = 0
        self.batches = 0
        self.errors: list[LineError] = []
        self.lines_total = 0
        self.lines_failed = 0
        self.staged: set[str] = set()
        self.sha256_of_path: dict[str, str] = {}
        self.looked_at = time.monotonic()

    def run(self, on_progress: Progress) -> None:
        """Raises Invalid, ChildDied, and Cancelled."""
        for row in self.reader.rows():
            self.lines_total += 1
            try:
                self._take(row)
            except BadLine as error:
                self._refuse(row.number, error)
            on_progress(row.fraction, self.lines_total)
            if time.monotonic() >= self.looked_at + LOOK_EVERY:
                self._require_wanted()
        if not self.lines_total:
            raise Invalid(gettext("The file has no lines."))
        self._write_batch()
        LineError.objects.bulk_create(self.errors)
        is_done = not self.batches
        is_wanted = Import.objects.filter(pk=self.import_.pk, state=ImportState.READING).update(
            state=ImportState.DONE if is_done else ImportState.RUNNING,
            lines_total=self.lines_total,
            lines_done=self.lines_failed,
            lines_failed=self.lines_failed,
            finished_at=timezone.now() if is_done else None,
        )
        if not is_wanted:
            raise Cancelled
        if is_done:
            note_finished(self.import_.pk)

    def _require_wanted(self) -> None:
        self.looked_at = time.monotonic()
        if not Import.objects.filter(pk=self.import_.pk, state=ImportState.READING).exists():
            raise Cancelled

    def _take(self, row: CheckedRow) -> None:
        if isinstance(row.line, BadLine):
            raise row.line
        images = row.line["images"]
        seen: dict[str, str] = {}
        for image in images:
            reference = self._reference(image, row.blobs)
            if twin := seen.get(reference.get("sha256", "")):
                raise BadLine(image["field"], f"This is the same image as {twin}: the files have the same content.")
            if "sha256" in reference:
                seen[reference["sha256"]] = image["field"]
            image |= reference
        if self.images_in_batch + len(images) > IMAGES_PER_BATCH:
            self._write_batch()
        self.lines.append({"number": row.number, "line": row.line})
        self.images_in_batch += len(images)
        if len(self.lines) == LINES_PER_BATCH:
            self._write_batch()

    def _reference(self, image: dict[str, Any], blobs: Sequence[bytes]) -> dict[str, str]:
        """What the batch says of an image: its URL, or the sha256 under which its bytes are staged."""
        if "url" in image:
            return {"url": image["url"]}
        path, blob = image.pop("path", ""), image.pop("blob", None)
        if path and (known := self.sha256_of_path.get(path)):
            return {"sha256": known}
        try:
            data = self.reader.read(path) if path else blobs[blob]
        except UnpacksTooLarge:
            raise
        except Invalid as error:
            raise BadLine(image["field"], error.detail) from error
        if not data:
            raise BadLine(image["field"], "The image is an empty file.")
        if len(data) > MAX_BYTES:
            raise BadLine(image["field"], f"The image is larger than {MAX_BYTES // 2**20} MB.")
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self.staged:
            put_file(staged_name(self.import_.pk, sha256), data)
            self.staged.add(sha256)
        if path and len(self.sha256_of_path) < REMEMBERED_PATHS:
            self.sha256_of_path[path] = sha256
        return {"sha256": sha256}

    def _refuse(self, number: int, error: BadLine) -> None:
        self.lines_failed += 1
        if self.lines_failed <= MAX_RECORDED_ERRORS:
            self.errors.append(line_error(self.import_.pk, number, error))

    def _write_batch(self) -> None:
        if self.lines:
            self._require_wanted()
            self.batches += 1
            ImportBatch.objects.create(batch_of=self.import_, number=self.batches, lines=self.lines)
        self.lines, self.images_in_batch = [], 0


def line_error(import_id: int, number: int, error: BadLine) -> LineError:
    return LineError(line_of_id=import_id, number=number, field=error.field[:64], message=error.message)


def _gold_choices(campaign: Campaign) -> list[str]:
    """The answers of the primary question, which a gold pair must have one of."""
    return campaign.questions.filter(position=0).values_list("choices", flat=True).first() or list(Choice.values)
