"""The life of a release: asked for, built, ready and never changed again; or failed, with a sentence that says why."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from annotator.choices import Event, ReleaseState
from annotator.errors import NotFound, Refusal
from annotator.events import note_event
from annotator.models import Campaign, Release, ReleaseFile, User
from annotator.releasing.card import write_card
from annotator.releasing.parquet import Written
from annotator.releasing.parts import write_part
from annotator.releasing.places import CARD, Workplace
from annotator.releasing.staging import Part, Report, Staged, stage
from annotator.scoring import score_campaign

logger = logging.getLogger(__name__)

BUILDING_LOCK = 0x5E1 << 48  # plus the release's id: a space of advisory locks of our own
PROGRESS_EVERY = 1.0  # seconds between two notes of the progress in the database
STAGED_SHARE = 0.3  # of the progress
UNFINISHED = (ReleaseState.QUEUED, ReleaseState.BUILDING)

# What goes wrong with the files and would go wrong again. A database that is away is no such thing: the release stays as it
# is, and is taken up again.
FAILURES = (Refusal, OSError, pa.ArrowException, BotoCoreError, ClientError)


class Stopped(Exception):
    """The release is not to be built any more."""


@transaction.atomic
def create_release(*, campaign: Campaign, by: User | None) -> Release:
    """The campaign's next release, queued. Whoever calls sends `build_release` to a worker."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once get two numbers
    last = campaign.releases.aggregate(last=Max("number"))["last"] or 0
    return Release.objects.create(campaign=campaign, number=last + 1, created_by=by)


def build_release(*, release_id: int, on_progress: Report | None = None) -> None:
    """Build a release, or go on building one whose builder was stopped. `on_progress` is told the share that is done.

    A release that is finished, or that somebody else is building at this moment, is left alone. Must not be called inside a
    transaction: progress is seen from outside, and only what is committed is released. Raises NotFound.
    """
    if connection.in_atomic_block:
        raise RuntimeError("build_release is called inside a transaction: it would release nothing of what that one wrote")
    with sole_builder(release_id) as is_mine:
        release = Release.objects.select_related("campaign").filter(pk=release_id).first()
        if release is None:
            raise NotFound("There is no such release.")
        if is_mine and release.state in UNFINISHED:
            _build(release, on_progress or (lambda share: None))


def is_being_built(release: Release) -> bool:
    """Whether some process is building it at this moment. Asks without taking the lock, so that no builder is turned away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32) | objid::bigint = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [BUILDING_LOCK + release.pk],
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def sole_builder(release_id: int) -> Iterator[bool]:
    """Hold the lock on building a release; False where another process has it.

    The lock belongs to the database session: it goes with its holder, however that one ends.
    """
    key = BUILDING_LOCK + release_id
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine and connection.is_usable():  # a session that broke has lost the lock already
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _build(release: Release, on_progress: Report) -> None:
    Release.objects.filter(pk=release.pk).update(state=ReleaseState.BUILDING, error="")
    workplace = Workplace(release)
    try:
        _make_ready(release, workplace, _files(release, workplace, _reporter(release, on_progress)))
    except Stopped:
        workplace.discard()
    except FAILURES as error:
        logger.warning("%s could not be built: %s", release, error, exc_info=None if isinstance(error, Refusal) else error)
        Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING).update(
            state=ReleaseState.FAILED, error=sentence(error), finished_at=timezone.now()
        )
        workplace.discard()
    else:
        workplace.clear()
        on_progress(1.0)


def _reporter(release: Release, on_progress: Report) -> Report:
    """Says how far the build has come: to the caller always, to the database now and then. Raises Stopped when somebody
    cancelled the release."""
    noted_at = 0.0

    def report(share: float) -> None:
        nonlocal noted_at
        on_progress(share)
        if time.monotonic() >= noted_at + PROGRESS_EVERY:
            noted_at = time.monotonic()
            if not Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING).update(progress=share):
                raise Stopped

    return report


def _files(release: Release, workplace: Workplace, report: Report) -> list[Written]:
    """Everything but the address: the files of the release, finished in the workplace."""
    report(0.0)
    staged = _staged(release, workplace, lambda share: report(STAGED_SHARE * share))
    shards = [*staged.votes, *_parts(staged.parts, workplace, lambda share: report(STAGED_SHARE + 0.69 * share))]
    card = _record(workplace, CARD, partial(write_card, facts=staged.facts, shards=shards))
    report(0.99)
    return [card, *shards]


def _staged(release: Release, workplace: Workplace, report: Report) -> Staged:
    """What was read of the database; from the workplace, if a builder before this one got that far."""
    snapshot_file = workplace.folder / "snapshot.json"
    if snapshot_file.exists():
        return Staged.load(snapshot_file)
    workplace.clear()
    workplace.require_free()
    workplace.files.mkdir(parents=True)
    score_campaign(campaign=release.campaign)  # so that the campaign's page says what the release says
    staged = stage(release.campaign, rows_folder=workplace.rows, files_folder=workplace.files, report=report)
    for file in staged.votes:
        workplace.keep(file.path)
    staged.save(snapshot_file)
    return staged


def _parts(parts: list[Part], workplace: Workplace, report: Report) -> Iterator[Written]:
    total = sum(part.num_bytes for part in parts) or 1
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        report(min(1.0, done / total))

    for part in parts:
        before = done
        yield _record(
            workplace,
            part.path,
            partial(write_part, part, rows_folder=workplace.rows, on_bytes=on_bytes),
        )
        done = before
        on_bytes(part.num_bytes)


def _record(workplace: Workplace, path: str, write: Callable[[Path], Written]) -> Written:
    """Write a file of the release, unless a builder before this one did and left a note of it."""
    note = workplace.notes / f"{path.replace('/', '-')}.json"
    if note.exists() and (workplace.is_published() or workplace.has(path)):
        return Written(**json.loads(note.read_text()))
    written = write(workplace.files / path)
    if path != CARD:  # it goes last
        workplace.keep(path)
    note.parent.mkdir(exist_ok=True)
    unfinished = note.with_suffix(".partial")
    unfinished.write_text(json.dumps(dataclasses.asdict(written)))
    os.replace(unfinished, note)
    return written


def _make_ready(release: Release, workplace: Workplace, files: list[Written]) -> None:
    """Bring the files to their address and say so. From here on the release never changes."""
    with transaction.atomic():
        locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
        if locked.state != ReleaseState.BUILDING:
            raise Stopped
        if not workplace.is_published():
            workplace.publish(file.path for file in files)
        ReleaseFile.objects.bulk_create(
            ReleaseFile(release=release, path=file.path, size=file.size, sha256=file.sha256) for file in files
        )
        locked.revision = revision_of(files)
        locked.state = ReleaseState.READY
        locked.progress = 1.0
        locked.finished_at = timezone.now()
        locked.save(update_fields=["revision", "state", "progress", "finished_at"])
        about = {"release": locked.number, "revision": locked.revision}
        note_event(campaign=release.campaign, event=Event.RELEASE_READY, data=about)


def revision_of(files: Iterable[Written]) -> str:
    """40 hex digits that name the content: the sha1 of a line `path sha256` per file, sorted by path."""
    lines = sorted(f"{file.path} {file.sha256}\n" for file in files)
    return hashlib.sha1("".join(lines).encode(), usedforsecurity=False).hexdigest()


def sentence(error: BaseException) -> str:
    """What went wrong, for a manager."""
    if isinstance(error, Refusal):
        return error.detail
    if isinstance(error, OSError) and error.strerror:
        return f"The files could not be written: {error.strerror.lower()}."
    if isinstance(error, OSError | BotoCoreError | ClientError):
        return "Storage could not be read or written. The workers' log says more."
    return "The rows could not be written as parquet. The workers' log says more."
