"""Logging in and out, what happens when somebody is not logged in, and the account itself. django-allauth does the work."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.views import LoginView
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.choices import MemberState
from annotator.errors import NotAllowed
from annotator.views.requests import PageRequest, UserRequest

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
RENEWED = "renewed"  # in the session: when its end was last put off, in seconds
RENEWED_EVERY = 24 * 3600  # seconds; a write per request would cost more than the request


class LogIn(LoginView):
    template_name = "account/login.html"


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


# --- the account


def with_account(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Not for people from a crowd platform: they stay without a password, an address and other ways in."""

    @wraps(view)
    def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if request.user.is_authenticated and request.user.is_crowd:
            raise NotAllowed("You take part through a crowd platform and need no account here.", code="crowd_has_no_account")
        return view(request, *arguments, **named)

    return checked


@never_cache
@require_safe
def account(request: UserRequest) -> HttpResponse:
    """What one can change about one's account."""
    providers = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    connected = SocialAccount.objects.filter(user=request.user).count() if providers else 0
    mine = request.user.memberships.exclude(state=MemberState.WITHDRAWN).select_related("campaign").order_by("-campaign_id")
    context = {"has_providers": bool(providers), "connected": connected, "memberships": mine}
    return render(request, "account/account.html", context)


@login_not_required
def admin_log_in(request: PageRequest) -> HttpResponse:
    """The administration has no door of its own: one log-in, one count of failures."""
    if request.user.is_authenticated:
        raise NotAllowed("Only staff can open the admin.", code="not_staff")
    return redirect_to_login(request.GET.get("next", ""))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def provider_log_in(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Off to an OpenID Connect provider, by a page with a link.

    Not by a redirect: the content security policy lets forms lead to this site alone, and browsers hold redirects to that too.
    """
    try:
        response = openid_connect.login(request, provider_id)
    except OSError:  # of the HTTP client, when it fetched the provider's configuration
        return render(request, "socialaccount/authentication_error.html", status=502)
    if isinstance(response, HttpResponseRedirect) and urlsplit(response.url).netloc:
        return render(request, "socialaccount/leaving.html", {"address": response.url})
    return response
