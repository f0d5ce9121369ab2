"""An import as a whole: created, given up, cancelled, cleared away; and where its files wait in storage.

Originals are staged in a folder of the import's own, so that it can be removed whole when the import is done.
"""

from __future__ import annotations

import re
from datetime import datetime

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from annotator.choices import UNFINISHED_IMPORTS, UNREAD_IMPORTS, Event, ImportState
from annotator.errors import Conflict, Invalid
from annotator.feeds.outbox import enqueue_event
from annotator.importing.images import display_folder, image_folder, new_display_id
from annotator.importing.parse_line import COLUMNS
from annotator.importing.receive_upload import quota_of
from annotator.lib import audit
from annotator.lib.advisory_locks import Space, held, sole_holder
from annotator.lib.storage import remove_folder
from annotator.models import Campaign, Image, Import, ImportBatch, User
from annotator.models.audit import AuditAction

FILE_NAME_LIMIT = 255
COLUMN_NAME_LIMIT = 200
GONE_IMPORTS = (ImportState.CANCELLED, ImportState.UNDONE)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Cancelled(Exception):
    """The import was cancelled while this worker was at it."""


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
        made = Import.objects.create(
            campaign=campaign,
            file_name=UNPRINTABLE.sub("�", file_name)[-FILE_NAME_LIMIT:],
            column_map=column_map or {},
            stored_name=stored_name,
            size=size,
            created_by=by,
        )
        audit.record(AuditAction.IMPORT_CREATED, by=by, campaign=campaign, target=made.file_name)
        return made


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


def fail_import(*, import_id: int, reason: str) -> None:
    """Give up an import that has not been read. Its staged originals go."""
    with transaction.atomic():
        failed = Import.objects.filter(pk=import_id, state__in=UNREAD_IMPORTS).update(
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


@transaction.atomic
def cancel_import(*, import_: Import, by: User | None, now: datetime | None = None) -> Import:
    """Import no further lines; pairs that were added stay. One that is cancelled already is left as it is.

    Workers that are at it notice within an image. The caller sends `clear_import` to a worker. Raises Conflict for one that
    is done or failed.
    """
    locked = Import.objects.select_for_update(no_key=True).get(pk=import_.pk)
    if locked.state == ImportState.CANCELLED:
        return locked
    if locked.state not in UNFINISHED_IMPORTS:
        words = f"This import is {locked.get_state_display().lower()}: it can no longer be cancelled."
        raise Conflict(words, code="import_over")
    locked.state, locked.cancelled_by, locked.finished_at = ImportState.CANCELLED, by, now or timezone.now()
    locked.has_leftovers = True
    locked.save(update_fields=["state", "cancelled_by", "finished_at", "has_leftovers"])
    note_finished(locked.pk)
    audit.record(AuditAction.IMPORT_CANCELLED, by=by, campaign=locked.campaign, target=locked.file_name)
    return locked


def imports_with_leftovers() -> list[int]:
    """The ids of cancelled and undone imports of which files may still lie about."""
    return list(Import.objects.filter(has_leftovers=True).values_list("pk", flat=True))


def clear_import(*, import_id: int) -> None:
    """Remove what a cancelled or undone import left: its upload, its originals, and images that are in no pair. A worker that
    is still at it is waited for: it calls this at its end, and the beat asks again."""
    import_ = Import.objects.filter(pk=import_id, state__in=GONE_IMPORTS, has_leftovers=True).first()
    if import_ is None:
        return
    pending = import_.batches.filter(done_at__isnull=True)
    if held(Space.IMPORT_FILE, [import_id]) or held(Space.IMPORT_BATCH, pending.values_list("pk", flat=True)):
        return
    for begun in pending.exclude(image_attempts={}).values_list("image_attempts", flat=True):
        for sha256 in begun:
            _remove_unless_used(sha256)
    remove_folder(staged_folder(import_id))
    if import_.stored_name:
        default_storage.delete(import_.stored_name)
    pending.delete()
    Import.objects.filter(pk=import_id).update(has_leftovers=False, stored_name="")


def image_lock_key(sha256: str) -> int:
    """In Space.IMAGE_FILES. Shared by who is about to refer to the image's files, alone by who removes them."""
    return int(sha256[:11], 16)


def _remove_unless_used(sha256: str) -> None:
    with sole_holder(Space.IMAGE_FILES, image_lock_key(sha256)) as is_mine:
        if is_mine and not Image.objects.filter(sha256=sha256).exists():
            remove_folder(image_folder(sha256))
            remove_folder(display_folder(new_display_id(sha256)))


def pending_batches(*, import_id: int) -> list[int]:
    """The batches of an import that nobody has finished, in their order."""
    pending = ImportBatch.objects.filter(batch_of=import_id, batch_of__state=ImportState.RUNNING, done_at__isnull=True)
    return list(pending.order_by("number").values_list("pk", flat=True))
