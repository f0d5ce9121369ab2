"""Logging in and out, and what happens when somebody is not logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from annotator.forms import LogInForm
from annotator.views.requests import PageRequest

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class LogIn(LoginView):
    authentication_form = LogInForm
    redirect_authenticated_user = True


class LogInFirst(LoginRequiredMiddleware):
    """Pages are closed unless a view says otherwise. Whoever has to log in comes back to the page they were on.

    Django's own would come back to the address that was asked for, which is not a page when a form or a piece was.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: tuple[Any, ...], view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None  # before it is looked up who asks, so that health checks answer without a database
        return super().process_view(request, view_func, view_args, view_kwargs)

    # The answer that sends htmx elsewhere is no HttpResponseRedirect.
    def handle_no_permission(  # type: ignore[override]
        self, request: PageRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        is_navigation = request.method in SAFE_METHODS and not request.htmx
        page = request.get_full_path() if is_navigation else page_of(request)
        if not is_navigation:
            messages.warning(request, "Your session has ended, and what you did last was not saved. Log in to go on.")
        redirect = redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))
        return HttpResponseClientRedirect(redirect.url) if request.htmx else redirect


def page_of(request: PageRequest) -> str:
    """The path of the page that a form or a piece was sent from; "" where the browser does not say or it is not ours."""
    url: Any = (request.htmx.current_url if request.htmx else None) or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
