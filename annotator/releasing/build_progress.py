"""How far a build has come: to its caller always, to the database now and then. And whether it is to go on."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db.models import Q, Sum
from django.utils import timezone

from annotator.choices import ReleaseState
from annotator.models import Release, ReleaseShard
from annotator.releasing.dataset.snapshot import ProgressCallback

PROGRESS_EVERY = 1.0  # seconds between two notes of the progress in the database
STAGED_SHARE = 0.3  # of the progress
WRITTEN_SHARE = 0.99


class Stopped(Exception):
    """The release is not to be built any more."""


def note(release: Release, share: float, on_progress: ProgressCallback | None) -> None:
    """Raises Stopped when somebody cancelled the release."""
    if on_progress is not None:
        on_progress(share)
    of_it = Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING)
    if not of_it.update(progress=share, heard_at=timezone.now()):
        raise Stopped


def reporter(release: Release, on_progress: ProgressCallback | None) -> ProgressCallback:
    """Says how far the build has come: to the caller always, to the database now and then."""
    noted_at = 0.0

    def report(share: float) -> None:
        nonlocal noted_at
        if time.monotonic() >= noted_at + PROGRESS_EVERY:
            noted_at = time.monotonic()
            note(release, share, on_progress)
        elif on_progress is not None:
            on_progress(share)

    return report


def counter(shard: ReleaseShard, on_progress: ProgressCallback | None) -> Callable[[int], None]:
    """Takes how many bytes of images went in, and reports the share of the whole release."""
    others, total = _bytes_written(shard.release, but=shard.pk)
    done = 0
    report = reporter(shard.release, on_progress)

    def count(more: int) -> None:
        nonlocal done
        done = min(done + more, shard.image_bytes)
        ReleaseShard.objects.filter(pk=shard.pk).update(bytes_done=done)
        report(_share(others + done, total))

    return count


def share_written(release: Release) -> float:
    return _share(*_bytes_written(release))


def _bytes_written(release: Release, but: int | None = None) -> tuple[int, int]:
    """Of images: those that went in, without one shard's, and all."""
    sums = release.shards.aggregate(done=Sum("bytes_done", filter=~Q(pk=but)), total=Sum("image_bytes"))
    return sums["done"] or 0, sums["total"] or 0


def _share(done: int, total: int) -> float:
    return STAGED_SHARE + (WRITTEN_SHARE - STAGED_SHARE) * min(1.0, done / total if total else 1.0)
