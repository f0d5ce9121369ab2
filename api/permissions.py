"""Checks the scopes of a token. The first line of each view then checks membership and role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.models import Token

if TYPE_CHECKING:
    from rest_framework.views import APIView  # its settings import this module

ANY_SCOPE = tuple(Scope)


class HasScope(BasePermission):
    """Requires an authenticated user. A token also needs one of the view's `scopes[method]`.

    A session has no scopes and can do everything that its user can do.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else request.method
        allowed = view.scopes.get(method)  # type: ignore[attr-defined]
        if allowed is not None and isinstance(request.auth, Token):  # a method without scopes is not supported: a 405 follows
            api_tokens.require_scope(request.auth, allowed)
        return True
