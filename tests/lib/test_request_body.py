from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable
from typing import Any

import pytest

from annotator.lib.request_body import (
    LIMIT,
    BodyRefused,
    BodyStream,
    ClientGone,
    Receive,
    RequestBody,
    discard,
    in_words,
    is_long,
)

CHUNKED = (b"transfer-encoding", b"chunked")
NEVER = object()


def receiving(*blocks: Any) -> Receive:
    """What the server says of a body, block by block; NEVER for a client that sends no more."""
    left = list(blocks)

    async def receive() -> dict[str, Any]:
        block = left.pop(0) if left else None
        if block is NEVER:
            await asyncio.Event().wait()
        if block is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": block, "more_body": bool(left)}

    return receive


def body(headers: Iterable[tuple[bytes, bytes]], *blocks: Any, limit: int | None = 10, patience: float = 30.0) -> RequestBody:
    return RequestBody(headers, receiving(*blocks), limit=limit, patience=patience)


def length(number: int) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(number).encode())]


def test_a_body_is_read_to_its_length():
    sent = body(length(10), b"01234", b"56789", b"not of this request")
    assert asyncio.run(sent.read()) == b"0123456789"
    assert sent.is_read


def test_a_chunked_body_is_read_to_its_end():
    assert asyncio.run(body([CHUNKED], b"01234", b"5", b"").read()) == b"012345"


def test_without_a_body_nothing_is_waited_for():
    assert asyncio.run(body([], NEVER).read()) == b""


def test_a_part_is_read_and_the_rest_left():
    sent = body(length(6), b"012", b"345")
    assert asyncio.run(sent.read(2)) == b"012"
    assert not sent.is_read


def test_a_length_beyond_the_limit_is_refused_before_anything_is_read():
    with pytest.raises(BodyRefused, match="at most 10 bytes") as error:
        body(length(11), NEVER)
    assert error.value.status == 413


def test_a_chunked_body_is_counted():
    sent = body([CHUNKED], b"01234", b"567890", NEVER)
    with pytest.raises(BodyRefused) as error:
        asyncio.run(sent.read())
    assert (error.value.status, sent.error) == (413, error.value)


def test_chunked_goes_before_a_length_that_may_be_wrong():
    sent = body([*length(2), CHUNKED], b"01234", b"567890")
    with pytest.raises(BodyRefused):
        asyncio.run(sent.read())


@pytest.mark.parametrize("blocks", [(NEVER,), (b"0", NEVER)])
def test_who_sends_nothing_more_is_told_so(blocks):
    sent = body(length(10), *blocks, patience=0.01)
    with pytest.raises(BodyRefused, match="too slowly") as error:
        asyncio.run(sent.read())
    assert error.value.status == 408


def test_a_trickle_is_too_slow():
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"0", "more_body": True}

    sent = RequestBody([CHUNKED], receive, limit=None, patience=0.05)
    with pytest.raises(BodyRefused, match="too slowly"):
        asyncio.run(asyncio.wait_for(_trickle(sent), 20))


async def _trickle(sent: RequestBody) -> None:
    """A byte each 20 ms, which is half of what must come."""
    while True:
        await sent.read(1)
        await asyncio.sleep(0.02)


def test_a_client_that_left_is_no_refusal():
    with pytest.raises(ClientGone):
        asyncio.run(body(length(10), b"0", None).read())


def test_a_thread_reads_a_body_while_it_comes():
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        stream = io.BufferedReader(BodyStream(body([CHUNKED], b"a line\nan", b"other\n", b"", limit=None), loop))
        return await loop.run_in_executor(None, lambda: b"|".join([stream.readline(), stream.read()]))

    assert asyncio.run(main()) == b"a line\n|another\n"


def test_a_thread_learns_that_the_rest_does_not_come():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        stream = BodyStream(body([CHUNKED], b"", NEVER, limit=None, patience=0.01), loop)
        await loop.run_in_executor(None, stream.read)

    with pytest.raises(OSError, match="too slowly"):
        asyncio.run(main())


def test_what_is_sent_after_the_answer_is_let_in_for_a_while():
    async def main() -> None:
        assert await discard(receiving(b"0", b"1", b""), 30)
        assert not await discard(receiving(b"0", NEVER), 0.01)

    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("size", "words"), [(LIMIT, "1 MB"), (4 * 2**30, "4 GB"), (300 * 1024, "300 kB"), (10, "10 bytes"), (0, "0 bytes")]
)
def test_sizes_are_said_as_people_say_them(size, words):
    assert in_words(size) == words


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/manage/a/imports/", True),
        ("GET", "/manage/a/imports/", False),
        ("POST", "/manage/a/imports/5/", False),
        ("POST", "/x/manage/a/imports/", False),
    ],
)
def test_only_some_paths_take_long_bodies(method, path, expected):
    assert is_long(re.compile(r"/manage/[^/]+/imports/"), method, path) is expected
