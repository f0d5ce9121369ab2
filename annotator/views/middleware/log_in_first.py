"""All pages require a login, except those marked with `login_not_required`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from annotator.models import User
from annotator.views.middleware.domain_errors import REFUSAL
from annotator.views.requests import PageRequest

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
BEGUN = "begun"  # session key: when the user logged in, in seconds
RENEWED = "renewed"  # session key: when the session was last renewed, in seconds
RENEWED_EVERY = 24 * 3600  # seconds; a write per request would cost more than the request


# --- login required by default


class LogInFirst(LoginRequiredMiddleware):
    """After the login, users return to the page they were on.

    Django's middleware would return to the requested URL, which is no page if a form or a partial was requested.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: tuple[Any, ...], view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None  # before the user is loaded, so that health checks work without the database
        if request.user.is_authenticated:
            keep_session(request)
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]
        self, request: PageRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if not is_navigation(request):
            return unauthorised(request, self.get_login_url(view_func))
        page = request.get_full_path() if request.method in SAFE_METHODS else page_of(request)
        if request.method not in SAFE_METHODS:
            messages.warning(request, gettext("Your session has ended and your last change was not saved. Log in to continue."))
        return redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))


def is_navigation(request: PageRequest) -> bool:
    """Whether the browser shows the response as a page. A script would follow a redirect and get the login page."""
    return not request.htmx and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def unauthorised(request: PageRequest, log_in: str) -> HttpResponse:
    """401 for scripts: nothing was done, and they can send the request again after a login. `Location` is the login page."""
    address = redirect_to_login(page_of(request), log_in).url
    response = render(request, "account/_log_in_again.html", {"address": address}, status=401)
    response["Location"] = address
    response["HX-Retarget"] = "#notice"  # base.js shows error responses only if they have a target
    response["HX-Reswap"] = "innerHTML"
    response[REFUSAL] = "logged_out"
    return response


def page_of(request: PageRequest) -> str:
    """The path of the page that sent a form or an htmx request; "" if it is unknown or on another site."""
    url: Any = (request.htmx.current_url if request.htmx else None) or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# --- sessions end SESSION_COOKIE_AGE after their last use, rounded to a day, and SESSION_END_SECONDS after their log-in


@receiver(user_logged_in)
def begin_session(request: HttpRequest | None, **_: Any) -> None:
    if request is not None:
        now = int(time.time())
        request.session[BEGUN] = request.session[RENEWED] = now
        set_end(request, now)


def keep_session(request: HttpRequest) -> None:
    """Renew a session that is in use: Django's middleware saves a changed session with a new expiry. End one that is too old."""
    now = int(time.time())
    if now - request.session.get(RENEWED, 0) < RENEWED_EVERY:
        return
    begun = request.session.setdefault(BEGUN, now)  # one from before this was noted begins now
    if now - begun >= settings.SESSION_END_SECONDS:
        logout(request)
        return
    request.session[RENEWED] = now
    set_end(request, now)
    if isinstance(request.user, User) and not request.user.is_crowd:
        UserSession.objects.create_from_request(request)  # notes the day, and lists sessions from before there was a list


def set_end(request: HttpRequest, now: int) -> None:
    end = min(now + settings.SESSION_COOKIE_AGE, request.session[BEGUN] + settings.SESSION_END_SECONDS)
    request.session.set_expiry(datetime.fromtimestamp(end, tz=UTC))
