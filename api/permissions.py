"""What a token's scopes let through. Membership and role are looked at after that, in the view's first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.models import Token

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module, by its settings

ANY_SCOPE = tuple(Scope)


class HasScope(BasePermission):
    """Somebody who is known and, where a token is used, one with a scope that the view asks for in `scopes[method]`.

    A session has no scopes: it may what its user may.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else request.method
        allowed = view.scopes.get(method)  # type: ignore[attr-defined]
        if allowed is not None and isinstance(request.auth, Token):  # a method without scopes does not exist: 405 comes next
            api_tokens.require_scope(request.auth, allowed)
        return True
