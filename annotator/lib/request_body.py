"""The body of a request as it comes in on the event loop: counted against a limit, and read only while it comes fast enough."""

from __future__ import annotations

import asyncio
import io
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

LIMIT = 1024 * 1024  # bytes; enough for every body but the imports of settings.LONG_BODIES
STREAM_SIZE = 256 * 1024  # bytes for which a thread that reads a body wakes the loop
SLOWEST = 1024  # bytes a second on average: a telephone at the edge of the network sends ten times that
REFUSED = "diptych.refused"  # in the WSGI environment: (status, sentence) for views.middleware.domain_errors

Receive = Callable[[], Awaitable[Any]]


class BodyRefused(OSError):
    """The body is not read to its end. An OSError, because Django takes one for a client that went away."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class ClientGone(OSError):
    """The client closed the connection. Nobody waits for an answer."""


class RequestBody:
    """What is left to read of one body. `limit` is None where the view counts for itself."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive, *, limit: int | None, patience: float) -> None:
        """`patience`: seconds that a client may send nothing, and for which it may be slower than SLOWEST.

        Raises BodyRefused when the headers already say that the body is too large.
        """
        self.length: int | None = 0  # None: chunked, known at its end
        self._receive, self._limit, self._patience = receive, limit, patience
        for name, value in headers:
            if name == b"transfer-encoding":
                self.length = None
            elif name == b"content-length" and self.length is not None:
                self.length = int(value)
        self.is_read = self.length == 0
        self.error: BodyRefused | None = None
        self._count = 0
        self._start = time.monotonic()
        if limit is not None and (self.length or 0) > limit:
            raise self._refused(413, f"The body can be at most {in_words(limit)}.")

    async def read(self, size: int = sys.maxsize) -> bytes:
        """At least `size` bytes, fewer at the end, b"" after it. Raises BodyRefused and ClientGone."""
        blocks: list[bytes] = []
        while not self.is_read and size > 0:
            blocks.append(await self._next_block())
            size -= len(blocks[-1])
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    async def _next_block(self) -> bytes:
        waited = time.monotonic() - self._start
        try:
            async with asyncio.timeout(min(self._patience, self._patience + self._count / SLOWEST - waited)):
                message = await self._receive()
        except TimeoutError:
            raise self._refused(408, "The request was sent too slowly. Try again on a better connection.") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        block: bytes = message.get("body", b"")
        self._count += len(block)
        if self._limit is not None and self._count > self._limit:
            raise self._refused(413, f"The body can be at most {in_words(self._limit)}.")
        self.is_read = not message.get("more_body") or self._count == self.length
        return block

    def _refused(self, status: int, detail: str) -> BodyRefused:
        self.error = BodyRefused(status, detail)
        return self.error


async def discard(receive: Receive, seconds: float) -> bool:
    """Let a client send a little longer, into nothing: many read no answer before they have sent all of their body.

    Returns whether it has.
    """
    try:
        async with asyncio.timeout(seconds):
            while (await receive()).get("more_body"):
                continue
    except TimeoutError:
        return False
    return True


async def wait_for_end(receive: Receive) -> None:
    """Return when the client is gone. Its body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        continue


class BodyStream(io.RawIOBase):
    """A body for a thread that reads it while it comes, as `wsgi.input`."""

    def __init__(self, body: RequestBody, loop: asyncio.AbstractEventLoop) -> None:
        self._body, self._loop = body, loop
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        """Raises BodyRefused and ClientGone."""
        while not self._rest and not self._body.is_read:
            reading = asyncio.run_coroutine_threadsafe(self._body.read(STREAM_SIZE), self._loop)
            self._rest = memoryview(reading.result())
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def in_words(size: int) -> str:
    """A number of bytes as people say it: 1 MB, 400 MB, 4 GB; as bytes where it is no round number."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"


def is_long(pattern: re.Pattern[str], method: str, path: str) -> bool:
    """Whether the view of this path reads a body of its own size, and checks before it does who sends it."""
    return method == "POST" and pattern.fullmatch(path) is not None
