"""Every page is in the language of the person who asked for it. Programs are answered in English."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from annotator.lib.languages import language_of, remember_language
from annotator.views.middleware.domain_errors import PROGRAM_PREFIXES

MANAGER_PAGES = ("/manage/", "/admin/")
# Bytes and answers without words. They are cached by their address alone.
WORDLESS = ("/images/", "/static/", "/healthz", "/readyz", "/metrics", "/.well-known/", "/manifest.webmanifest")


class LanguageMiddleware:
    """Django's LocaleMiddleware, with the choice that is kept in the account before that of the browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith((*PROGRAM_PREFIXES, *WORDLESS)):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        with translation.override(language_of(request)):  # the words for a database that is away
            return self.answer(request)

    def answer(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request, request.user)
        if request.path.startswith(MANAGER_PAGES) and language not in settings.MANAGER_LANGUAGES:
            language = settings.LANGUAGE_CODE
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        chosen = getattr(request.user, "language", "")
        in_browser = settings.LANGUAGE_COOKIE_NAME in response.cookies  # a choice of this very moment
        if chosen and not in_browser and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != chosen:
            remember_language(response, chosen)
        return response
