"""The adapter as a server drives it. What it does with slow clients over real connections is in tests/attacks/."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from annotator.lib.asgi_adapter import BLOCK_SIZE, AsgiAdapter, environ_of
from annotator.lib.request_body import LIMIT, REFUSED

pytestmark = pytest.mark.django_db  # a response that streams gives connections back

LONG = re.compile("/long/")


def scope(method: str = "GET", path: str = "/", query: bytes = b"", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": query,
        "scheme": "http",
        "server": ("127.0.0.1", "8000"),
        "client": ("127.0.0.1", "50000"),
        "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    }


class Handler:
    """What Django's WSGI handler is to its server, around one view."""

    def __init__(self, view: Callable[[HttpRequest], Any]) -> None:
        self.view = view

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response = self.view(WSGIRequest(environ))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response


def answer(
    view: Callable[[HttpRequest], Any],
    asked: dict[str, Any],
    *blocks: bytes,
    patience: float = 30.0,
    shortcut: Any = lambda scope, content: None,
) -> tuple[Any, ...]:
    """Status, headers and blocks that were sent. After its body the client waits, and then leaves."""
    left, sent = list(blocks), []

    async def receive() -> dict[str, Any]:
        if left:
            block = left.pop(0)
            return {"type": "http.request", "body": block, "more_body": bool(left)}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def main() -> None:
        shortcuts = {"shortcuts": [shortcut], "threads": 2, "uploads": 1}
        adapter = AsgiAdapter(Handler(view), patience=patience, long_bodies=LONG, **shortcuts)
        await asyncio.wait_for(adapter(asked, receive, send), 20)

    asyncio.run(main())
    start, *rest = sent
    return start["status"], dict(start["headers"]), [message["body"] for message in rest if message["body"]]


def test_the_shortcut_answers_before_django_is_asked():
    def shortcut(asked: dict[str, Any], content: bytes) -> Any:
        return (200, [(b"x-short", b"1")], content.upper()) if asked["method"] == "POST" else None

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("by Django")

    posted = answer(view, scope("POST", content_length="5"), b"hello", shortcut=shortcut)

    assert posted == (200, {b"x-short": b"1", b"content-length": b"5"}, [b"HELLO"])
    assert answer(view, scope(), shortcut=shortcut)[2] == [b"by Django"]


def test_a_request_is_answered_by_django():
    def view(request: HttpRequest) -> HttpResponse:
        said = f"{request.method} {request.path} {request.GET['q']} {request.headers['X-Name']} {request.POST['a']}"
        return HttpResponse(said, status=201, headers={"X-Answer": "yes"})

    asked = scope("POST", "/é/", b"q=%C3%BC", content_length="3", x_name="n")
    asked["headers"].append((b"content-type", b"application/x-www-form-urlencoded"))

    status, headers, blocks = answer(view, asked, b"a=5")

    assert (status, blocks) == (201, ["POST /é/ ü n 5".encode()])
    assert headers[b"x-answer"] == b"yes"


def test_a_chunked_body_arrives_with_its_length():
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.headers["Content-Length"].encode() + request.body)

    assert answer(view, scope("POST", transfer_encoding="chunked"), b"01", b"23", b"")[2] == [b"40123"]


def test_a_large_answer_is_sent_in_blocks():
    content = bytes(3 * BLOCK_SIZE + 1)

    _, _, blocks = answer(lambda _: HttpResponse(content), scope())

    assert b"".join(blocks) == content
    assert max(map(len, blocks)) == BLOCK_SIZE


def test_a_stream_is_made_outside_the_threads_of_django_and_closed():
    threads, closed = [], []

    def view(_: HttpRequest) -> StreamingHttpResponse:
        threads.append(threading.current_thread().name)
        return StreamingHttpResponse(stream())

    def stream() -> Iterator[bytes]:
        try:
            for number in range(3):
                threads.append(threading.current_thread().name)
                yield str(number).encode()
        finally:
            closed.append(True)

    _, _, blocks = answer(view, scope())

    assert b"".join(blocks) == b"012"
    assert [name.partition("_")[0] for name in threads] == ["worker", "file", "file", "file"]
    assert closed


def test_a_client_that_leaves_ends_the_stream():
    left, closed = asyncio.Event(), []

    def view(_: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(endless())

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.append(True)

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message.get("body"):
            left.set()

    async def main() -> None:
        adapter = AsgiAdapter(Handler(view), shortcuts=[], threads=1, uploads=1, patience=30, long_bodies=LONG)
        await asyncio.wait_for(adapter(scope(), receive, send), 20)

    asyncio.run(main())
    assert closed


def test_a_stream_that_breaks_off_is_not_taken_for_the_whole():
    def stream() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("broken")

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        served, address = listener.accept()
        asked = scope() | {"client": (address[0], str(address[1]))}
        with served:
            with pytest.raises(ValueError, match="broken"):
                answer(lambda _: StreamingHttpResponse(stream()), asked)
            assert client.recv(1) == b""  # the end, before the end of the answer


def refusal_of(request: HttpRequest) -> HttpResponse:
    status, detail = request.META.get(REFUSED, (200, "not refused"))
    return HttpResponse(detail, status=status)


@pytest.mark.parametrize(
    ("headers", "blocks", "expected"),
    [
        ({"content_length": str(LIMIT + 1)}, [b"x", b""], 413),
        ({"transfer_encoding": "chunked"}, [bytes(LIMIT), b"x", b""], 413),
        ({"content_length": "10"}, [], 408),
        ({"content_length": "1"}, [b"x"], 200),
    ],
)
def test_what_is_too_large_or_too_slow_is_refused_in_the_words_of_the_site(headers, blocks, expected):
    status, sent, _ = answer(refusal_of, scope("POST", **headers), *blocks, patience=0.5)

    assert status == expected
    assert sent.get(b"connection") == (None if expected == 200 else b"close")


def test_a_long_body_is_read_by_the_view_while_it_comes():
    def view(request: HttpRequest) -> HttpResponse:
        assert threading.current_thread().name.startswith("upload")
        return HttpResponse(str(len(request.read())))

    size = LIMIT + 5
    asked = scope("POST", "/long/", content_length=str(size))

    assert answer(view, asked, bytes(LIMIT), b"01234")[2] == [str(size).encode()]


def test_a_long_body_that_stops_is_refused_whatever_the_view_makes_of_it():
    def view(request: HttpRequest) -> HttpResponse:
        if REFUSED in request.META:
            return refusal_of(request)
        with pytest.raises(OSError, match="too slowly"):
            request.read()
        return HttpResponse("fine")

    assert answer(view, scope("POST", "/long/", content_length="10"), patience=0.1)[0] == 408


def test_a_view_may_answer_before_it_reads_a_long_body():
    status, headers, _ = answer(lambda _: HttpResponse(status=403), scope("POST", "/long/", content_length="10"), b"0123456789")

    assert (status, headers[b"connection"]) == (403, b"close")


def test_headers_of_one_name_are_joined_and_none_stands_for_another():
    asked = scope()
    asked["headers"] = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-a", b"1"), (b"x-a", b"2"), (b"x_a", b"3")]

    environ = environ_of(asked, None)

    assert (environ["HTTP_COOKIE"], environ["HTTP_X_A"]) == ("a=1; b=2", "1,2")
