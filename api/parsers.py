"""Parsers of request bodies. A body that cannot be read is a 400, never a 500."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils import json

from api.errors import BodyTooLarge

JSON_LIMIT = 16 * 1024 * 1024  # bytes; parsed, the body takes several times as much memory


class JSONParser(parsers.JSONParser):
    """Strict JSON in UTF-8 that Postgres can store: no NUL characters and no unpaired surrogates."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        body = stream.read(JSON_LIMIT + 1)
        if len(body) > JSON_LIMIT:
            raise BodyTooLarge(f"A JSON body can be at most {JSON_LIMIT} bytes. For more data, send JSON lines or a file.")
        return read_json(body)


def read_json(body: bytes) -> Any:
    """Raises ParseError."""
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ParseError("Invalid JSON: nested too deeply.") from error
    except ValueError as error:
        raise ParseError(f"Invalid JSON: {error}.") from error
    if b"\\u" in body:  # only an escape gets these characters past the decoder
        refuse_unstorable(data)
    return data


def refuse_unstorable(data: Any) -> None:
    """Raises ParseError if a string in `data` cannot be stored in Postgres or written as UTF-8."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\x00" in item or any("\ud800" <= character <= "\udfff" for character in item)):
            raise ParseError("Invalid JSON: a string contains a NUL character or an unpaired surrogate.")


class JSONLinesParser(parsers.BaseParser):
    """Passes the body on unread: it can be larger than memory, and a worker checks its lines one by one."""

    media_type = "application/jsonl"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return stream


class NDJSONParser(JSONLinesParser):
    media_type = "application/x-ndjson"


class PlainTextParser(JSONLinesParser):
    media_type = "text/plain"


class BinaryParser(JSONLinesParser):
    media_type = "application/octet-stream"


JSON_LINES_PARSERS = [JSONLinesParser, NDJSONParser, PlainTextParser, BinaryParser]
