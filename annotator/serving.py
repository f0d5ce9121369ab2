"""Bytes of a stored file over HTTP: whole, or one range of them, with a strong ETag. For the REST API and the Hub's protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header, parse_etags

BLOCK_SIZE = 1024 * 1024  # bytes; Django's own 4 KiB cost a third of the rate
RANGE_PATTERN = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)", re.IGNORECASE | re.ASCII)
DIGITS_LIMIT = 18  # a longer number is past the end of any file, and int() refuses very long ones

CONTENT_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
UNKNOWN_TYPE = "application/octet-stream"


class RangeNotSatisfiable(Exception):
    """The range begins after the end of the file. To be answered with 416 and `headers`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes; the range begins after them.")
        self.headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a Range header asks for, clipped to the file; None where the whole is to be sent.

    That is so for another unit, several ranges and nonsense: a server may ignore Range, and these clients get what they can
    check. Raises RangeNotSatisfiable.
    """
    match = RANGE_PATTERN.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    if not match[1]:  # the last so many bytes
        wanted = number_of(match[2])
        if wanted == 0 or size == 0:
            raise RangeNotSatisfiable(size)
        return max(0, size - wanted), size - 1
    first = number_of(match[1])
    last = number_of(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable(size)
    return first, min(last, size - 1)


def number_of(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= DIGITS_LIMIT else 10**DIGITS_LIMIT


class Blocks:
    """`length` bytes of an open file from `start` on, in blocks. Closes the file, also when nobody reads it to the end."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self.file = file
        self.left = length
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self.file.read(min(BLOCK_SIZE, self.left)) if self.left else b""
        if not block:
            raise StopIteration
        self.left -= len(block)
        return block

    def close(self) -> None:
        self.file.close()


def serve(request: HttpRequest, *, open_file: Callable[[], IO[bytes]], size: int, sha256: str, name: str) -> HttpResponseBase:
    """The answer to GET or HEAD for a file whose content never changes under this address.

    200, 206 for one range, 304 where the client has it. `open_file` is called only when bytes are sent.
    Raises RangeNotSatisfiable.
    """
    etag = f'"{sha256}"'
    response: HttpResponseBase
    if is_known(request.headers.get("If-None-Match", ""), etag):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
        return with_headers(response, etag)
    wanted = None
    if request.method == "GET" and request.headers.get("If-Range", etag).strip() == etag:
        wanted = range_of(request.headers.get("Range", ""), size)
    first, last = wanted or (0, size - 1)
    length = last - first + 1
    if request.method == "HEAD":
        response = HttpResponse()
    else:
        response = StreamingHttpResponse(Blocks(open_file(), first, length), status=206 if wanted else 200)
    if wanted:
        response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    path = PurePosixPath(name)
    response.headers["Content-Length"] = str(length)
    response.headers["Content-Type"] = CONTENT_TYPES.get(path.suffix, UNKNOWN_TYPE)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=path.name) or "attachment"
    response.headers["Content-Encoding"] = "identity"  # or a proxy might compress it, and ranges would mean other bytes
    response.headers["X-Content-Type-Options"] = "nosniff"
    return with_headers(response, etag)


def content_types() -> list[str]:
    """The kinds that files are sent as, without parameters."""
    return sorted({kind.partition(";")[0] for kind in [*CONTENT_TYPES.values(), UNKNOWN_TYPE]})


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client has these bytes. Compared weakly, as RFC 9110 wants it: a proxy may have made the ETag weak."""
    known = parse_etags(if_none_match) if if_none_match else []
    return "*" in known or etag in [each.removeprefix("W/") for each in known]


def with_headers(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    # Kept by the client alone and asked for again each time, so that somebody who lost access has lost it.
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
