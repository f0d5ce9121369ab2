"""Every list is `{"next", "previous", "results"}` by cursor, newest first, in an order that never changes."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

# The decoder silently skips other characters. An empty cursor is the first page.
CURSOR_PATTERN = re.compile(r"^([A-Za-z0-9+/]{1,100}={0,2})?$", re.ASCII)
POSITION_DIGITS = 18  # the most that a primary key can have


class NewestFirst(CursorPagination):
    """By primary key, which is unique: nothing is skipped or repeated while rows are added."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_size_query_description = f"Results per page, 1 to {max_page_size}. Default: {page_size}."
    cursor_query_description = "Where the page starts. Take it from `next` or `previous`."

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises ValidationError for a cursor that we did not make: a position that is not a number would fail in SQL."""
        wrong = ValidationError(
            {self.cursor_query_param: ["The cursor is not valid. Use the addresses in `next` and `previous`."]}
        )
        given = request.query_params.get(self.cursor_query_param)
        if not given:
            return None
        if not CURSOR_PATTERN.fullmatch(given):
            raise wrong
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise wrong from error
        position: Any = cursor.position if cursor else None
        if position is not None and not (position.isascii() and position.isdigit() and len(position) <= POSITION_DIGITS):
            raise wrong
        return cursor

    def get_page_size(self, request: Request) -> int:
        raw: str = request.query_params.get("page_size", str(self.page_size))
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 4 and 1 <= int(raw) <= self.max_page_size):
            raise ValidationError({self.page_size_query_param: [f"Use a whole number from 1 to {self.max_page_size}."]})
        return int(raw)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        schemas = {
            self.cursor_query_param: {"type": "string", "pattern": CURSOR_PATTERN.pattern},
            self.page_size_query_param: {
                "type": "integer",
                "minimum": 1,
                "maximum": self.max_page_size,
                "default": self.page_size,
            },
        }
        return [parameter | {"schema": schemas[parameter["name"]]} for parameter in parameters]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }
