"""Releases with files in storage, for the tests of what serves them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.utils import timezone

from annotator.models import Campaign, Release, ReleaseFile
from tests.factories import ReleaseFactory

README = b"# A campaign\n"
SHARD = bytes(range(256)) * 5000
FILES = {"README.md": README, "pairs/train-00000-of-00001.parquet": SHARD}


def ready_release(campaign: Campaign, storage: Path, number: int = 1) -> Release:
    """A release that is ready, with FILES, as a worker leaves it behind."""
    release = ReleaseFactory(
        campaign=campaign, number=number, state="ready", revision=f"{number:040x}", progress=1.0, finished_at=timezone.now()
    )
    for path, data in FILES.items():
        ReleaseFile.objects.create(release=release, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        place = storage / "releases" / str(campaign.pk) / str(number) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return release
