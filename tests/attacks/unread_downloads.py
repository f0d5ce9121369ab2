"""Slow readers: many connections ask for a large file and read nothing of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from tests.attacks.target import FILE, SLUG, Finding, Target, pulse_during


def run(target: Target, count: int = 200) -> Iterator[Finding]:
    yield pulse_during(target, f"{count} unread downloads of 100 MB", open_one, count)


def open_one(target: Target, number: int) -> socket.socket:
    connection = target.connect(receive_buffer=4096)
    path = f"/api/v1/campaigns/{SLUG}/releases/1/files/{FILE}"
    host, key = f"127.0.0.1:{target.port}", target.manager_key
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"  # it has begun
    return connection
