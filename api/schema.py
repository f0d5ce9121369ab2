"""The public OpenAPI document, made from the views and serializers, plus the errors and headers that all operations share."""

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
    "description": "An error. `code` is for programs, `detail` is for people, and `errors` lists the invalid fields.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
WORDS = {
    "400": "A value or a parameter is not valid, or the body could not be read.",
    "401": "The token is missing or not valid.",
    "403": "The token lacks the required scope, or your role does not allow this.",
    "404": "The resource does not exist, or you do not have access to it.",
    "406": "The requested format is not available.",
    "409": "The current state does not allow this.",
    "411": "The Content-Length header is missing.",
    "413": "The body is too large.",
    "415": "The content type of the body is not supported.",
    "416": "The range starts after the end of the file.",
    "422": "The idempotency key was already used for a different request.",
    "429": "Too many requests in this minute. Wait for the number of seconds in Retry-After.",
    "503": "The database is temporarily unavailable. Try again.",
}
HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "Send it as If-None-Match in the next request."},
    "Location": {"schema": {"type": "string", "format": "uri"}, "description": "The address of the new resource."},
    "Retry-After": {"schema": {"type": "integer"}, "description": "How many seconds to wait."},
    "Idempotency-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "This is the stored response to an earlier request.",
    },
}


class TokenScheme(OpenApiAuthenticationExtension):
    """Token authentication in the OpenAPI document."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Create a token with `manage.py create_token`."}


class SchemaView(APIView):
    """The OpenAPI document as JSON, or as YAML by `Accept`."""

    throttle_classes = (PerAddress,)

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2)

    @extend_schema(
        operation_id="get_schema", parameters=[IF_NONE_MATCH], responses={200: OpenApiTypes.OBJECT, 304: NOT_MODIFIED}, auth=[]
    )
    def get(self, request: Request) -> Response:
        """Get this document."""
        return Response(document())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "public, no-cache"
        return conditional(request, response) if response.status_code == 200 else response


@cache
def document() -> dict[str, Any]:
    """The document is the same for every user, so each process builds it once."""
    return SchemaGenerator().get_schema(request=None, public=True)


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: adds the possible errors to every operation, and forbids unknown fields."""
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
    """Which of HEADERS a response with this status can have."""
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
    else:  # the bytes of a file, for any Accept header
        statuses += ["409", "416"]
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
        statuses.append("400")
    if has_parameter(operation, "Idempotency-Key"):
        statuses.append("422")
    if operation["operationId"] == "list_votes":
        statuses.append("409")  # a cursor from before a restore
    if method in ("post", "patch"):
        statuses += ["400", "409", "411", "413", "415"]
    return sorted(set(statuses))
