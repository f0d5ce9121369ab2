"""The settings of the annotation page, as its script stores them."""

from __future__ import annotations

import json

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from annotator.accounts.preferences import change_preferences
from annotator.errors import DomainError, Invalid
from annotator.views.middleware.domain_errors import status_of
from annotator.views.requests import UserRequest


@require_POST
def preferences(request: UserRequest) -> HttpResponse:
    """Change those in the body, a JSON object. The answer has all of them."""
    try:
        changes = _read(request.body)
        return JsonResponse(change_preferences(user=request.user, changes=changes))
    except DomainError as error:
        body = {"code": error.code, "detail": error.detail, "errors": getattr(error, "errors", {})}
        return JsonResponse(body, status=status_of(error))


def _read(content: bytes) -> dict[str, object]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Invalid(gettext("The body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise Invalid(gettext("The body must be a JSON object."))
    return body
