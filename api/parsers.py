"""What bodies are read as. Whatever comes in, the worst answer is a 400."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils import json

from api.errors import BodyTooLarge

JSON_LIMIT = 16 * 1024 * 1024  # bytes; what is parsed takes several times that in memory


class JSONParser(parsers.JSONParser):
    """Strict JSON in UTF-8 whose every text can be stored: no NUL characters and no halves of surrogate pairs."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        body = stream.read(JSON_LIMIT + 1)
        if len(body) > JSON_LIMIT:
            raise BodyTooLarge(f"A JSON body may have {JSON_LIMIT} bytes at most. Send more as JSON lines or as a file.")
        return read_json(body)


def read_json(body: bytes) -> Any:
    """Raises ParseError."""
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ParseError("JSON parse error - nested too deeply") from error
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error
    if b"\\u" in body:  # the only way that such characters get past the decoder
        refuse_unstorable(data)
    return data


def refuse_unstorable(data: Any) -> None:
    """Raises ParseError when some text in `data` cannot be kept in Postgres or written as UTF-8."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\x00" in item or any("\ud800" <= character <= "\udfff" for character in item)):
            raise ParseError("JSON parse error - a text has a NUL character or half a surrogate pair in it")


class JSONLinesParser(parsers.BaseParser):
    """Hands the body on unread: it may be far larger than memory, and its lines are checked one by one by a worker."""

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
