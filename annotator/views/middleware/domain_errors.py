"""Turns domain errors into pages or partials with the right status. The API turns its own into JSON.

Whatever this site refuses carries its code in a header. So the script of a page tells it from what a proxy, a network that wants
a log-in first, or a web server that broke down answers in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.csrf import csrf_failure

from annotator.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooLarge
from annotator.lib.request_body import REFUSED
from annotator.views.requests import PageRequest

REFUSAL = "X-Refusal"  # the header
PROGRAM_PREFIXES = ("/api/", "/hub/")
CODES = {408: "body_too_slow", 413: "body_too_large", 503: "unavailable"}
PAGES = {408: "408.html", 413: "413.html", 503: "busy.html"}
RETRY_AFTER = "60"  # seconds
STATUSES: dict[type[DomainError], int] = {Invalid: 400, NotAllowed: 403, NotFound: 404, Conflict: 409, TooLarge: 413}


def status_of(error: DomainError) -> int:
    return STATUSES.get(type(error), 400)


def refuse_body(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The answer where the web server did not read the body: before any view, so that it costs nothing."""
    if request.path.startswith(PROGRAM_PREFIXES):
        response: HttpResponse = JsonResponse({"code": CODES[status], "detail": detail}, status=status)
    else:
        # `detail` was written before anybody knew the language, and is for who imports; the page says it in general.
        is_english = get_language() == settings.LANGUAGE_CODE
        response = render(request, PAGES[status], {"error": {"detail": detail if is_english else ""}}, status=status)
    response[REFUSAL] = CODES[status]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_AFTER
    return response


def refuse_without_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form or a script whose CSRF token is not the browser's: they log in once more, or load the page again."""
    response = csrf_failure(request, reason)
    response[REFUSAL] = "csrf_failed"
    return response


class DomainErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if REFUSED in request.META:
            return refuse_body(request, *request.META[REFUSED])
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content and request.accepts("text/html"):
            # The URL of a form was opened as a page: show a page with a way back, not an empty one.
            page = render(request, "405.html", status=405)
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: PageRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        status = status_of(exception)
        if request.htmx:
            # Shown with the page's messages, whatever the request's own target was.
            response = render(request, "_refused.html", {"error": exception}, status=status)
            response["HX-Retarget"] = "#notice"
            response["HX-Reswap"] = "innerHTML"
        else:
            response = render(request, f"{status}.html", {"error": exception}, status=status)
        response[REFUSAL] = exception.code
        return response
