"""The bytes of a yanked release: they go, but for objects that other releases share."""

from __future__ import annotations

from contextlib import suppress

from django.core.files.storage import default_storage
from django.db import transaction

from annotator.choices import UNFINISHED_RELEASES, ReleaseState
from annotator.models import Campaign, Release, ReleaseFile, ReleaseShard
from annotator.releasing.release_storage import local_folder, stored_name


def remove_files(release: Release) -> None:
    """Remove the bytes of a yanked release, but for objects that others share. Twice is no harm."""
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=release.campaign_id)
        names = {stored_name(release, file) for file in release.files.all()}
        if local_folder(release) is None:
            names -= _names_in_use(release)
        for name in sorted(names):
            with suppress(FileNotFoundError):
                default_storage.delete(name)
    _remove_empty_folders(release)


def _names_in_use(release: Release) -> set[str]:
    """Objects of this release's campaign that a ready release, or one that is being built, has as its own."""
    others = ReleaseFile.objects.filter(release__campaign=release.campaign_id, release__state=ReleaseState.READY)
    ready = {stored_name(file.release, file) for file in others.select_related("release")}
    building = ReleaseShard.objects.filter(release__campaign=release.campaign_id, release__state__in=UNFINISHED_RELEASES).exclude(
        stored_as=""
    )
    return ready | set(building.values_list("stored_as", flat=True))


def _remove_empty_folders(release: Release) -> None:
    folder = local_folder(release)
    if folder is None or not folder.is_dir():
        return
    for each in [*(entry for entry in folder.iterdir() if entry.is_dir()), folder]:
        with suppress(OSError):  # somebody keeps something else there
            each.rmdir()
