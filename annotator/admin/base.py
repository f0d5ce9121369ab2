"""What several pages of the admin share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotator.errors import DomainError
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.models import Flag, Image, Member, Pair, User, Vote

MEMBER = ["member__user", "member__campaign"]  # what the name of a member is made of


class BoundedPaginator(Paginator):
    """Pages of a table of any size: nothing is counted beyond EXACT_UP_TO rows, and no page lies very far from the first."""

    EXACT_UP_TO = 1_000
    LAST_PAGE = 500

    @cached_property
    def count(self) -> int:
        """Exact up to EXACT_UP_TO; beyond, Postgres's own estimate for a whole table and EXACT_UP_TO + 1 for a filtered one."""
        rows: QuerySet[Any] = self.object_list.order_by()  # type: ignore[attr-defined]
        counted = rows[: self.EXACT_UP_TO + 1].count()
        if counted <= self.EXACT_UP_TO or rows.query.where:
            return counted
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
            return max(counted, *cursor.fetchone())

    @cached_property
    def num_pages(self) -> int:
        """An OFFSET reads what it leaves out, so only the first pages can be turned to; filters lead to the rest."""
        return min(super().num_pages, self.LAST_PAGE)


class NeverDeleted(admin.ModelAdmin):
    """The newest rows come first, and nobody deletes one."""

    ordering = ["-pk"]

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class NeverAdded(NeverDeleted):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class ReadOnly(NeverAdded):
    """View only: nobody can add, change or delete a row."""

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class BigTable(NeverDeleted):
    """For tables that may have millions of rows: listed by primary key, the newest first, and never counted whole."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ["pk"]
    list_per_page = 50


class FoundByPairOrMember(BigTable, ReadOnly):
    """Rows of assignments, searched only in ways that an index serves."""

    search_fields = ["pk"]  # shows the search box
    search_help_text = "Search by pair number, user name or pseudonym."
    assignment = ""  # the lookup that leads to the assignment

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # Looked up first, so that what follows is two index scans and not a join with everybody.
        members = list(Member.objects.filter(Q(user__username=term) | Q(public_id=term)).values_list("pk", flat=True))
        found = Q(**{f"{self.assignment}member__in": members})
        if term.isascii() and term.isdigit():
            found |= Q(**{f"{self.assignment}pair": int(term[:18])})
        return queryset.filter(found), False

    @admin.display(description=gettext_lazy("pair"))
    def of_pair(self, row: Vote | Flag) -> Pair:
        return row.assignment.pair

    @admin.display(description=gettext_lazy("member"))
    def by_member(self, row: Vote | Flag) -> Member:
        return row.assignment.member


def user_of(request: HttpRequest) -> User:
    """The logged-in user. The admin requires one."""
    assert isinstance(request.user, User)
    return request.user


def bar(value: float, maximum: float, words: str) -> SafeString:
    return format_html(
        '<progress value="{}" max="{}" aria-label="{}"></progress> {}', min(value, maximum), maximum or 1, words, words
    )


def thumbnails(pairs_images: Iterable[Image]) -> SafeString:
    """The images side by side, each a link to its full size."""
    return format_html_join(
        "",
        '<a href="{}"><img class="thumbnail" src="{}" alt="image {}" loading="lazy"></a>',
        (
            (reverse("image", args=[image.public_id]), reverse("image", args=[image.public_id, DISPLAY_WIDTHS[0]]), slot)
            for slot, image in zip("ab", pairs_images, strict=False)
        ),
    )


def each(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: Iterable[Any], change: Callable[[Any], Any], *, done: str
) -> None:
    """Apply `change` to each row, then show how many succeeded and why others were refused."""
    count = 0
    for row in rows:
        try:
            change(row)
        except DomainError as error:
            model_admin.message_user(request, f"{row}: {error.detail}", messages.ERROR)
        else:
            count += 1
    if count:
        model_admin.message_user(request, f"{done}: {count}.", messages.SUCCESS)
