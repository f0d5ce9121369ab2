"""Devices on which somebody has logged in before: a signed cookie says so, and strangers' failures do not hold them up.

The cookie opens nothing. It only moves the counting of failures from the address to the device (accounts/lockout.py), so that a
stolen one buys as few tries as a new address does. It holds no name, and is good for a few names, as people share computers.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from annotator.accounts.lockout import digest, plain
from annotator.models import User

SALT = "annotator.accounts.devices"
SECONDS = 400 * 24 * 3600  # the longest that browsers keep a cookie
NAMES_MAX = 10
DIGEST_LENGTH = 16  # of hexadecimal digits: the signature is what keeps others out


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note in a cookie that this user has logged in here."""
    device, known = _read(request)
    mine = [_mark(name) for name in (user.username, user.email) if name]
    marks = [*mine, *(mark for mark in known if mark not in mine)][:NAMES_MAX]
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        ":".join([device or secrets.token_urlsafe(12), *marks]),
        salt=SALT,
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def device_of(request: HttpRequest, name: str) -> str:
    """The device that sends the request, if somebody has logged in on it by this name; else ""."""
    device, known = _read(request)
    return device if _mark(name) in known else ""


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        kept = request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, salt=SALT, max_age=SECONDS)
    except (KeyError, BadSignature):
        return "", []
    device, *marks = (kept or "").split(":")
    return device, marks


def _mark(name: str) -> str:
    return digest(plain(name))[:DIGEST_LENGTH]
