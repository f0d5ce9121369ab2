"""Large bodies from nobody: they must be refused before they are stored anywhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

from tests.attacks.stalled_bodies import MULTIPART
from tests.attacks.target import SLUG, Finding, Target, processes_of

MEGABYTE = 1024 * 1024
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'


def run(target: Target, megabytes: int = 400) -> Iterator[Finding]:
    sent = f"Content-Length: {megabytes * MEGABYTE}"
    for path, wanted in (
        ("/login/", b"413"),
        (f"/manage/{SLUG}/imports/", b"302"),
        (f"/api/v1/campaigns/{SLUG}/imports/", b"401"),
    ):
        yield refused(target, f"{megabytes} MB to {path}", path, sent, megabytes, wanted)
    yield refused(target, f"{megabytes} MB to /login/, chunked", "/login/", "Transfer-Encoding: chunked", megabytes, b"413")


def refused(target: Target, what: str, path: str, length: str, megabytes: int, wanted: bytes) -> Finding:
    """Sends as much as the site takes, then reads the answer."""
    written = written_bytes(target)
    block = HEAD + bytes(MEGABYTE - len(HEAD))
    if "chunked" in length:
        block = b"%x\r\n%b\r\n" % (len(block), block)
    with target.connect() as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n{MULTIPART}\r\n{length}\r\n\r\n"
        connection.sendall(head.encode())
        status, sent = b"", 0
        connection.setblocking(False)
        with suppress(ConnectionError):
            while not status and sent < megabytes:
                status, sent = exchange(connection, block, status, sent)
        connection.settimeout(10)
        with suppress(OSError):
            status = status or connection.recv(12)[9:]
    kept = written_bytes(target) - written
    is_held = status == wanted and kept < 4 * MEGABYTE
    return Finding(what, is_held, f"{status.decode() or 'no answer'}, {kept // MEGABYTE} MB written, {sent} MB sent")


def exchange(connection: socket.socket, block: bytes, status: bytes, sent: int) -> tuple[bytes, int]:
    """One block out, unless there is an answer already."""
    with suppress(BlockingIOError):
        return connection.recv(12)[9:], sent
    connection.settimeout(10)
    connection.sendall(block)
    connection.setblocking(False)
    return status, sent + 1


def written_bytes(target: Target) -> int:
    """Bytes that the web server and the nginx of this run have written to files so far."""
    return sum(process.io_counters().write_bytes for process in processes_of(target))
