"""The caller of the Hub protocol, and its error responses.

Missing data and data the caller may not read get the same response. Clients read `X-Error-Code`: without it they raise a
different error for the same status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.errors import NotFound
from annotator.models import Token, User

NOT_KEPT = "private, no-store"
COMPACT = {"separators": (",", ":")}  # DuckDB looks for `"type":"file"` in the text


class HubError(Exception):
    """An error response in the format that the clients understand."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers["X-Error-Message"] = message
        if code:
            self.headers["X-Error-Code"] = code

    def response(self) -> HttpResponse:
        return JsonResponse({"error": str(self)}, status=self.status, headers=self.headers)


@dataclass(frozen=True)
class Caller:
    """`token` is None without a token, and with a token that is not valid (`has_bad_token`)."""

    token: Token | None = None
    has_bad_token: bool = False

    @property
    def user(self) -> User | None:
        """The user whose access applies; None if the token lacks the scope to read releases."""
        return self.token.user if self.token and Scope.EXPORT in self.token.scopes else None

    def no_repository(self) -> HubError:
        """The dataset does not exist, or the caller may not read it."""
        if self.token is None:
            return self.unknown()
        message = "This dataset does not exist, or you do not have access to it."
        if self.user is None:
            message += f" This token lacks the scope {Scope.EXPORT.value}."
        return HubError(404, message, "RepoNotFound")

    def unknown(self) -> HubError:
        """The caller sent no token, or a token that is not valid."""
        if self.has_bad_token:
            # The clients look for exactly this text. With a code they would report a missing repository.
            return HubError(401, "Invalid credentials in Authorization header", WWW_Authenticate="Bearer")
        message = "This dataset does not exist, or you need a token to read it."
        return HubError(401, message, "RepoNotFound", WWW_Authenticate="Bearer")


def caller_of(request: HttpRequest) -> Caller:
    """The caller, by token only. An unknown token is not an error yet: clients also send a saved token of the real Hub, even for
    public data."""
    try:
        token = api_tokens.token_of(request.headers.get("Authorization", ""))
    except api_tokens.BadToken:
        return Caller(has_bad_token=True)
    if token is not None:
        request.user = token.user  # for the log line
    return Caller(token)


P = ParamSpec("P")


def hub_view(*methods: str) -> Callable[[Callable[Concatenate[HttpRequest, Caller, P], HttpResponseBase]], Any]:
    """A view of the protocol for these methods. Other methods would be writes and are refused."""

    def decorate(view: Callable[Concatenate[HttpRequest, Caller, P], HttpResponseBase]) -> Any:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    raise HubError(403, "This dataset is read-only. Nothing can be written over this protocol.")
                response = view(request, caller_of(request), *args, **kwargs)
            except HubError as error:
                response = error.response()
            except (NotFound, FileNotFoundError):
                response = HubError(404, "This file is no longer in storage.", "EntryNotFound").response()
            response.headers.setdefault("Cache-Control", NOT_KEPT)
            patch_vary_headers(response, ["Authorization"])
            return response

        return answer

    return decorate


def json_answer(data: Any, **headers: str) -> HttpResponse:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse(data, safe=False, json_dumps_params=COMPACT, headers=headers)
