"""The types of requests behind the middleware."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from annotator.models import User


class PageRequest(HttpRequest):
    """A request for a page or, if `request.htmx` is true, for a partial."""

    htmx: HtmxDetails


class UserRequest(PageRequest):
    """A request behind LogInFirst: the user is logged in."""

    user: User
