"""Where a release is built, and how far it is."""

from __future__ import annotations

from pathlib import Path

from annotator.models import Release
from tests.released import folder_of


def building_of(release: Release) -> Path:
    return folder_of(release).with_name(f".building-{release.number}")


def state_of(release: Release) -> str:
    return Release.objects.values_list("state", flat=True).get(pk=release.pk)
