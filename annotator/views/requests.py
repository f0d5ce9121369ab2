"""What a request carries once the middleware has seen it."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from annotator.models import User


class PageRequest(HttpRequest):
    """A request of a page or a piece of one; `request.htmx` is true for a piece."""

    htmx: HtmxDetails


class UserRequest(PageRequest):
    """One that came past LogInFirst: somebody is logged in."""

    user: User
