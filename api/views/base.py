"""The base class of all API views, and helpers for them."""

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
from annotator.lib.request_body import LIMIT, in_words
from annotator.models import User
from api.errors import BodyTooLarge, LengthRequired
from api.pagination import NewestFirst
from api.parsers import JSONParser
from api.throttling import PerAddress, PerToken

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the response you already have."
)
NOT_MODIFIED = OpenApiResponse(description="Not changed since the response with this ETag.")


class View(APIView):
    """`scopes` lists per method the scopes of which a token needs one. Other methods are not supported."""

    http_method_names: Sequence[str] = ("get", "head", "post", "patch", "delete")  # all supported methods
    parser_classes: Sequence[type[BaseParser]] = (JSONParser,)
    throttle_classes: Sequence[type[BaseThrottle]] = (PerToken,)
    scopes: ClassVar[Mapping[str, Sequence[str]]] = {}
    has_etag = False  # whether clients poll it with GET

    def body_limit(self) -> int:
        """The largest body in bytes."""
        return LIMIT

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.check_length(request)  # first, because Django reads a form's body to find the CSRF token
        per_address = PerAddress()
        if not per_address.allow_request(request, self):
            self.throttled(request, per_address.wait())
        super().initial(request, *args, **kwargs)

    def check_length(self, request: Request) -> None:
        """Raises BodyTooLarge if Content-Length is too large, and LengthRequired if it is missing."""
        length = str(request.META.get("CONTENT_LENGTH") or "")
        limit = self.body_limit()
        if length.isdigit() and (len(length) > 18 or int(length) > limit):
            raise BodyTooLarge(f"The body can be at most {in_words(limit)}.")
        if not length and request.headers.get("Transfer-Encoding"):
            raise LengthRequired

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Responses are private: no proxy caches them, unless the view sets Cache-Control."""
        response.headers.setdefault("Cache-Control", file_responses.ASK_AGAIN if self.has_etag else "private, no-store")
        if isinstance(response, Response) and response.exception:
            request.accepted_renderer = JSONRenderer()  # errors are JSON for every Accept header
            request.accepted_media_type = JSONRenderer.media_type
        response = super().finalize_response(request, response, *args, **kwargs)
        is_whole = request.method in ("GET", "HEAD") and response.status_code == status.HTTP_200_OK
        return conditional(request, response) if self.has_etag and is_whole else response


def conditional(request: Request, response: Response) -> HttpResponseBase:
    """The response with an ETag made from its content; 304 if the client already has that content."""
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
    """The authenticated user: the permission class has checked it."""
    assert isinstance(request.user, User)
    return request.user


def valid_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated values of the body. Raises ValidationError."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def page_of(request: Request, rows: QuerySet[Any], serializer: type[BaseSerializer[Any]], **context: Any) -> Response:
    """One page of rows, in the format of every list."""
    paginator = NewestFirst()
    page = paginator.paginate_queryset(rows, request)
    return paginator.get_paginated_response(serializer(page, many=True, context={"request": request, **context}).data)


def location(request: Request, name: str, *args: str | int) -> dict[str, str]:
    """The Location header with the address of the new resource."""
    return {"Location": request.build_absolute_uri(reverse(f"api:{name}", args=args))}


def whole_number(request: Request, name: str, *, low: int, high: int) -> int | None:
    """A query parameter, or None if it is missing. Raises ValidationError."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(high)) and low <= int(raw) <= high):
        raise ValidationError({name: [f"Use a whole number from {low} to {high}."]})
    return int(raw)
