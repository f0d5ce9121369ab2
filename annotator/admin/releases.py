"""Releases, and where they are published."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotator.admin.base import ReadOnly, bar
from annotator.models import HubAccount, Publication, Release, ReleaseShard


@admin.register(HubAccount)
class HubAccountAdmin(ReadOnly):
    """Set on the campaign's pages. The token is never shown."""

    list_display = ["campaign", "repository", "is_private", "updated_at", "updated_by"]
    list_select_related = ["campaign", "updated_by"]
    fields = ["campaign", "repository", "is_private", "token_hint", "updated_at", "updated_by"]


@admin.register(Publication)
class PublicationAdmin(ReadOnly):
    list_display = ["pk", "release", "repository", "state", "how_far", "created_at", "created_by"]
    list_filter = ["state", "release__campaign"]
    list_select_related = ["release__campaign", "created_by"]

    @admin.display(description=gettext_lazy("progress"))
    def how_far(self, publication: Publication) -> SafeString:
        return bar(publication.progress, 1, f"{publication.progress:.0%}")


@admin.register(ReleaseShard)
class ReleaseShardAdmin(ReadOnly):
    """The files of a release that workers have written or still have to write."""

    list_display = ["pk", "release", "path", "tries", "finished_at", "size"]
    list_filter = ["release__campaign"]
    list_select_related = ["release__campaign"]


@admin.register(Release)
class ReleaseAdmin(ReadOnly):
    """Created by the campaign action or on the campaign's page."""

    list_display = ["__str__", "campaign", "state", "how_far", "revision", "created_at", "created_by"]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign", "created_by"]
    readonly_fields = ["how_far", "listed_files"]
    fields = [
        *("campaign", "number", "state", "how_far", "revision", "listed_files", "error"),
        *("created_at", "created_by", "finished_at", "cancelled_by", "heard_at", "tries", "has_leftovers"),
    ]

    @admin.display(description=gettext_lazy("progress"))
    def how_far(self, release: Release) -> SafeString:
        return bar(release.progress, 1, f"{release.progress:.0%}")

    @admin.display(description=gettext_lazy("files"))
    def listed_files(self, release: Release) -> SafeString | str:
        files = release.files.order_by("path")
        rows = (
            (reverse("api:release_file", args=[release.campaign.slug, release.number, file.path]), file.path, file.size)
            for file in files
        )
        return format_html_join(" ", '<div><a href="{}">{}</a> ({} bytes)</div>', rows) or "None yet"
