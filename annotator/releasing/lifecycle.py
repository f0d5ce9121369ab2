"""Releases that are asked for, cancelled, looked after and cleared away; and who is building one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import RELEASE_CONFIGS, UNFINISHED_RELEASES, ReleaseState
from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.lib.advisory_locks import Space, held, sole_holder
from annotator.models import Campaign, Release, ReleaseShard, User
from annotator.models.audit import AuditAction
from annotator.releasing.release_storage import build_area_of
from annotator.releasing.yanked_files import remove_files

SHARD_BYTES_MIN, SHARD_BYTES_MAX = 1_000_000, 5_000_000_000
SHARD_COUNT_MAX = 10_000


@transaction.atomic
def create_release(
    *,
    campaign: Campaign,
    by: User | None,
    configs: Sequence[str] = (),
    shard_bytes: int | None = None,
    shard_count: int | None = None,
) -> Release:
    """The campaign's next release, queued. The caller sends `build_release` to a worker.

    `configs` are what is in it besides the votes and leaderboards; none: the usual ones. A file holds about `shard_bytes`, or
    each split of a config is cut into `shard_count` files. Raises Invalid, naming the fields.
    """
    _require_buildable(configs, shard_bytes, shard_count)
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two at once get two numbers
    last = campaign.releases.aggregate(last=Max("number"))["last"] or 0
    audit.record(AuditAction.RELEASE_CREATED, by=by, campaign=campaign, target=f"release {last + 1}")
    return Release.objects.create(
        campaign=campaign,
        number=last + 1,
        created_by=by,
        configs=[name for name in RELEASE_CONFIGS if name in configs],
        shard_bytes=shard_bytes,
        shard_count=shard_count,
    )


def _require_buildable(configs: Sequence[str], shard_bytes: int | None, shard_count: int | None) -> None:
    errors: dict[str, list[str]] = {}
    if unknown := sorted({*configs} - {*RELEASE_CONFIGS}):
        words = gettext("Unknown: %(unknown)s. Choose from %(known)s.")
        errors["configs"] = [words % {"unknown": ", ".join(unknown), "known": ", ".join(RELEASE_CONFIGS)}]
    if shard_bytes is not None and not SHARD_BYTES_MIN <= shard_bytes <= SHARD_BYTES_MAX:
        words = gettext("Use %(least)s to %(most)s bytes.")
        errors["shard_bytes"] = [words % {"least": f"{SHARD_BYTES_MIN:,}", "most": f"{SHARD_BYTES_MAX:,}"}]
    if shard_count is not None and not 1 <= shard_count <= SHARD_COUNT_MAX:
        errors["shard_count"] = [gettext("Use 1 to %(most)s files.") % {"most": f"{SHARD_COUNT_MAX:,}"}]
    if shard_bytes is not None and shard_count is not None:
        errors["shard_count"] = [gettext("Say how large the files are, or how many, not both.")]
    if errors:
        raise Invalid(gettext("Some values are not valid."), errors=errors)


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
    audit.record(AuditAction.RELEASE_CANCELLED, by=by, campaign=locked.campaign, target=f"release {locked.number}")
    return locked


@transaction.atomic
def build_anew() -> int:
    """Have all releases that were being built begin again, for want of what was built of them: in a backup they have no files."""
    unfinished = Release.objects.filter(state__in=UNFINISHED_RELEASES)
    ReleaseShard.objects.filter(release__in=unfinished).delete()
    return unfinished.update(state=ReleaseState.QUEUED, progress=0.0, heard_at=None, tries=0)


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
        if release.state == ReleaseState.YANKED:
            build_area.clear()
            remove_files(release)
        elif release.state == ReleaseState.READY:
            build_area.clear()
        else:
            build_area.discard()
        Release.objects.filter(pk=release_id).update(has_leftovers=False)


def is_being_built(release: Release) -> bool:
    """Whether some process is building it, or a shard of it, at this moment. Takes no lock, so that no builder is turned away."""
    return bool(held(Space.RELEASE, [release.pk])) or bool(busy_shards(release))


def busy_shards(release: Release) -> set[int]:
    """The shards that somebody is writing at this moment."""
    return held(Space.SHARD, release.shards.filter(finished_at__isnull=True).values_list("pk", flat=True))


def sole_builder(release_id: int) -> AbstractContextManager[bool]:
    return sole_holder(Space.RELEASE, release_id)
