"""Images from servers near the annotator: at addresses that say nothing, to who has a signed cookie.

The site decides who may see an image, as ever, and redirects the browser to the copy on the CDN under its opaque name. With the
redirect comes a cookie that names the person (by a keyed hash) and a time, signed with a secret that the CDN has too. The CDN
answers nobody else, and asks nobody. It is an nginx with its secure_link module (`deploy/nginx-cdn.conf`), which knows this
signature and no other.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from hashlib import md5
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

COOKIE = "diptych_images"
COOKIE_SECONDS = 3600
# The browser asks again while the cookie that came with the redirect is good for as long again.
REDIRECT_SECONDS = COOKIE_SECONDS // 2


def redirect_to_cdn(stored_as: str, *, user_id: int) -> HttpResponse:
    """To a stored file of which nothing must be told but its bytes."""
    response = HttpResponse(status=302, headers={"Location": f"{settings.CDN_URL}/{stored_as}"})
    add_cookie(response, user_id=user_id)
    return response


def add_cookie(response: HttpResponse, *, user_id: int) -> None:
    response.set_cookie(
        COOKIE,
        signed(user_id, until=int(time.time()) + COOKIE_SECONDS),
        max_age=COOKIE_SECONDS,
        path=f"{urlsplit(settings.CDN_URL).path}/",
        domain=settings.CDN_COOKIE_DOMAIN or None,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def signed(user_id: int, *, until: int) -> str:
    """`person.until.signature`, of a time in Unix seconds."""
    person = hmac.digest(settings.SECRET_KEY.encode(), f"images for {user_id}".encode(), "sha256").hex()[:16]
    digest = md5(f"{person} {until} {settings.CDN_SECRET}".encode(), usedforsecurity=False).digest()
    return f"{person}.{until}.{urlsafe_b64encode(digest).decode().rstrip('=')}"
