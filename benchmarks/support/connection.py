"""One client under measurement: a connection that is kept open where the server does so, and what was measured on it.

It reads only as much HTTP as it must, on a plain socket, because it shares its cores with what it measures.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSED = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
WITHOUT_BODY = (204, 304)


@dataclass(frozen=True)
class Timed:
    """One answer: when it came, how long it took, and how many votes it acknowledged. Times in seconds."""

    at: float
    took: float
    votes: int


@dataclass
class Client:
    port: int
    times: list[Timed] = field(default_factory=list)
    done: int = 0  # votes that were acknowledged
    problems: list[str] = field(default_factory=list)
    _buffer: bytes = b""

    def __post_init__(self) -> None:
        self._connect()

    def _connect(self) -> None:
        self._buffer = b""
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, headers: str = "", body: str = "") -> tuple[int, bytes]:
        """Status and body of the answer. Each of `headers` ends with CRLF."""
        length = f"Content-Length: {len(body.encode())}\r\n" if method == "POST" else ""
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{headers}{length}\r\n{body}".encode())
        head = self._read_until(b"\r\n\r\n")
        status = int(head[9:12])
        found = LENGTH.search(head)
        if found is None and status not in WITHOUT_BODY:
            raise ValueError(f"An answer without a length: {head!r}")
        answer = self._read(int(found[1])) if found is not None else b""
        if CLOSED.search(head):
            self._socket.close()
            self._connect()
        return status, answer

    def close(self) -> None:
        self._socket.close()

    def note(self, start: float, votes: int) -> None:
        """An answer that was asked for at `start` has come."""
        end = time.perf_counter()
        self.times.append(Timed(end, end - start, votes))
        self.done += votes

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        head, self._buffer = self._buffer.split(mark, 1)
        return head

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _receive(self) -> None:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("The server closed the connection.")
        self._buffer += more
