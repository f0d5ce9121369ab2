"""A line that drops: a proxy that cuts a connection once it has carried so many bytes of answers, so many times."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit


class DroppingLine:
    def __init__(self, site: str, *, after: int, times: int) -> None:
        parts = urlsplit(site)
        self._site = (parts.hostname, parts.port)
        self._after = after
        self._left = times
        self.drops = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> DroppingLine:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            site = socket.create_connection(self._site)
            for carry in (self._carry_questions, self._carry_answers):
                thread = threading.Thread(target=carry, args=(client, site))
                self._threads.append(thread)
                thread.start()

    def _carry_questions(self, client: socket.socket, site: socket.socket) -> None:
        _carry(client, site)
        _end(site)

    def _carry_answers(self, client: socket.socket, site: socket.socket) -> None:
        if self._left:
            if _carry(site, client, limit=self._after) and self._left:
                self._left -= 1
                self.drops += 1
        else:
            _carry(site, client)
        for end in (client, site):
            _end(end)
            end.close()


def _carry(source: socket.socket, target: socket.socket, limit: int | None = None) -> bool:
    """Until the source ends, or `limit` bytes have passed: then True."""
    passed = 0
    try:
        while data := source.recv(65536 if limit is None else min(65536, limit - passed)):
            target.sendall(data)
            passed += len(data)
            if passed == limit:
                return True
    except OSError:
        pass
    return False


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
