"""The page on which a person chooses their language. Kept with the account, and in this browser for who has none."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.lib.languages import known_language, remember_language
from annotator.views.middleware.log_in_first import page_of
from annotator.views.requests import PageRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def language(request: PageRequest) -> HttpResponse:
    """The languages as buttons. A POST takes `language`, "" for that of the browser, and goes back to the page in `next`."""
    back = request.POST.get("next") or request.GET.get("next") or (page_of(request) if request.method != "POST" else "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = ""
    if request.method != "POST":
        return render(request, "language.html", {"back": back})
    code = known_language(request.POST.get("language", ""))
    if request.user.is_authenticated:
        request.user.language = code
        request.user.save(update_fields=["language"])
    response = redirect(back or settings.LOGIN_REDIRECT_URL)
    remember_language(response, code)
    return response
