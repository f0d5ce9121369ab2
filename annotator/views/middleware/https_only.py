"""Programs must speak HTTPS themselves. Browsers are sent there (SECURE_SSL_REDIRECT)."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from annotator.views.middleware.domain_errors import PROGRAM_PREFIXES

DETAIL = "Use https://. If a token was sent with this request, it was not encrypted: revoke it and create a new one."


class ProgramsOverHttps:
    """Refuses what programs ask in the clear. With a redirect all would work, and each token go out readable for ever."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith(PROGRAM_PREFIXES):
            return JsonResponse({"code": "https_required", "detail": DETAIL}, status=403)
        return self.get_response(request)
