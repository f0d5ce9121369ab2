"""The life of a release: asked for, built, ready and never changed again; or failed or cancelled, with a word why.

It is built in steps that any worker can take, and take again: `stage_release` reads the campaign and plans the shards,
`write_shard` writes one, `finish_release` adds the card and brings all of it to its address. What is to be done is in the
tables (ReleaseShard), what was read is in storage. So the steps are a chord without a callback to lose: a broker that is wiped
and a worker that is killed take nothing along, and the beat finds what stands still (`stalled_releases`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import UNFINISHED_RELEASES, Event, ReleaseState
from annotator.errors import NotFound
from annotator.feeds.outbox import enqueue_event
from annotator.lib.advisory_locks import Space, sole_holder
from annotator.models import Release, ReleaseAnnotator, ReleaseFile, ReleaseShard
from annotator.quality.annotator_metrics import measure_campaign
from annotator.releasing.build_progress import STAGED_SHARE, WRITTEN_SHARE, Stopped, counter, note, reporter, share_written
from annotator.releasing.build_steps import ending
from annotator.releasing.card.readme import load_charts, write_card
from annotator.releasing.dataset.compact import IMAGES
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.dataset.shards import write_part
from annotator.releasing.dataset.snapshot import ProgressCallback
from annotator.releasing.dataset.splits import Cut
from annotator.releasing.lifecycle import busy_shards, clear_release, sole_builder
from annotator.releasing.release_storage import SNAPSHOT, BuildArea, build_area_of, read_released
from annotator.releasing.sharing import known_images, note_written, record_images, stored_twin
from annotator.releasing.stage import Staged, stage
from annotator.scoring.consensus_writer import score_at_once

# --- the whole of it, in this process


def build_release(*, release_id: int, on_progress: ProgressCallback | None = None) -> None:
    """Build a release, or go on building one whose builders were stopped. `on_progress` is told the share that is done.

    A release that is finished, or that somebody else is building at this moment, is left alone. Must not be called inside a
    transaction: progress is seen from outside, and only what is committed is released. Raises NotFound.
    """
    with sole_builder(release_id) as is_mine:
        if is_mine:
            waiting = stage_release(release_id=release_id, on_progress=on_progress)
            with ThreadPoolExecutor(max_workers=1) as beside:
                beside.submit(load_charts)
                for shard_id in waiting:
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
        report = reporter(release, on_progress)
        with ending(release, "while reading votes and pairs") as step:
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
        with ending(release, f"while writing {shard.path}", shard) as step:
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
        with ending(release, "while writing its card") as step:
            step.begin()
            reporter(release, on_progress)(WRITTEN_SHARE)
            _finish(release)
    clear_release(release_id=release_id)
    if not step.is_over and on_progress is not None:
        on_progress(1.0)


def _release(release_id: int) -> Release:
    release = Release.objects.select_related("campaign").filter(pk=release_id).first()
    if release is None:
        raise NotFound(gettext("This release does not exist."))
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
        # So that the campaign's pages say what the release says.
        score_at_once(campaign=release.campaign)
        measure_campaign(campaign=release.campaign, now=timezone.now())
        with build_area.scratch() as scratch:
            rows, files = scratch / "rows", scratch / "files"
            staged = stage(
                release.campaign,
                rows_folder=rows,
                files_folder=files,
                report=report,
                configs=release.configs,
                cut=Cut(release.shard_bytes, release.shard_count),
                known_images=known_images(release.campaign) if IMAGES.config in release.configs else (),
            )
            for file in staged.finished:
                if twin := staged.stored_as.get(file.path):
                    staged.stored_as[file.path] = build_area.share(twin, file.path)
                else:
                    staged.stored_as[file.path] = _keep(release, build_area, files, file)
            staged.save(scratch / SNAPSHOT)
            build_area.keep_staged(scratch, [*(f"rows/{part.rows_name}" for part in staged.shard_plans), SNAPSHOT])
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
            stored_as=staged.stored_as.get(file.path, ""),
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
        for part in staged.shard_plans
    ]
    ReleaseShard.objects.bulk_create([*written, *waiting])


def _staged(release: Release, build_area: BuildArea) -> Staged:
    with build_area.scratch() as scratch:
        return Staged.load(build_area.staged(SNAPSHOT, scratch).read_bytes())


def _write(shard: ReleaseShard, on_progress: ProgressCallback | None) -> None:
    release, build_area = shard.release, build_area_of(shard.release)
    count = counter(shard, on_progress)
    count(0)
    with build_area.scratch() as scratch:
        rows_file = build_area.staged(shard.staged_as, scratch)
        target = scratch / shard.path
        file = write_part(shard.path, target, rows_file=rows_file, row_groups=shard.row_groups, on_bytes=count)
        stored_as = _keep(release, build_area, scratch, file)
    note_written(shard, file, stored_as)
    note(release, share_written(release), on_progress)


def _keep(release: Release, build_area: BuildArea, folder: Path, file: Written) -> str:
    """Keep a finished file, or the file of an earlier release that has the same bytes. Returns its name there, in a bucket."""
    twin = stored_twin(release.campaign, file.sha256, file.size)
    if twin:
        return build_area.share(twin, file.path)
    build_area.keep(folder, file.path)
    return ""


def _finish(release: Release) -> None:
    """Bring the files to their address and say so. From there on the release never changes."""
    build_area = build_area_of(release)
    shards = [
        Written(path=shard.path, size=shard.size or 0, sha256=shard.sha256, rows=shard.rows or 0, num_bytes=shard.num_bytes or 0)
        for shard in release.shards.order_by("path")
    ]
    stored_as = dict(release.shards.exclude(stored_as="").values_list("path", "stored_as"))
    with build_area.scratch() as scratch:
        staged = _staged(release, build_area)
        own = write_card(scratch, facts=staged.facts, shards=shards)
        with transaction.atomic():
            locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
            if locked.state != ReleaseState.BUILDING:
                raise Stopped
            if not build_area.is_published():
                build_area.publish(scratch, own, [*own, *(file.path for file in shards)])
            files = [*shards, *(described(release, path) for path in own)]
            ReleaseFile.objects.bulk_create(
                ReleaseFile(
                    release=release, path=file.path, size=file.size, sha256=file.sha256, stored_as=stored_as.get(file.path, "")
                )
                for file in files
            )
            record_images(release, build_area)
            ReleaseAnnotator.objects.bulk_create(ReleaseAnnotator(release=release, member_id=pk) for pk in staged.annotators)
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
