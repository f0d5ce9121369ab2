"""The e-mail with a link to set a new password, or with the news that its address has no account. Sent after the answer.

The page that asks for it answers the same way, after the same work, whether or not there is an account.
"""

from __future__ import annotations

import io

from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core import context
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language

# What says by which address the site was asked: links lead back there.
ORIGIN = ("HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme", "HTTP_X_FORWARDED_PROTO")
LANGUAGE = "language"  # of the page that asked; an account with a language of its own gets the e-mail in that


def origin_of(request: HttpRequest) -> dict[str, str]:
    """Where the site was asked, as `send_reset_mail` needs it. Raises DisallowedHost."""
    request.get_host()
    return {name: request.META[name] for name in ORIGIN if name in request.META} | {LANGUAGE: get_language() or ""}


def send_reset_mail(*, email: str, origin: dict[str, str]) -> None:
    """To each active account of this address. Where there is none, the e-mail says so."""
    language = origin.get(LANGUAGE) or settings.LANGUAGE_CODE
    request = WSGIRequest({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": io.BytesIO(), **origin})
    with context.request_context(request), translation.override(language):
        users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
        request_password_reset(request, email, users, default_token_generator)
