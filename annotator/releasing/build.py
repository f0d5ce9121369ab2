"""The life of a release: asked for, built, ready and never changed again; or failed or cancelled, with a word why.

It is built in steps that any worker can take, and take again: `stage_release` reads the campaign and plans the shards,
`write_shard` writes one, `finish_release` adds the card and brings all of it to its address. What is to be done is in the
tables (ReleaseShard), what was read is in storage. So the steps are a chord without a callback to lose: a broker that is wiped
and a worker that is killed take nothing along, and the beat finds what stands still (`stalled_releases`).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotator.choices import UNFINISHED_RELEASES, Event, ReleaseState
from annotator.errors import Conflict, DomainError, NotFound
from annotator.feeds.outbox import enqueue_event
from annotator.lib.advisory_locks import Space, held, sole_holder
from annotator.models import Campaign, Release, ReleaseFile, ReleaseShard, User
from annotator.releasing.card.readme import write_card
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.shards import write_part
from annotator.releasing.dataset.stage import ProgressCallback, Staged, stage
from annotator.releasing.release_storage import SNAPSHOT, BuildArea, build_area_of, read_released
from annotator.scoring.consensus_writer import score_campaign

logger = logging.getLogger(__name__)

PROGRESS_EVERY = 1.0  # seconds between two notes of the progress in the database
STAGED_SHARE = 0.3  # of the progress
WRITTEN_SHARE = 0.99
ERRORS_MAX = 3  # of the same step, before an error of ours is taken for one that will not go away
TRIES_MAX = 5  # of the same step, before its workers are taken to be stopped by what they do

# What goes wrong with the files and would go wrong again.
FAILURES = (DomainError, OSError, pa.ArrowException, BotoCoreError, ClientError)
# A database that is away is no failure: the release stays as it is, and is taken up again.
AWAY = (OperationalError, InterfaceError)


class Stopped(Exception):
    """The release is not to be built any more."""


# --- asked for, cancelled, looked after


@transaction.atomic
def create_release(*, campaign: Campaign, by: User | None) -> Release:
    """The campaign's next release, queued. Whoever calls sends `build_release` to a worker."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once get two numbers
    last = campaign.releases.aggregate(last=Max("number"))["last"] or 0
    return Release.objects.create(campaign=campaign, number=last + 1, created_by=by)


@transaction.atomic
def cancel_release(*, release: Release, by: User | None, now: datetime | None = None) -> Release:
    """Stop building it. Those who are at it notice within seconds. Raises Conflict for one that is over."""
    locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
    if locked.state not in UNFINISHED_RELEASES:
        words = f"Release {locked.number} is {locked.get_state_display().lower()}: it can no longer be cancelled."
        raise Conflict(words, code="release_over")
    locked.state, locked.cancelled_by, locked.finished_at = ReleaseState.CANCELLED, by, now or timezone.now()
    locked.error = ""
    locked.save(update_fields=["state", "cancelled_by", "finished_at", "error"])
    return locked


def stalled_releases(*, quiet_since: datetime) -> list[Release]:
    """Those that are not finished and of which nothing was heard since: their worker died, or the broker forgot them."""
    heard_at = Coalesce("heard_at", "created_at")
    return list(Release.objects.filter(state__in=UNFINISHED_RELEASES).alias(at=heard_at).filter(at__lt=quiet_since))


def left_behind() -> list[Release]:
    """Those that are over, and of whose building something may still lie about."""
    return list(Release.objects.filter(has_leftovers=True).exclude(state__in=UNFINISHED_RELEASES))


def clear_release(*, release_id: int) -> None:
    """Remove what was only needed for building a release that is over. Somebody who is still at it is waited for: the beat
    asks again."""
    with sole_builder(release_id) as is_mine:
        release = Release.objects.get(pk=release_id)
        if not is_mine or not release.has_leftovers or release.state in UNFINISHED_RELEASES or busy_shards(release):
            return
        build_area = build_area_of(release)
        if release.state == ReleaseState.READY:
            build_area.clear()
        else:
            build_area.discard()
        Release.objects.filter(pk=release_id).update(has_leftovers=False)


# --- who is at it


def is_being_built(release: Release) -> bool:
    """Whether some process is building it, or a shard of it, at this moment. Takes no lock, so that no builder is turned away."""
    return bool(held(Space.RELEASE, [release.pk])) or bool(busy_shards(release))


def busy_shards(release: Release) -> set[int]:
    """The shards that somebody is writing at this moment."""
    return held(Space.SHARD, release.shards.filter(finished_at__isnull=True).values_list("pk", flat=True))


def sole_builder(release_id: int) -> AbstractContextManager[bool]:
    return sole_holder(Space.RELEASE, release_id)


# --- the whole of it, in this process


def build_release(*, release_id: int, on_progress: ProgressCallback | None = None) -> None:
    """Build a release, or go on building one whose builders were stopped. `on_progress` is told the share that is done.

    A release that is finished, or that somebody else is building at this moment, is left alone. Must not be called inside a
    transaction: progress is seen from outside, and only what is committed is released. Raises NotFound.
    """
    with sole_builder(release_id) as is_mine:
        if is_mine:
            for shard_id in stage_release(release_id=release_id, on_progress=on_progress):
                write_shard(shard_id=shard_id, on_progress=on_progress)
            finish_release(release_id=release_id, on_progress=on_progress)


# --- step by step


def stage_release(*, release_id: int, on_progress: ProgressCallback | None = None) -> list[int]:
    """Read what is to be released and plan its shards, unless that was done. Returns the shards that wait for somebody.

    Nothing waits where the release is over, or where somebody else is staging it. Raises NotFound.
    """
    _require_no_transaction()
    with sole_builder(release_id) as is_mine:
        release = _release(release_id)
        if not is_mine or release.state not in UNFINISHED_RELEASES:
            return []
        report = _reporter(release, on_progress)
        with _ending(release, "while reading votes and pairs") as step:
            Release.objects.filter(pk=release_id, state=ReleaseState.QUEUED).update(state=ReleaseState.BUILDING)
            report(0.0)
            if not release.shards.exists():
                step.begin()
                _stage(release, lambda share: report(STAGED_SHARE * share))
                step.end()
    if step.is_over:
        clear_release(release_id=release_id)
        return []
    waiting = release.shards.filter(finished_at__isnull=True).exclude(pk__in=busy_shards(release))
    return list(waiting.values_list("pk", flat=True))


def write_shard(*, shard_id: int, on_progress: ProgressCallback | None = None) -> int | None:
    """Write one shard, unless it is written or somebody is writing it. Returns its release if that one has all its shards
    now: whoever calls has it finished."""
    _require_no_transaction()
    shard = ReleaseShard.objects.select_related("release__campaign").get(pk=shard_id)
    release = shard.release
    with sole_holder(Space.SHARD, shard_id) as is_mine:
        shard.refresh_from_db(fields=["finished_at", "tries"])
        if not is_mine or release.state not in UNFINISHED_RELEASES or shard.finished_at is not None:
            return None
        with _ending(release, f"while writing {shard.path}", shard) as step:
            step.begin()
            _write(shard, on_progress)
    if step.is_over:
        clear_release(release_id=release.pk)
        return None
    return None if release.shards.filter(finished_at__isnull=True).exists() else release.pk


def finish_release(*, release_id: int, on_progress: ProgressCallback | None = None) -> None:
    """Add the card, bring the release to its address, and say that it is ready. Leaves a release alone that is over, misses
    shards, or is being finished. Raises NotFound."""
    _require_no_transaction()
    with sole_builder(release_id) as is_mine:
        release = _release(release_id)
        if not is_mine or release.state != ReleaseState.BUILDING or not release.shards.exists():
            return
        if release.shards.filter(finished_at__isnull=True).exists():
            return
        with _ending(release, "while writing its card") as step:
            step.begin()
            _reporter(release, on_progress)(WRITTEN_SHARE)
            _finish(release)
    clear_release(release_id=release_id)
    if not step.is_over and on_progress is not None:
        on_progress(1.0)


def _release(release_id: int) -> Release:
    release = Release.objects.select_related("campaign").filter(pk=release_id).first()
    if release is None:
        raise NotFound("This release does not exist.")
    return release


def _require_no_transaction() -> None:
    if connection.in_atomic_block:
        raise RuntimeError("build_release was called inside a transaction, whose changes the release would not contain")


# --- what each step does


def _stage(release: Release, report: ProgressCallback) -> None:
    build_area = build_area_of(release)
    if not build_area.is_staged():
        Release.objects.filter(pk=release.pk).update(has_leftovers=True)
        build_area.require_free()
        score_campaign(campaign=release.campaign)  # so that the campaign's page says what the release says
        with build_area.scratch() as scratch:
            rows, files = scratch / "rows", scratch / "files"
            staged = stage(release.campaign, rows_folder=rows, files_folder=files, report=report)
            for file in staged.finished:
                build_area.keep(files, file.path)
            staged.save(scratch / SNAPSHOT)
            build_area.keep_staged(scratch, [*(f"rows/{part.rows_name}" for part in staged.parts), SNAPSHOT])
    staged = _staged(release, build_area)
    now = timezone.now()
    written = [
        ReleaseShard(
            release=release,
            path=file.path,
            finished_at=now,
            size=file.size,
            sha256=file.sha256,
            rows=file.rows,
            num_bytes=file.num_bytes,
        )
        for file in staged.finished
    ]
    waiting = [
        ReleaseShard(
            release=release,
            path=part.path,
            staged_as=f"rows/{part.rows_name}",
            row_groups=part.row_groups,
            image_bytes=part.num_bytes,
        )
        for part in staged.parts
    ]
    ReleaseShard.objects.bulk_create([*written, *waiting])


def _staged(release: Release, build_area: BuildArea) -> Staged:
    with build_area.scratch() as scratch:
        return Staged.load(build_area.staged(SNAPSHOT, scratch).read_bytes())


def _write(shard: ReleaseShard, on_progress: ProgressCallback | None) -> None:
    release, build_area = shard.release, build_area_of(shard.release)
    count = _counter(shard, on_progress)
    count(0)
    with build_area.scratch() as scratch:
        rows_file = build_area.staged(shard.staged_as, scratch)
        target = scratch / shard.path
        file = write_part(shard.path, target, rows_file=rows_file, row_groups=shard.row_groups, on_bytes=count)
        build_area.keep(scratch, shard.path)
    ReleaseShard.objects.filter(pk=shard.pk).update(
        finished_at=timezone.now(),
        bytes_done=F("image_bytes"),
        size=file.size,
        sha256=file.sha256,
        rows=file.rows,
        num_bytes=file.num_bytes,
    )
    _note(release, _share_written(release), on_progress)


def _finish(release: Release) -> None:
    """Bring the files to their address and say so. From there on the release never changes."""
    build_area = build_area_of(release)
    shards = [
        Written(path=shard.path, size=shard.size or 0, sha256=shard.sha256, rows=shard.rows or 0, num_bytes=shard.num_bytes or 0)
        for shard in release.shards.order_by("path")
    ]
    with build_area.scratch() as scratch:
        own = write_card(scratch, facts=_staged(release, build_area).facts, shards=shards)
        with transaction.atomic():
            locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
            if locked.state != ReleaseState.BUILDING:
                raise Stopped
            if not build_area.is_published():
                build_area.publish(scratch, own, [*own, *(file.path for file in shards)])
            files = [*shards, *(described(release, path) for path in own)]
            ReleaseFile.objects.bulk_create(
                ReleaseFile(release=release, path=file.path, size=file.size, sha256=file.sha256) for file in files
            )
            locked.revision = revision_of(files)
            locked.state, locked.progress, locked.error = ReleaseState.READY, 1.0, ""
            locked.finished_at = timezone.now()
            locked.save(update_fields=["revision", "state", "progress", "error", "finished_at"])
            about = {"release": locked.number, "revision": locked.revision}
            enqueue_event(campaign=release.campaign, event=Event.RELEASE_READY, data=about)


def described(release: Release, path: str) -> Written:
    """A small file as it is at the address: the words of a builder that was stopped may be there, from another version."""
    data = read_released(release, path)
    return Written(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def revision_of(files: Iterable[Written]) -> str:
    """40 hex digits that name the content: the sha1 of a line `path sha256` per file, sorted by path."""
    lines = sorted(f"{file.path} {file.sha256}\n" for file in files)
    return hashlib.sha1("".join(lines).encode(), usedforsecurity=False).hexdigest()


# --- how far it is


def _note(release: Release, share: float, on_progress: ProgressCallback | None) -> None:
    """Raises Stopped when somebody cancelled the release."""
    if on_progress is not None:
        on_progress(share)
    of_it = Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING)
    if not of_it.update(progress=share, heard_at=timezone.now()):
        raise Stopped


def _reporter(release: Release, on_progress: ProgressCallback | None) -> ProgressCallback:
    """Says how far the build has come: to the caller always, to the database now and then."""
    noted_at = 0.0

    def report(share: float) -> None:
        nonlocal noted_at
        if time.monotonic() >= noted_at + PROGRESS_EVERY:
            noted_at = time.monotonic()
            _note(release, share, on_progress)
        elif on_progress is not None:
            on_progress(share)

    return report


def _counter(shard: ReleaseShard, on_progress: ProgressCallback | None) -> Callable[[int], None]:
    """Takes how many bytes of images went in, and reports the share of the whole release."""
    others, total = _bytes_written(shard.release, but=shard.pk)
    done = 0
    report = _reporter(shard.release, on_progress)

    def count(more: int) -> None:
        nonlocal done
        done = min(done + more, shard.image_bytes)
        ReleaseShard.objects.filter(pk=shard.pk).update(bytes_done=done)
        report(_share(others + done, total))

    return count


def _share_written(release: Release) -> float:
    return _share(*_bytes_written(release))


def _bytes_written(release: Release, but: int | None = None) -> tuple[int, int]:
    """Of images: those that went in, without one shard's, and all."""
    sums = release.shards.aggregate(done=Sum("bytes_done", filter=~Q(pk=but)), total=Sum("image_bytes"))
    return sums["done"] or 0, sums["total"] or 0


def _share(done: int, total: int) -> float:
    return STAGED_SHARE + (WRITTEN_SHARE - STAGED_SHARE) * min(1.0, done / total if total else 1.0)


# --- how it can end


class Step:
    """One step of a build, begun so many times. `is_over` says that the release came to its end in it."""

    def __init__(self, release: Release, doing: str, shard: ReleaseShard | None) -> None:
        self.release = release
        self.doing = doing
        self.rows: QuerySet[Release] | QuerySet[ReleaseShard] = (
            Release.objects.filter(pk=release.pk) if shard is None else ReleaseShard.objects.filter(pk=shard.pk)
        )
        self.is_over = False

    def begin(self) -> None:
        """Counted before it begins: somebody who is killed counts nothing any more."""
        if self.tries >= TRIES_MAX:
            raise Conflict(
                f"Its worker stopped {self.tries} times {self.doing}, perhaps because memory ran out. See the workers' log and"
                " the system log.",
                code="stopped_too_often",
            )
        self.rows.update(tries=F("tries") + 1)

    def end(self) -> None:
        self.rows.update(tries=0)

    @property
    def tries(self) -> int:
        return self.rows.values_list("tries", flat=True).get()


@contextmanager
def _ending(release: Release, doing: str, shard: ReleaseShard | None = None) -> Iterator[Step]:
    """Turns what ends a step into the end of the release; an error that may go away is raised on, and counted."""
    step = Step(release, doing, shard)
    try:
        yield step
    except Stopped:
        step.is_over = True
    except FAILURES as error:
        logger.warning("%s could not be built: %s", release, error, exc_info=None if isinstance(error, DomainError) else error)
        _fail(release, sentence(error))
        step.is_over = True
    except AWAY:
        raise
    except Exception as error:  # ours, or a limit of the worker's: the second try may do better, the fourth will not
        words = f"Error {doing}: {type(error).__name__}: {error}".rstrip(". ")
        if step.tries < ERRORS_MAX:
            Release.objects.filter(pk=release.pk).update(error=f"{words}. Retrying.")
            raise
        logger.exception("%s could not be built", release)
        _fail(release, f"{words}. Stopped after {step.tries} attempts. See the workers' log.")
        step.is_over = True


def _fail(release: Release, error: str) -> None:
    Release.objects.filter(pk=release.pk, state__in=UNFINISHED_RELEASES).update(
        state=ReleaseState.FAILED, error=error, finished_at=timezone.now()
    )


def sentence(error: BaseException) -> str:
    """What went wrong, for a manager."""
    if isinstance(error, DomainError):
        return error.detail
    if isinstance(error, OSError) and error.strerror:
        return f"The files could not be written: {error.strerror.lower()}."
    if isinstance(error, OSError | BotoCoreError | ClientError):
        return "Storage could not be read or written. See the workers' log."
    return "The rows could not be written as Parquet. See the workers' log."
