"""The OpenAPI document: public, made from the views and serializers, and completed with what all operations share."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.authentication import TokenAuthentication
from api.throttling import PerAddress
from api.views.base import IF_NONE_MATCH, NOT_MODIFIED, conditional

ERROR_SCHEMA = {
    "type": "object",
    "description": "Every error: `code` is for programs, `detail` for people, `errors` says what is wrong with which field.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
WORDS = {
    "400": "The body or a parameter is wrong, or the body cannot be read.",
    "401": "No token, or one that opens nothing.",
    "403": "The token lacks the scope, or the role does not allow it.",
    "404": "It does not exist, or it is not for you to know.",
    "406": "It cannot be had in that form.",
    "409": "Not in the present state of things.",
    "411": "The body came without a Content-Length.",
    "413": "The body is too large.",
    "415": "A body of this kind is not read here.",
    "416": "The file ends before that range.",
    "422": "The idempotency key came with another request before.",
    "429": "Too many requests in this minute. Wait as long as Retry-After says.",
    "503": "The database is away for a moment. Try again.",
}
HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "For If-None-Match, next time."},
    "Location": {"schema": {"type": "string", "format": "uri"}, "description": "Where it is."},
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."},
    "Idempotency-Replayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "It was made by an earlier request."},
}


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made with `manage.py create_token`."}


class SchemaView(APIView):
    """JSON, or YAML to those who ask for it."""

    throttle_classes = (PerAddress,)

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2)

    @extend_schema(
        operation_id="get_schema", parameters=[IF_NONE_MATCH], responses={200: OpenApiTypes.OBJECT, 304: NOT_MODIFIED}, auth=[]
    )
    def get(self, request: Request) -> Response:
        """This document."""
        return Response(document())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "public, no-cache"
        return conditional(request, response) if response.status_code == 200 else response


@cache
def document() -> dict[str, Any]:
    """The same for everybody for as long as the process runs."""
    return SchemaGenerator().get_schema(request=None, public=True)


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation says with which errors it may answer, and no body has unknown fields."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    result["components"]["schemas"]["Error"] = ERROR_SCHEMA
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in errors_of(path, method, operation):
                operation["responses"][status] = {
                    "description": WORDS[status],
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
            for status, response in operation["responses"].items():
                if names := headers_of(status, operation):
                    response.setdefault("headers", {}).update({name: HEADERS[name] for name in names})
    return result


def headers_of(status: str, operation: dict[str, Any]) -> list[str]:
    """Which of HEADERS an answer with this status has, or may have."""
    if status in ("429", "503"):
        return ["Retry-After"]
    if status in ("200", "206", "304") and "304" in operation["responses"]:
        return ["ETag"]
    if status in ("201", "202") and has_parameter(operation, "Idempotency-Key"):
        return ["Location", "Idempotency-Replayed"]
    return []


def has_parameter(operation: dict[str, Any], name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation.get("parameters", []))


def errors_of(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    if not operation.get("security"):
        return ["406", "429"]
    statuses = ["401", "403", "429", "503"]
    if "{" in path:
        statuses.append("404")
    if path.endswith("/"):
        statuses.append("406")
    else:  # the bytes of a file, whatever is accepted
        statuses += ["409", "416"]
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
        statuses.append("400")
    if has_parameter(operation, "Idempotency-Key"):
        statuses.append("422")
    if operation["operationId"] == "list_votes":
        statuses.append("409")  # a cursor of before a restore
    if method in ("post", "patch"):
        statuses += ["400", "409", "411", "413", "415"]
    return sorted(set(statuses))
