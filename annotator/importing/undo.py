"""Undo an import: remove the pairs that it made, while nobody has judged any of them.

The rows go in one transaction; the files of images that are in no other campaign go afterwards, by `lifecycle.clear_import`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pgtrigger
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from annotator.choices import UNDOABLE_IMPORTS, UNFINISHED_RELEASES, AssignmentState, ImportState
from annotator.errors import Conflict
from annotator.lib import audit
from annotator.lib.advisory_locks import Space, lock_until_commit
from annotator.models import (
    Adjudication,
    Assignment,
    Flag,
    GoldDecision,
    Import,
    ImportBatch,
    PairSeats,
    User,
    Vote,
)
from annotator.models.audit import AuditAction

IMAGES_PER_NOTE = 1000  # hashes in one row, of the images whose files are still to be removed


def may_be_undone(import_: Import) -> bool:
    """Whether a page offers it: a first look, without locks. `undo_import` decides."""
    if import_.state not in UNDOABLE_IMPORTS or not import_.pairs.exists():
        return False
    return not _obstacle(import_, timezone.now())


@transaction.atomic
def undo_import(*, import_: Import, by: User | None, now: datetime | None = None) -> Import:
    """Remove the pairs of an import, and the images, prompts and generators that nothing else has. Pairs that the campaign had
    before stay. One that is undone already is left as it is.

    The caller sends `clear_import` to a worker. Raises Conflict: `import_not_over` while it runs, `import_in_use` when its pairs
    have votes, or somebody is about to give one, or has decided something about them.
    """
    now = now or timezone.now()
    lock_until_commit(Space.IMPORTING, import_.campaign_id)
    locked = Import.objects.select_for_update(no_key=True).get(pk=import_.pk)
    if locked.state == ImportState.UNDONE:
        return locked
    if locked.state not in UNDOABLE_IMPORTS:
        raise Conflict(gettext("The import is not finished. Cancel it first, or wait until it is done."), code="import_not_over")
    # Whoever takes a seat locks the pair first, and whoever answers locks the seat: after both, nobody is at these pairs.
    seats = PairSeats.objects.filter(pair__imported_in=locked).order_by("pk").select_for_update(of=("self",))
    pairs = list(seats.values_list("pk", flat=True))
    list(Assignment.objects.filter(pair__imported_in=locked).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    if obstacle := _obstacle(locked, now):
        raise Conflict(obstacle, code="import_in_use")
    files = _remove_pairs(pairs)
    audit.record(AuditAction.IMPORT_UNDONE, by=by, campaign=locked.campaign, target=locked.file_name)
    number = locked.batches.order_by("-number").values_list("number", flat=True).first() or 0
    ImportBatch.objects.bulk_create(
        ImportBatch(
            batch_of=locked,
            number=number + place,
            lines=[],
            image_attempts=dict.fromkeys(files[start : start + IMAGES_PER_NOTE], 0),
        )
        for place, start in enumerate(range(0, len(files), IMAGES_PER_NOTE), start=1)
    )
    locked.state, locked.undone_by, locked.undone_at, locked.has_leftovers = ImportState.UNDONE, by, now, True
    locked.save(update_fields=["state", "undone_by", "undone_at", "has_leftovers"])
    return locked


def _obstacle(import_: Import, now: datetime) -> str:
    """Why the pairs have to stay, or "" when they need not."""
    of_pairs = Assignment.objects.filter(pair__imported_in=import_)
    votes = Vote.objects.filter(assignment__pair__imported_in=import_).aggregate(n=Count("assignment__pair", distinct=True))["n"]
    if votes:
        return ngettext(
            "%(votes)s pair of this import has votes. An import can be undone only while none of its pairs has any.",
            "%(votes)s pairs of this import have votes. An import can be undone only while none of its pairs has any.",
            votes,
        ) % {"votes": votes}
    on_screen = of_pairs.filter(state=AssignmentState.OPEN, shown_at__isnull=False, lease_expires_at__gt=now).count()
    if on_screen:
        return ngettext(
            "%(pairs)s pair of this import is on the screen of an annotator. Pause the campaign, and try again later.",
            "%(pairs)s pairs of this import are on the screens of annotators. Pause the campaign, and try again later.",
            on_screen,
        ) % {"pairs": on_screen}
    decided: tuple[Any, ...] = (
        Flag.objects.filter(assignment__in=of_pairs),
        GoldDecision.objects.filter(pair__imported_in=import_),
        Adjudication.objects.filter(pair__imported_in=import_),
    )
    if any(rows.exists() for rows in decided):
        return gettext("Pairs of this import were flagged or decided about. That record stays, and so do the pairs.")
    if import_.campaign.releases.filter(state__in=UNFINISHED_RELEASES).exists():
        return gettext("A release of the campaign is being built. Try again when it is finished.")
    return ""


def _remove_pairs(pairs: list[int]) -> list[str]:
    """Also what only they had. Returns the hashes of the images that are gone."""
    with connection.cursor() as cursor:
        with pgtrigger.ignore("annotator.Assignment:assignment_never_deleted"):
            for table in ("annotator_waiting_seat", "annotator_unscoredassignment"):
                cursor.execute(
                    f"DELETE FROM {table} USING annotator_assignment AS seat"  # noqa: S608 - fixed names
                    " WHERE seat.id = assignment_id AND seat.pair_id = ANY(%s)",
                    [pairs],
                )
            for table in ("annotator_assignment", "annotator_consensus"):
                cursor.execute(f"DELETE FROM {table} WHERE pair_id = ANY(%s)", [pairs])  # noqa: S608 - fixed names
        cursor.execute("DELETE FROM annotator_pair WHERE id = ANY(%s) RETURNING image_a_id, image_b_id", [pairs])
        images = sorted({image for two in cursor.fetchall() for image in two})
        cursor.execute("DELETE FROM annotator_pair_seats WHERE id = ANY(%s)", [pairs])
        cursor.execute(
            "DELETE FROM annotator_image AS image WHERE id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM annotator_pair WHERE image_a_id = image.id)"
            " AND NOT EXISTS (SELECT FROM annotator_pair WHERE image_b_id = image.id)"
            " RETURNING sha256, prompt_id, generator_id",
            [images],
        )
        gone = cursor.fetchall()
        cursor.execute(
            "DELETE FROM annotator_prompt AS prompt WHERE id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM annotator_image WHERE prompt_id = prompt.id)",
            [sorted({prompt for _, prompt, _ in gone})],
        )
        cursor.execute(
            "DELETE FROM annotator_generator AS generator WHERE id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM annotator_image WHERE generator_id = generator.id)",
            [sorted({generator for *_, generator in gone if generator is not None})],
        )
    return sorted({sha256 for sha256, _, _ in gone})
