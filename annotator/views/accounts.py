"""Login and the account page. django-allauth does most of the work."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.views import LoginView
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotator.choices import MemberState
from annotator.errors import NotAllowed
from annotator.views.requests import PageRequest, UserRequest


class LogIn(LoginView):
    template_name = "account/login.html"


# --- the account


def with_account(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Refuse crowd workers: they get no password, no email address and no other way to log in."""

    @wraps(view)
    def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if request.user.is_authenticated and request.user.is_crowd:
            raise NotAllowed(
                gettext("You take part through a crowd platform and need no account here."), code="crowd_has_no_account"
            )
        return view(request, *arguments, **named)

    return checked


@never_cache
@require_safe
def account(request: UserRequest) -> HttpResponse:
    """The user's account, with links to change it."""
    providers = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    connected = SocialAccount.objects.filter(user=request.user).count() if providers else 0
    mine = request.user.memberships.exclude(state=MemberState.WITHDRAWN).select_related("campaign").order_by("-campaign_id")
    context = {
        "has_providers": bool(providers),
        "connected": connected,
        "has_mfa": is_mfa_enabled(request.user),
        "memberships": mine,
    }
    return render(request, "account/account.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: UserRequest) -> HttpResponse:
    """Where the user is logged in, with buttons that end one session or all others."""
    UserSession.objects.create_from_request(request)  # one from before there was a list
    mine = UserSession.objects.purge_and_list(request.user)
    if request.method == "POST":
        wanted = request.POST.get("end", "")
        ended = [each for each in mine if not each.is_current() and wanted in ("others", str(each.pk))]
        for each in ended:
            each.end()
        messages.success(request, gettext("Sessions ended: %(ended)s.") % {"ended": len(ended)})
        return redirect("sessions")
    return render(request, "account/sessions.html", {"sessions": sorted(mine, key=lambda each: each.last_seen_at, reverse=True)})


@login_not_required
def admin_log_in(request: PageRequest) -> HttpResponse:
    """The admin uses the site's login, so that failed attempts are counted in one place."""
    if request.user.is_authenticated:
        raise NotAllowed(gettext("Only staff can open the admin."), code="not_staff")
    return redirect_to_login(request.GET.get("next", ""))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def provider_log_in(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Go to an OpenID Connect provider by a page with a link.

    Not by a redirect: the content security policy allows forms to submit to this site only, and browsers apply that to redirects.
    """
    try:
        response = openid_connect.login(request, provider_id)
    except OSError:  # the provider's configuration could not be fetched
        return render(request, "socialaccount/authentication_error.html", status=502)
    if isinstance(response, HttpResponseRedirect) and urlsplit(response.url).netloc:
        return render(request, "socialaccount/leaving.html", {"address": response.url})
    return response
