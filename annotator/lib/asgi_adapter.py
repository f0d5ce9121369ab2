"""Django's WSGI handler behind an event loop, so that slow clients never hold a thread that votes are counted in.

The loop reads the body, then a worker thread runs Django, then the loop writes the answer: each part with a deadline. Django's
own ASGI handler would read bodies of any size onto the disk, wait for slow ones without an end, and give each request a new
thread and a new connection to the database.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from django.http.response import HttpResponseBase

from annotator.lib import connections
from annotator.lib.even_connections import EvenConnections
from annotator.lib.request_body import (
    LIMIT,
    REFUSED,
    BodyRefused,
    BodyStream,
    ClientGone,
    Receive,
    RequestBody,
    discard,
    is_long,
    wait_for_end,
)

BLOCK_SIZE = 64 * 1024  # bytes that are written at once, and that a client must take within the deadline
FILE_THREADS = 4  # that read the next block of an answer; none waits for a client
DISCARD_SECONDS = 2.0
UNAVAILABLE = (503, "Too many uploads are running. Try again in a minute.")

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# Status, headers and content of the answer to a request and its body; None where Django is to answer.
Shortcut = Callable[[Scope, bytes], tuple[int, list[tuple[bytes, bytes]], bytes] | None]


@dataclass(frozen=True)
class Answer:
    """What Django answered: whole, or in blocks that are made while they are written."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    blocks: Iterator[bytes] | None = None
    close: Callable[[], None] = field(default=lambda: None)
    context: contextvars.Context = field(default_factory=contextvars.Context)


class AsgiAdapter:
    """The ASGI application."""

    def __init__(
        self,
        django: WSGIHandler,
        *,
        shortcuts: Sequence[Shortcut],
        threads: int,
        uploads: int,
        patience: float,
        long_bodies: re.Pattern[str],
        even: EvenConnections | None = None,
    ) -> None:
        """`threads` run Django. `uploads` are received at once, each with a thread of its own that waits for its client.

        `shortcuts` are asked first, in the same threads, for requests whose body was read; Django answers what they do not.
        `patience`: seconds that a client may send nothing of its body, or take nothing of its answer. `even` has some clients
        connect anew, where there are other processes with fewer.
        """
        self._django = django
        self._even = even
        self._shortcuts = shortcuts
        self._workers = ThreadPoolExecutor(threads, "worker")
        self._uploaders = ThreadPoolExecutor(uploads, "upload")
        self._readers = ThreadPoolExecutor(FILE_THREADS, "file")
        self._upload_slots = asyncio.Semaphore(uploads)
        self._patience = patience
        self._long_bodies = long_bodies
        self._is_limited = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if not self._is_limited:  # not earlier: the server listens when it has started us
            self._is_limited = True
            connections.allow_many()
            connections.limit_unread(2 * self._patience)
        with suppress(ClientGone):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with_long_body = is_long(self._long_bodies, scope["method"], scope["path"])
        body = None
        try:
            limit = None if with_long_body else LIMIT
            body = RequestBody(scope["headers"], receive, limit=limit, patience=self._patience)
            answer = await (self._receive_upload if with_long_body else self._receive_whole)(scope, body)
        except BodyRefused as error:
            answer = await self._refuse(scope, error.status, error.detail)
        if body is not None and body.is_read:
            if self._even is not None and self._even.let_go(scope["client"]):
                answer.headers.append((b"connection", b"close"))
            await self._write(answer, scope, receive, send)
            return
        answer.headers.append((b"connection", b"close"))
        await self._write_whole(answer, send)
        if not await discard(receive, DISCARD_SECONDS):
            _close_connection(scope, at_once=False)  # the server does not, as long as it waits for the rest of the body

    async def _receive_whole(self, scope: Scope, body: RequestBody) -> Answer:
        content = b"" if body.is_read else await body.read()
        return await asyncio.get_running_loop().run_in_executor(self._workers, self._answer, scope, content)

    def _answer(self, scope: Scope, content: bytes) -> Answer:
        close_old_connections()  # as Django does before each request of its own
        for shortcut in self._shortcuts:
            if (answer := shortcut(scope, content)) is not None:
                status, headers, whole = answer
                return Answer(status, [*headers, (b"content-length", str(len(whole)).encode())], whole)
        environ = environ_of(scope, io.BytesIO(content))
        if content:
            environ["CONTENT_LENGTH"] = str(len(content))  # a chunked body comes without
        return self._call_django(environ)

    async def _receive_upload(self, scope: Scope, body: RequestBody) -> Answer:
        try:
            async with asyncio.timeout(self._patience):
                await self._upload_slots.acquire()
        except TimeoutError:
            return await self._refuse(scope, *UNAVAILABLE)
        try:
            stream = io.BufferedReader(BodyStream(body, asyncio.get_running_loop()), BLOCK_SIZE)
            answer = await self._run(self._uploaders, environ_of(scope, stream))
        finally:
            self._upload_slots.release()
        if body.error is not None:  # Django took it for a client that went away
            answer.close()
            raise body.error
        return answer

    async def _refuse(self, scope: Scope, status: int, detail: str) -> Answer:
        """By Django, for the page or JSON of the site, its log and its metrics. Of the body it sees nothing."""
        environ = environ_of(scope, io.BytesIO()) | {REFUSED: (status, detail), "CONTENT_LENGTH": "0"}
        return await self._run(self._workers, environ)

    async def _run(self, threads: ThreadPoolExecutor, environ: dict[str, Any]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, self._call_django, environ)

    def _call_django(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
            started.append((status, headers))
            return _no_write

        response: HttpResponseBase = self._django(environ, start_response)
        ((status, headers),) = started
        answer = Answer(
            status=int(status[:3]),
            headers=[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            content=b"" if response.streaming else b"".join(response),
            blocks=iter(response) if response.streaming else None,
            close=response.close,
            context=contextvars.copy_context(),
        )
        if answer.blocks is None:
            response.close()
        else:  # closed in another thread, perhaps much later
            close_old_connections()
        return answer

    async def _write(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        if answer.blocks is None and len(answer.content) <= BLOCK_SIZE:
            await self._write_whole(answer, send)
            return
        leaving = asyncio.create_task(wait_for_end(receive))  # the server says nothing when we write to nobody
        try:
            await self._write_blocks(answer, send, leaving)
        except TimeoutError:
            _close_connection(scope, at_once=True)
        except Exception:
            _close_connection(scope, at_once=True)  # or what was sent could be taken for the whole
            raise
        finally:
            leaving.cancel()
            if answer.blocks is not None:
                await self._in_reader(answer.context.run, answer.close)

    async def _write_whole(self, answer: Answer, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.content})

    async def _write_blocks(self, answer: Answer, send: Send, leaving: asyncio.Task[None]) -> None:
        """Raises TimeoutError when the client does not take a block."""
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        block: bytes | None = answer.content
        while block is not None and not leaving.done():
            for start in range(0, len(block), BLOCK_SIZE):
                part = block[start : start + BLOCK_SIZE]
                async with asyncio.timeout(self._patience):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            block = None
            if answer.blocks is not None:
                # The context goes along, since each block may be made by another thread.
                block = await self._in_reader(answer.context.run, next, answer.blocks, None)
        await send({"type": "http.response.body", "body": b""})

    async def _in_reader(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, function, *arguments)


def _no_write(data: bytes) -> object:
    """What WSGI has for old applications. Django never calls it."""
    raise NotImplementedError


def _close_connection(scope: Scope, *, at_once: bool) -> None:
    host, port = scope["client"]
    connections.close(host, int(port), at_once=at_once)


async def _live(receive: Receive, send: Send) -> None:
    """The server says that it starts and ends; there is nothing to do."""
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})


def environ_of(scope: Scope, body: io.BufferedIOBase) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333)."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:  # would look like the header with a dash, which a proxy in front has set
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            name = f"HTTP_{name}"
        if name in environ:
            value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = value
    return environ
