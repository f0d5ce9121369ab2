"""Every error of the API is `{"code", "detail", "errors"?}`, also when no view of ours runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template import loader
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from annotator.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooLarge
from annotator.lib.idempotency import KeyReused

STATUS_OF_ERROR: dict[type[DomainError], int] = {
    Invalid: status.HTTP_400_BAD_REQUEST,
    NotAllowed: status.HTTP_403_FORBIDDEN,
    NotFound: status.HTTP_404_NOT_FOUND,
    KeyReused: status.HTTP_422_UNPROCESSABLE_ENTITY,
    Conflict: status.HTTP_409_CONFLICT,
    TooLarge: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
}
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)
WHOLE_BODY = "non_field_errors"  # the key for errors that belong to no single field
PROGRAM_PREFIXES = ("/api/", "/hub/")
SERVER_ERROR = ("server_error", "An internal error occurred. It has been logged.")
RETRY_AFTER = "2"  # seconds


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = "The body is too large."


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Send a Content-Length header. Chunked bodies are not supported."


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The response to an error in a view; None for an unexpected error, which Django then reports as a 500."""
    if isinstance(error, DomainError):
        code = next(code for kind, code in STATUS_OF_ERROR.items() if isinstance(error, kind))
        return Response(body_of(error.code, error.detail, by_field(error.errors)), status=code)
    if isinstance(error, RequestDataTooBig):
        error = BodyTooLarge()
    elif isinstance(error, UNREADABLE):
        error = ParseError("The body could not be read.")
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = body_of("invalid", "Some values are not valid.", by_field(error.detail))
    else:
        detail = response.data["detail"]
        response.data = body_of(detail.code, str(detail))
    return response


def body_of(code: str, detail: str, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    return {"code": code, "detail": detail, "errors": errors} if errors else {"code": code, "detail": detail}


def by_field(detail: Any) -> dict[str, list[str]]:
    """Errors nested as the input is, made flat: `{"questions": [{}, {"slug": ["…"]}]}` gives `{"questions.1.slug": ["…"]}`."""
    errors: dict[str, list[str]] = {}
    for path, text in _leaves(detail, ()):
        errors.setdefault(".".join(path) if path else WHOLE_BODY, []).append(text)
    return errors


def _leaves(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _leaves(value, path if key in (WHOLE_BODY, "__all__") else (*path, str(key)))
    elif isinstance(detail, list):
        for position, item in enumerate(detail):
            yield from _leaves(item, (*path, str(position)) if isinstance(item, dict | list) else path)
    else:
        yield path, str(detail)


@csrf_exempt
@login_not_required
def not_there(request: HttpRequest) -> HttpResponse:
    """A 404 in JSON for unknown addresses under /api/. It does not redirect, because a redirect would lose a POST's body."""
    detail = "Not found."
    if not request.path.endswith("/"):
        detail += " API addresses end with a slash."
    return JsonResponse(body_of("not_found", detail), status=status.HTTP_404_NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: JSON for programs, an HTML page for people.

    If the database connection was lost, the answer is a 503, so that programs try again.
    """
    is_away = isinstance(sys.exc_info()[1], (InterfaceError, OperationalError))
    code = status.HTTP_503_SERVICE_UNAVAILABLE if is_away else status.HTTP_500_INTERNAL_SERVER_ERROR
    if request.path.startswith(PROGRAM_PREFIXES):
        words = ("unavailable", "The database is temporarily unavailable. Try again.") if is_away else SERVER_ERROR
        response: HttpResponse = JsonResponse(body_of(*words), status=code)
    elif is_away:
        response = HttpResponse(loader.get_template("503.html").render(), status=code)
    else:
        return defaults.server_error(request)
    if is_away:
        response["Retry-After"] = RETRY_AFTER
    return response
