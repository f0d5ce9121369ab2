"""Files that releases of a campaign have in common: each is stored once.

In a folder a file of a later release is a hard link, so that each release stays complete by itself. In a bucket it is the same
object: the row of the later release says under which name it is stored.
"""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from annotator.choices import ReleaseState
from annotator.models import Campaign, ImageShard, Release, ReleaseFile, ReleaseShard
from annotator.releasing.dataset.image_shards import KnownShard, hashes_of, image_path, members_in, number_of
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.release_storage import BuildArea, stored_name


def stored_twin(campaign: Campaign, sha256: str, size: int) -> str:
    """Where a ready release of the campaign has these bytes; empty where none has."""
    twins = ReleaseFile.objects.filter(
        sha256=sha256, size=size, release__campaign=campaign, release__state=ReleaseState.READY
    ).select_related("release")
    names = (stored_name(twin.release, twin) for twin in twins.order_by("-release__number"))
    return next((name for name in names if default_storage.exists(name)), "")


def known_images(campaign: Campaign) -> list[KnownShard]:
    """The files of images that earlier releases have written."""
    return [
        KnownShard(
            number=shard.number,
            members=bytes(shard.members),
            file=Written(image_path(shard.number), shard.size, shard.sha256, shard.rows, shard.num_bytes),
            stored_as=stored_twin(campaign, shard.sha256, shard.size),
        )
        for shard in ImageShard.objects.filter(campaign=campaign)
    ]


def record_images(release: Release, build_area: BuildArea) -> None:
    """Remember the files of images that were written for a release, for the next one. Inside the transaction that makes it ready.

    Of two releases that were built at the same time, the first says which image is in which file; the second keeps its own.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=release.campaign_id)
    for shard in release.shards.exclude(staged_as=""):
        number = number_of(shard.path)
        if number is None:
            continue
        with build_area.scratch() as scratch:
            members = members_in(build_area.staged(shard.staged_as, scratch), shard.row_groups)
        known = ImageShard.objects.filter(campaign=release.campaign_id, number=number).first()
        if known is not None and not {*hashes_of(members)} <= {*hashes_of(known.members)}:
            continue
        about = {"members": members, **{name: getattr(shard, name) for name in ("size", "sha256", "rows", "num_bytes")}}
        ImageShard.objects.update_or_create(campaign_id=release.campaign_id, number=number, defaults=about)


def note_written(shard: ReleaseShard, file: Written, stored_as: str) -> None:
    ReleaseShard.objects.filter(pk=shard.pk).update(
        finished_at=timezone.now(),
        bytes_done=F("image_bytes"),
        size=file.size,
        sha256=file.sha256,
        rows=file.rows,
        num_bytes=file.num_bytes,
        stored_as=stored_as,
    )
