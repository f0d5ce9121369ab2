"""What finished while somebody was on another page: imports, releases and uploads to the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.campaigns.access import campaign_for_manager
from annotator.choices import ImportState, PublicationState, ReleaseState
from annotator.models import Campaign, Publication
from annotator.views.form_input import whole_number
from annotator.views.requests import UserRequest

AT_MOST = timedelta(days=1)  # further back nobody asks
SHOWN = 3  # of each kind


@dataclass(frozen=True)
class Toast:
    words: str
    url: str
    kind: str = ""


@never_cache
@require_safe
def meanwhile(request: UserRequest, slug: str) -> HttpResponse:
    """A toast for each thing that finished in the campaign since the second `since`."""
    campaign = campaign_for_manager(request.user, slug)
    now = timezone.now()
    asked = whole_number(request.GET.get("since")) or int(now.timestamp())
    oldest = now - AT_MOST
    since = datetime.fromtimestamp(min(max(asked, int(oldest.timestamp())), int(now.timestamp())), UTC)
    return render(
        request, "manage/frame/_toasts.html", {"toasts": finished_since(campaign, since), "until": int(now.timestamp())}
    )


def finished_since(campaign: Campaign, since: datetime) -> list[Toast]:
    toasts = []
    for row in campaign.imports.filter(finished_at__gt=since).order_by("-pk")[:SHOWN]:
        words = {
            ImportState.DONE: gettext("%(file)s is imported: %(pairs)s new pairs."),
            ImportState.FAILED: gettext("The import of %(file)s failed."),
        }.get(ImportState(row.state))
        if words:
            url = reverse("import_page", args=[campaign.slug, row.pk])
            toasts.append(Toast(words % {"file": row.file_name, "pairs": row.pairs_added}, url, _kind(row.state)))
    for release in campaign.releases.filter(finished_at__gt=since).order_by("-pk")[:SHOWN]:
        words = {
            ReleaseState.READY: gettext("Release %(number)s is ready."),
            ReleaseState.FAILED: gettext("Building release %(number)s failed."),
        }.get(ReleaseState(release.state))
        if words:
            url = reverse("release_page", args=[campaign.slug, release.number])
            toasts.append(Toast(words % {"number": release.number}, url, _kind(release.state)))
    published = Publication.objects.filter(release__campaign=campaign, finished_at__gt=since).select_related("release")
    for publication in published.order_by("-pk")[:SHOWN]:
        words = {
            PublicationState.DONE: gettext("Release %(number)s is published to %(repository)s."),
            PublicationState.FAILED: gettext("Publishing release %(number)s to %(repository)s failed."),
        }.get(PublicationState(publication.state))
        if words:
            url = reverse("release_page", args=[campaign.slug, publication.release.number])
            values = {"number": publication.release.number, "repository": publication.repository}
            toasts.append(Toast(words % values, url, _kind(publication.state)))
    return toasts


def _kind(state: str) -> str:
    return "failed" if state == "failed" else ""
