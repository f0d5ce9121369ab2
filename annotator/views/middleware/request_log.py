"""Around every request: its id, its line in the log, its time."""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject
from django_structlog.middlewares import RequestMiddleware
from django_structlog.signals import bind_extra_request_finished_metadata, bind_extra_request_metadata

from annotator.lib import logs, metrics
from annotator.lib.bare_requests import REQUEST_ID, SANE_ID
from annotator.lib.client_address import hidden_addresses

STARTED = "diptych.started"  # in request.META
SECRET_PATHS = {"join", "account_confirm_email", "account_reset_password_from_key"}  # whoever has the address gets in


class ObservingMiddleware(RequestMiddleware):
    """django-structlog's. To be the outermost, so that the redirects and refusals of the others are seen as well."""

    def process_got_request_exception(self, sender: type[Any], request: HttpRequest, **rest: Any) -> None:
        """Django writes the traceback to the log; the request has its one line, with the status 500."""


@receiver(bind_extra_request_metadata)
def begin(request: HttpRequest, log_kwargs: dict[str, Any], **_: Any) -> None:
    request.META[STARTED] = time.perf_counter()
    hidden_addresses.look(request)
    wanted = request.headers.get(REQUEST_ID, "")
    if SANE_ID.fullmatch(wanted):
        structlog.contextvars.bind_contextvars(request_id=wanted)  # else it is the one that the middleware made up
    log_kwargs.clear()  # of the query, which may hold a secret


@receiver(bind_extra_request_finished_metadata)
def end(request: HttpRequest, response: HttpResponse, log_kwargs: dict[str, Any], **_: Any) -> None:
    seconds = time.perf_counter() - request.META[STARTED]
    response[REQUEST_ID] = logs.current_id()
    view = view_of(request)
    metrics.HTTP_SECONDS.labels(view, str(response.status_code)).observe(seconds)
    log_kwargs.clear()
    log_kwargs.update(
        view=view,
        method=request.method,
        path=path_of(request, view),
        status=response.status_code,
        seconds=round(seconds, 4),
        user=user_of(request),
    )


def view_of(request: HttpRequest) -> str:
    """The name of the view in the URL configuration; never a path, of which there are endlessly many."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "unknown"


def path_of(request: HttpRequest, view: str) -> str:
    """The path as it was sent (escaped, so it cannot break a log line), without its query, which can contain a secret.

    For paths that contain a secret, the URL pattern.
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
