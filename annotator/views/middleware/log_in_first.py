"""Every page needs a log-in, but for those marked otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from annotator.views.requests import PageRequest

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
RENEWED = "renewed"  # in the session: when its end was last put off, in seconds
RENEWED_EVERY = 24 * 3600  # seconds; a write per request would cost more than the request


# --- pages are closed unless a view says otherwise


class LogInFirst(LoginRequiredMiddleware):
    """Whoever has to log in comes back to the page they were on.

    Django's own would come back to the address that was asked for, which is not a page when a form or a piece was.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: tuple[Any, ...], view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None  # before it is looked up who asks, so that health checks answer without a database
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
            messages.warning(request, "Your session has ended and your last change was not saved. Log in to continue.")
        return redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))


def is_navigation(request: PageRequest) -> bool:
    """Whether the browser shows the answer as a page. A script that asked would follow a redirect and take the log-in for it."""
    return not request.htmx and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def unauthorised(request: PageRequest, log_in: str) -> HttpResponse:
    """401, for scripts: what they sent was not taken and can be sent again after a log-in. `Location` says where that is."""
    address = redirect_to_login(page_of(request), log_in).url
    response = render(request, "account/_log_in_again.html", {"address": address}, status=401)
    response["Location"] = address
    response["HX-Retarget"] = "#notice"  # base.js shows an error answer only where it says where it belongs
    response["HX-Reswap"] = "innerHTML"
    return response


def page_of(request: PageRequest) -> str:
    """The path of the page that a form or a piece was sent from; "" where the browser does not say or it is not ours."""
    url: Any = (request.htmx.current_url if request.htmx else None) or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# --- sessions end SESSION_COOKIE_AGE after their last use, to a day


@receiver(user_logged_in)
def begin_session(request: HttpRequest | None, **_: Any) -> None:
    if request is not None:
        request.session[RENEWED] = int(time.time())


def keep_session(request: HttpRequest) -> None:
    """Put off the end of a session that is in use: by a change, which the session's middleware saves."""
    now = int(time.time())
    if now - request.session.get(RENEWED, 0) >= RENEWED_EVERY:
        request.session[RENEWED] = now
