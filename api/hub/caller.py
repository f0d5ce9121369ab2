"""Who asks, and what they are told when it comes to nothing.

What does not exist and what the caller may not see get the same answer. `X-Error-Code` is what the clients go by: without it
they make a different error of the same status.
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
    """An answer that is no success, in the form that the clients understand."""

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
    """`token` is None for somebody without one and for one whose token opens nothing (`has_bad_token`)."""

    token: Token | None = None
    has_bad_token: bool = False

    @property
    def user(self) -> User | None:
        """Whose rights they have: nobody's, where the token is not for reading releases."""
        return self.token.user if self.token and Scope.EXPORT in self.token.scopes else None

    def no_repository(self) -> HubError:
        """There is none of that name, or not for them."""
        if self.token is None:
            return self.unknown()
        message = "There is no such dataset, or it is not for you to read."
        if self.user is None:
            message += f" This token lacks the scope {Scope.EXPORT.value}."
        return HubError(404, message, "RepoNotFound")

    def unknown(self) -> HubError:
        """They would have to say who they are, or their token is none of ours."""
        if self.has_bad_token:
            # To the letter: the clients look for this text. No code, or they would say that the repository is missing.
            return HubError(401, "Invalid credentials in Authorization header", WWW_Authenticate="Bearer")
        message = "There is no such dataset, or it takes a token to read it."
        return HubError(401, message, "RepoNotFound", WWW_Authenticate="Bearer")


def caller_of(request: HttpRequest) -> Caller:
    """By token alone. One that is unknown is no error yet: people have their token of the real Hub saved, and the clients send
    it everywhere, also for data that is public."""
    try:
        token = api_tokens.token_of(request.headers.get("Authorization", ""))
    except api_tokens.BadToken:
        return Caller(has_bad_token=True)
    if token is not None:
        request.user = token.user  # for the line in the log
    return Caller(token)


P = ParamSpec("P")


def hub_view(*methods: str) -> Callable[[Callable[Concatenate[HttpRequest, Caller, P], HttpResponseBase]], Any]:
    """A view of the protocol, for these methods. Anything else would be a write, which is refused."""

    def decorate(view: Callable[Concatenate[HttpRequest, Caller, P], HttpResponseBase]) -> Any:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    raise HubError(403, "Releases are made in Diptych; nothing can be written over this protocol.")
                response = view(request, caller_of(request), *args, **kwargs)
            except HubError as error:
                response = error.response()
            except (NotFound, FileNotFoundError):
                response = HubError(404, "This file is not in storage any more.", "EntryNotFound").response()
            response.headers.setdefault("Cache-Control", NOT_KEPT)
            patch_vary_headers(response, ["Authorization"])
            return response

        return answer

    return decorate


def json_answer(data: Any, **headers: str) -> HttpResponse:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse(data, safe=False, json_dumps_params=COMPACT, headers=headers)
