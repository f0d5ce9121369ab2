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
    "406": "Only JSON can be had.",
    "409": "Not in the present state of things.",
    "411": "The body came without a Content-Length.",
    "413": "The body is too large.",
    "415": "A body of this kind is not read here.",
    "416": "The file ends before that range.",
}


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made with `manage.py create_token`."}


class SchemaView(APIView):
    """JSON, or YAML to those who ask for it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2)

    @extend_schema(operation_id="get_schema", responses=OpenApiTypes.OBJECT, auth=[])
    def get(self, request: Request) -> Response:
        """This document."""
        return Response(document())


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
    return result


def errors_of(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    if not operation.get("security"):
        return ["406"]
    statuses = ["401", "403"]
    if "{" in path:
        statuses.append("404")
    if path.endswith("/"):
        statuses.append("406")
    else:  # the bytes of a file, whatever is accepted
        statuses += ["409", "416"]
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
        statuses.append("400")
    if method != "get":
        statuses += ["400", "409", "411", "413", "415"]
    return sorted(set(statuses))
