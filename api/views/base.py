"""What all views of the API share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from annotator.lib import file_responses
from annotator.models import User
from api.errors import BodyTooLarge, LengthRequired
from api.pagination import NewestFirst
from api.parsers import JSONParser
from api.throttling import PerAddress, PerToken

BODY_LIMIT = 1024 * 1024  # bytes; enough for any body but an import


IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what you have.")
NOT_MODIFIED = OpenApiResponse(description="You have it already.")


class View(APIView):
    """`scopes` says, per method, which of them a token needs one of; a method that is not there does not exist."""

    http_method_names: Sequence[str] = ("get", "head", "post", "patch", "delete")  # all that there are
    parser_classes: Sequence[type[BaseParser]] = (JSONParser,)
    throttle_classes: Sequence[type[BaseThrottle]] = (PerToken,)
    scopes: ClassVar[Mapping[str, Sequence[str]]] = {}
    has_etag = False  # whether what GET answers is asked for again and again

    def body_limit(self) -> int:
        """Bytes that a body may have."""
        return BODY_LIMIT

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.check_length(request)  # first of all: to look for a session's CSRF token, Django reads a form's body
        per_address = PerAddress()
        if not per_address.allow_request(request, self):
            self.throttled(request, per_address.wait())
        super().initial(request, *args, **kwargs)

    def check_length(self, request: Request) -> None:
        """Raises BodyTooLarge by what the client says it sends, and LengthRequired when it does not say."""
        length = str(request.META.get("CONTENT_LENGTH") or "")
        limit = self.body_limit()
        if length.isdigit() and (len(length) > 18 or int(length) > limit):
            raise BodyTooLarge(f"The body may have {limit} bytes at most.")
        if not length and request.headers.get("Transfer-Encoding"):
            raise LengthRequired

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers are for the one who asked: nobody on the way keeps them, unless the view said how."""
        response.headers.setdefault("Cache-Control", file_responses.ASK_AGAIN if self.has_etag else "private, no-store")
        if isinstance(response, Response) and response.exception:
            request.accepted_renderer = JSONRenderer()  # whatever was to be had, errors are JSON
            request.accepted_media_type = JSONRenderer.media_type
        response = super().finalize_response(request, response, *args, **kwargs)
        is_whole = request.method in ("GET", "HEAD") and response.status_code == status.HTTP_200_OK
        return conditional(request, response) if self.has_etag and is_whole else response


def conditional(request: Request, response: Response) -> HttpResponseBase:
    """The response with an ETag, which is of what it says; 304 for somebody who has that already."""
    response.render()
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    answer: HttpResponseBase = response
    if file_responses.is_known(request.headers.get("If-None-Match", ""), etag):
        answer = HttpResponse(status=status.HTTP_304_NOT_MODIFIED)
        del answer.headers["Content-Type"]
        answer.headers["Cache-Control"] = response.headers["Cache-Control"]
    answer.headers["ETag"] = etag
    patch_vary_headers(answer, ["Accept", "Authorization", "Cookie"])
    return answer


def user_of(request: Request) -> User:
    """The user, who is known by now: the permission has let them in."""
    assert isinstance(request.user, User)
    return request.user


def valid_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The values of the body, as the serializer reads them. Raises ValidationError."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def page_of(request: Request, rows: QuerySet[Any], serializer: type[BaseSerializer[Any]], **context: Any) -> Response:
    """One page of the rows, as every list of the API is."""
    paginator = NewestFirst()
    page = paginator.paginate_queryset(rows, request)
    return paginator.get_paginated_response(serializer(page, many=True, context={"request": request, **context}).data)


def location(request: Request, name: str, *args: str | int) -> dict[str, str]:
    """The header that says where the thing is that was made."""
    return {"Location": request.build_absolute_uri(reverse(f"api:{name}", args=args))}


def whole_number(request: Request, name: str, *, low: int, high: int) -> int | None:
    """A parameter of the address, or None without one. Raises ValidationError."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(high)) and low <= int(raw) <= high):
        raise ValidationError({name: [f"Use a whole number from {low} to {high}."]})
    return int(raw)
