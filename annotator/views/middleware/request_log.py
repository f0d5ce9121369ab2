"""Around every request: its id, its line in the log, its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject

from annotator.lib import logs, metrics

logger = logging.getLogger("annotator.campaigns.access")

HEADER = "X-Request-ID"
QUIET_VIEWS = {"healthz", "readyz", "metrics"}  # asked every few seconds
SECRET_PATHS = {"join", "account_confirm_email", "account_reset_password_from_key"}  # whoever has the address gets in


class ObservingMiddleware:
    """To be the outermost, so that the redirects and refusals of the others are seen as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        logs.begin(request.headers.get(HEADER, ""))
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        response[HEADER] = logs.current_id()
        view = view_of(request)
        metrics.HTTP_SECONDS.labels(view, str(response.status_code)).observe(seconds)
        facts = {"method": request.method, "path": path_of(request, view), "status": response.status_code}
        logger.log(
            logging.DEBUG if view in QUIET_VIEWS else logging.INFO,
            "%(method)s %(path)s %(status)s",
            facts,
            extra=facts | {"seconds": round(seconds, 4), "user": user_of(request)},
        )
        return response


@receiver(request_finished)
def forget_id(**_: Any) -> None:
    """At the end of the body: what is streamed still belongs to the request."""
    logs.restore()


def view_of(request: HttpRequest) -> str:
    """The name of the view in the URL configuration; never a path, of which there are endlessly many."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "unknown"


def path_of(request: HttpRequest, view: str) -> str:
    """The path as it was sent, so that nobody breaks a line with it, without its query, which may hold a secret.

    Of those that are secrets themselves, the pattern.
    """
    if request.resolver_match is not None and view in SECRET_PATHS:
        return f"/{request.resolver_match.route}"
    return escape_uri_path(request.path)


def user_of(request: HttpRequest) -> int | None:
    """The id of the user, where the request had to know them anyway: a line in the log is not worth a query."""
    user = request.__dict__.get("user")
    if user is None or isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)
