"""What there is around a request that does not go through Django's middleware: its checks of the host, its headers, the log.

The fast paths (`views.fast_path`, `api.fast_path`) stand on this.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import structlog
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django_permissions_policy import PermissionsPolicyMiddleware

from annotator.lib import metrics

REQUEST_ID = "X-Request-ID"  # the header
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
WANTED_HEADERS = {
    *("host", "cookie", "content-type", "x-csrftoken", "origin", "referer", "x-forwarded-proto"),
    *("x-request-id", "x-forwarded-for", "authorization", "accept", "accept-language"),
}


logger = structlog.get_logger("django_structlog.middlewares.request")  # where the line of every other request comes from


class FastAnswer(NamedTuple):
    """A whole answer to a request."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes


def read_request(scope: Mapping[str, Any]) -> HttpRequest | None:
    """What Django's own checks look at. None for a header that came twice, and for another host or scheme."""
    request = HttpRequest()
    request.method, request.path = scope["method"], scope["path"]
    meta = {
        "REMOTE_ADDR": scope["client"][0],
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REQUEST_METHOD": scope["method"],
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name in WANTED_HEADERS:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            if key in meta:
                return None
            meta[key] = raw_value.decode("latin-1")
    request.META = meta
    request.content_type = meta.get("HTTP_CONTENT_TYPE", "").partition(";")[0].strip().lower()
    request.COOKIES = parse_cookie(meta.get("HTTP_COOKIE", ""))
    try:
        request.get_host()
    except DisallowedHost:
        return None
    return None if settings.SECURE_SSL_REDIRECT and not request.is_secure() else request


@contextmanager
def request_id_of(request: HttpRequest) -> Iterator[str]:
    """The id that the lines of the log and the tasks carry: the client's, or a new one."""
    wanted = request.META.get("HTTP_X_REQUEST_ID", "")
    request_id = wanted if SANE_ID.fullmatch(wanted) else str(uuid.uuid4())
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        yield request_id


def note_end(view: str, request: HttpRequest, status: int, start: float, user_id: int) -> None:
    """In the metrics and the log, under the name of the ordinary view."""
    seconds = time.perf_counter() - start
    metrics.HTTP_SECONDS.labels(view, str(status)).observe(seconds)
    line = {"method": request.method, "path": request.path, "status": status, "seconds": round(seconds, 4), "user": user_id}
    logger.info("request_finished", view=view, **line)


def headers_of(request_id: str, *own: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Those that the middleware adds, and the answer's own."""
    return [*_common_headers(), (REQUEST_ID.lower().encode(), request_id.encode()), *own]


@cache
def _common_headers() -> list[tuple[bytes, bytes]]:
    """What the middleware adds to every answer, by the middleware itself."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(content_type="application/json")

    handle: Callable[[HttpRequest], Any] = view
    for middleware in (XFrameOptionsMiddleware, PermissionsPolicyMiddleware, CSPMiddleware, SecurityMiddleware):
        handle = middleware(handle)
    request = HttpRequest()
    request.META = {"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_PROTO": "https"}
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in handle(request).items()]
