"""A release as a manager reads it: its card as the Hub shows it, and all its files as one ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator import releasing
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import ReleaseState
from annotator.errors import NotFound
from annotator.lib.markdown import render_card
from annotator.models import Campaign, Release
from annotator.views.requests import UserRequest

BLOCK = 1 << 20  # bytes
CARD = "README.md"


@never_cache
@require_safe
def release_card(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """The dataset card with its pictures, and its YAML."""
    campaign = campaign_for_manager(request.user, slug)
    release = ready_release(campaign, number)
    with releasing.open_file(release, CARD) as file:
        head, text = split_card(file.read().decode())
    known = set(release.files.values_list("path", flat=True))

    def address_of(path: str) -> str:
        return reverse("api:release_file", args=[slug, number, path]) if path in known else ""

    context = {"campaign": campaign, "release": release, "head": head, "card": render_card(text, address_of=address_of)}
    return render(request, "manage/releases/card.html", context)


def split_card(card: str) -> tuple[str, str]:
    """The YAML and the Markdown."""
    before, fence, rest = card.partition("---\n")
    head, end, text = rest.partition("\n---\n")
    return (head, text) if fence and end and not before else ("", card)


@require_safe
def release_zip(request: UserRequest, slug: str, number: int) -> StreamingHttpResponse:
    """All files in one ZIP, made while it is sent: nothing is compressed again, and nothing is kept."""
    release = ready_release(campaign_for_manager(request.user, slug), number)
    name = f"{slug}-v{number}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(zipped(release, name), content_type="application/zip", headers=headers)


def ready_release(campaign: Campaign, number: int) -> Release:
    release: Release | None = campaign.releases.filter(number=number, state=ReleaseState.READY).first()
    if release is None:
        raise NotFound(gettext("This release does not exist."))
    return release


class Sink:
    """What a ZIP is written to: it keeps the blocks until they are sent."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.blocks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Blocks are taken out by whoever sends them."""

    def take(self) -> bytes:
        taken, self.blocks = b"".join(self.blocks), []
        return taken


def zipped(release: Release, folder: str) -> Iterator[bytes]:
    sink = Sink()
    at = release.finished_at or release.created_at
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # it only writes to it
        for file in release.files.order_by("path"):
            about = zipfile.ZipInfo(f"{folder}/{file.path}", date_time=at.timetuple()[:6])
            about.external_attr = 0o644 << 16
            with releasing.open_file(release, file.path) as source, archive.open(about, "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    target.write(block)
                    yield sink.take()
    yield sink.take()
