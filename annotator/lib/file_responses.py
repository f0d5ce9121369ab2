"""Bytes of a stored file over HTTP: whole, or one range of them, with a strong ETag. For the REST API and the Hub's protocol.

django-sendfile2 would write the one line for the proxy, of paths instead of names in the storage; its own sender has no ranges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.utils.http import content_disposition_header, parse_etags

BLOCK_SIZE = 256 * 1024  # bytes; Django's own 4 KiB cost a third of the rate, and each slow client keeps a block
RANGE_PATTERN = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)", re.IGNORECASE | re.ASCII)
DIGITS_LIMIT = 18  # a longer number is past the end of any file, and int() refuses very long ones

CONTENT_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
}
UNKNOWN_TYPE = "application/octet-stream"
# Kept by the client alone and asked for again each time, so that somebody who lost access has lost it.
ASK_AGAIN = "private, no-cache"
PROXY_FOLDER = "/stored/"  # where deploy/nginx.conf has the storage folder, for its own redirects only
STORE_ADDRESS_SECONDS = 3600  # a slow client takes a while for 500 MB; whoever begins must be able to end


class RangeNotSatisfiable(Exception):
    """The range begins after the end of the file. To be answered with 416 and `headers`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes. The range starts after its end.")
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
        self._start: int | None = start

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._start is not None:  # not earlier: a store of objects then begins to fetch them
            self.file.seek(self._start)
            self._start = None
        block = self.file.read(min(BLOCK_SIZE, self.left)) if self.left else b""
        if not block:
            raise StopIteration
        self.left -= len(block)
        return block

    def close(self) -> None:
        self.file.close()


def serve(
    request: HttpRequest,
    *,
    open_file: Callable[[], IO[bytes]],
    size: int,
    sha256: str,
    name: str,
    tag: str = "",
    cache_control: str = ASK_AGAIN,
    stored_as: str = "",
) -> HttpResponseBase:
    """The answer to GET or HEAD for a file whose content never changes under this address.

    200, 206 for one range, 304 where the client has it; 302 where the store is to send it, and a word to the proxy where that
    one is (SEND_FILES): for either it must be said under which name the file is stored. The ETag is the sha256 unless another
    `tag` is given. `open_file` is called only when bytes are sent from here. Raises RangeNotSatisfiable.
    """
    etag = f'"{tag or sha256}"'
    response: HttpResponseBase
    if is_known(request.headers.get("If-None-Match", ""), etag):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
        return with_headers(response, etag, cache_control)
    wanted = None
    if request.method == "GET" and request.headers.get("If-Range", etag).strip() == etag:
        wanted = range_of(request.headers.get("Range", ""), size)
    first, last = wanted or (0, size - 1)
    length = last - first + 1
    if request.method == "HEAD":
        response = HttpResponse()
    elif stored_as and settings.SEND_FILES != "app":
        response = hand_over(stored_as, content_type=content_type_of(name), disposition=disposition_of(name))
    else:
        response = StreamingHttpResponse(Blocks(open_file(), first, length), status=206 if wanted else 200)
        if wanted:
            response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if request.method == "HEAD" or response.streaming:
        response.headers["Content-Length"] = str(length)
    describe(response, name)
    return with_headers(response, etag, cache_control)


def hand_over(stored_as: str, *, content_type: str, disposition: str, cache_control: str = "") -> HttpResponse:
    """An answer without bytes: the proxy puts those of the file in its place, Range and all, or the store is asked for them,
    and to say these things of it."""
    if settings.SEND_FILES == "proxy":
        redirect = {"X-Accel-Redirect": PROXY_FOLDER + escape_uri_path(stored_as)}
        return HttpResponse(headers=redirect | {"Content-Type": content_type, "Content-Disposition": disposition})
    parameters = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    if cache_control:
        parameters["ResponseCacheControl"] = cache_control
    # The storage's own way to make an address that is good for a while, and signed; only that of S3 is ever asked.
    address = default_storage.url(stored_as, parameters=parameters, expire=STORE_ADDRESS_SECONDS)  # type: ignore[call-arg]
    return HttpResponse(status=302, headers={"Location": address})


def describe(response: HttpResponseBase, name: str) -> None:
    """What kind of file it is; and that it is sent as it is, and nothing guessed about it."""
    response.headers["Content-Type"] = content_type_of(name)
    response.headers["Content-Disposition"] = disposition_of(name)
    response.headers["Content-Encoding"] = "identity"  # or a proxy might compress it, and ranges would mean other bytes
    response.headers["X-Content-Type-Options"] = "nosniff"


def content_type_of(name: str) -> str:
    return CONTENT_TYPES.get(PurePosixPath(name).suffix, UNKNOWN_TYPE)


def disposition_of(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=PurePosixPath(name).name) or "attachment"


def content_types() -> list[str]:
    """The kinds that files are sent as, without parameters."""
    return sorted({kind.partition(";")[0] for kind in [*CONTENT_TYPES.values(), UNKNOWN_TYPE]})


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client has these bytes. Compared weakly, as RFC 9110 wants it: a proxy may have made the ETag weak."""
    known = parse_etags(if_none_match) if if_none_match else []
    return "*" in known or etag in [each.removeprefix("W/") for each in known]


def with_headers(response: HttpResponseBase, etag: str, cache_control: str) -> HttpResponseBase:
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
