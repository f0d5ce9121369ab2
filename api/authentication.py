"""Authentication: `Authorization: Bearer …`, or else a browser session (Django REST framework's, which checks CSRF)."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from annotator.accounts import api_tokens
from annotator.models import Token, User


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        try:
            token = api_tokens.token_of(request.headers.get("Authorization", ""))
        except api_tokens.BadToken as error:
            raise AuthenticationFailed(error.detail, code=error.code) from error
        return None if token is None else (token.user, token)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
