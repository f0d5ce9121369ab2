"""What the console's pages share."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from annotator.views.requests import UserRequest

SHOWN_AT_FIRST = 5  # imports and releases on the campaign's page; the rest is on their own
PER_PAGE = 100


def posted(request: UserRequest) -> QueryDict | None:
    """What a form was filled in with; None where it is only to be shown."""
    return request.POST if request.method == "POST" else None


def status_of(form: Any) -> int:
    """400 for a form that comes back with errors, so that programs and tests see it as well as people."""
    return 400 if form.errors else 200
