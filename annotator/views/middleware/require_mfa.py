"""With REQUIRE_MFA_FOR_MANAGERS, managers and staff open what is theirs with a second factor only.

Nobody with a second factor gets a session without it: that is up to the log-in. So what is left to ask is whether there is one.
Pages for annotators stay open, so that a vote costs no query more. Tokens are no sessions, and only the operator makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from annotator.choices import Role
from annotator.models import User

GUARDED_PAGES = ("/manage/", "/admin/")
GUARDED_PROGRAMS = ("/api/", "/hub/")
WORDS = gettext_lazy("Managers and staff need two-factor authentication on this site. Set it up to continue.")


class RequireMfa:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.REQUIRE_MFA_FOR_MANAGERS or not _is_guarded(request) or not _lacks_mfa(request.user):
            return self.get_response(request)
        if request.path.startswith(GUARDED_PROGRAMS):
            return JsonResponse({"code": "mfa_required", "detail": str(WORDS)}, status=403)
        messages.warning(request, WORDS)
        return redirect("mfa_index")


def _is_guarded(request: HttpRequest) -> bool:
    if request.path.startswith(GUARDED_PAGES):
        return True
    has_token = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return request.path.startswith(GUARDED_PROGRAMS) and not has_token and settings.SESSION_COOKIE_NAME in request.COOKIES


def _lacks_mfa(user: object) -> bool:
    if not isinstance(user, User) and not getattr(user, "is_authenticated", False):
        return False
    assert isinstance(user, User)
    if is_mfa_enabled(user):
        return False
    return user.is_staff or user.is_superuser or user.memberships.active().filter(role=Role.MANAGER).exists()
