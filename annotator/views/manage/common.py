"""What the console's pages share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from annotator.views.requests import UserRequest

SHOWN_AT_FIRST = 5  # imports and releases on the campaign's page; the rest is on their own
PER_PAGE = 100


class OpenEndedPage(Page):
    """One that knows whether there is a next one, and not how many there are."""

    paginator: OpenEndedPaginator

    def __init__(self, rows: list[Any], number: int, paginator: OpenEndedPaginator) -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self._has_next = len(rows) > paginator.per_page

    def has_next(self) -> bool:
        return self._has_next

    def next_page_number(self) -> int:
        return self.number + 1


class OpenEndedPaginator(Paginator):
    """Pages of a list that grows with the campaign: it is counted up to COUNTED, and a page costs the same at any length."""

    COUNTED = 100
    LAST_PAGE = 10_000  # an OFFSET reads what it leaves out
    is_open_ended = True

    @cached_property
    def count(self) -> int:
        """Exact up to COUNTED; one more where there are more."""
        return int(self.object_list[: self.COUNTED + 1].count())  # type: ignore[attr-defined]

    @property
    def in_words(self) -> str:
        return f"more than {self.COUNTED:,}" if self.count > self.COUNTED else f"{self.count:,}"

    def get_page(self, number: float | str | None) -> OpenEndedPage:
        """The first page, where there is no such page."""
        text = str(number or "")
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(self.LAST_PAGE)) else 1
        wanted = min(max(wanted, 1), self.LAST_PAGE)
        start = (wanted - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        return OpenEndedPage(rows, wanted, self) if rows or wanted == 1 else self.get_page(1)


def posted(request: UserRequest) -> QueryDict | None:
    """What a form was filled in with; None where it is only to be shown."""
    return request.POST if request.method == "POST" else None


def status_of(form: Any) -> int:
    """400 for a form that comes back with errors, so that programs and tests see it as well as people."""
    return 400 if form.errors else 200
