"""Which language a request is answered in: the person's own choice, or else the browser's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_from_request, get_supported_language_variant

YEAR = 365 * 24 * 3600  # seconds


def known_language(code: str) -> str:
    """The code as this site has it; "" for a language that it does not have."""
    try:
        return get_supported_language_variant(code, strict=True) if code else ""
    except LookupError:
        return ""


def language_of(request: HttpRequest, user: Any = None) -> str:
    """What the account says, else what was chosen in this browser (a cookie), else what the browser asks for, else English.

    The cookie follows the account (`remember_language`), so that a request whose user is not looked up gets the same.
    """
    return known_language(getattr(user, "language", "")) or get_language_from_request(request)


def remember_language(response: HttpResponse, code: str) -> None:
    """In this browser. "" forgets it, and the browser's own languages count again."""
    name = settings.LANGUAGE_COOKIE_NAME
    if not code:
        response.delete_cookie(name, samesite="Lax")
        return
    response.set_cookie(name, code, max_age=YEAR, secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True, samesite="Lax")
