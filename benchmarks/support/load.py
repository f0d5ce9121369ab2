"""The load: a process that sends requests on open connections and times the answers.

It reads only as much HTTP as it must, on plain sockets, because it shares its cores with what it measures.

    python -m benchmarks.support.load '{"kind": "votes", "port": 8000, "slug": "bench-1000", "users": ["…"], …}'
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.support.passwords import PASSWORD

ASSIGNMENT = re.compile(rb'data-assignment="(\d+)"')
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Client:
    """One keep-alive connection and what it measured: seconds per answer, with the time at which it came."""

    port: int
    times: list[tuple[float, float]] = field(default_factory=list)
    done: int = 0
    errors: int = 0
    _buffer: bytes = b""

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer, timed."""
        start = time.perf_counter()
        self._socket.sendall(request)
        head = self._read_until(b"\r\n\r\n")
        found = LENGTH.search(head)
        if found is None:
            raise ValueError(f"An answer without a length: {head!r}")
        body = self._read(int(found[1]))
        end = time.perf_counter()
        self.times.append((end, end - start))
        return int(head[9:12]), body

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


def log_in(port: int, username: str) -> dict[str, str]:
    """The cookies of a real log-in through the page."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=60) as browser:
        token = FORM_TOKEN.search(browser.get("/login/").text)
        assert token, "The log-in page has no form."
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/login/", data=form, headers={"Referer": f"http://127.0.0.1:{port}/login/"})
        assert "sessionid" in browser.cookies, answer.text
        return dict(browser.cookies)


def vote_loop(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    """Open the page once, then vote on what each answer brings."""
    cookies = order["cookies"][number]
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    common = f"Host: 127.0.0.1:{order['port']}\r\nCookie: {cookie}\r\n"
    status, page = client.ask(f"GET /c/{order['slug']}/ HTTP/1.1\r\n{common}\r\n".encode())
    client.times.clear()
    choices = ("a", "b", "both_good", "both_bad")
    deck = [int(found) for found in ASSIGNMENT.findall(page)]
    begin, pause = time.perf_counter(), order.get("pause", 0.0)  # seconds from one vote of a client to its next, at least
    together = order.get("together", 1)
    while time.perf_counter() < end:
        time.sleep(max(0.0, begin + client.done * pause - time.perf_counter()))
        if not deck:
            print(f"{status}: no pair in the answer: {page!r}", file=sys.stderr)
            client.errors += 1
            return
        sent, deck = deck[:together], deck[together:]
        answers = [
            {"assignment": one, "choices": {"overall": choices[(client.done + at) % 4]}, "elapsed_ms": 2400}
            for at, one in enumerate(sent)
        ]
        body = json.dumps({"answers": answers, "have": deck, "unsent": together - 1})
        head = (
            f"POST /answers/ HTTP/1.1\r\n{common}X-CSRFToken: {cookies['csrftoken']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        status, page = client.ask((head + body).encode())
        data = json.loads(page) if status == 200 else {}
        if not data or any(one["code"] for one in data["answers"]):
            print(f"{status}: {page!r}", file=sys.stderr)
            client.errors += 1
            return
        deck += [card["assignment"] for card in data["cards"]]
        client.done += len(sent)


def one_query_loop(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    request = f"GET /bench/one-query/?pk={order['pk']} HTTP/1.1\r\nHost: 127.0.0.1:{order['port']}\r\n\r\n".encode()
    while time.perf_counter() < end:
        status, _ = client.ask(request)
        client.errors += status != 200
        client.done += 1


LOOPS = {"votes": vote_loop, "one-query": one_query_loop}


def main() -> None:
    order = json.loads(sys.argv[1])
    # One after the other and before the clock runs: a log-in hashes a password for most of a second.
    order["cookies"] = [log_in(order["port"], username) for username in order.get("users", [])]
    clients = [Client(order["port"]) for _ in range(order["clients"])]
    start = time.perf_counter()
    end = start + order["warm_up"] + order["seconds"]
    threads = [
        threading.Thread(target=LOOPS[order["kind"]], args=(client, order, number, end)) for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measured = sorted(took for client in clients for at, took in client.times if at >= start + order["warm_up"] and at <= end)
    rank = lambda share: 1000 * measured[min(len(measured) - 1, int(share * len(measured)))]  # noqa: E731
    result = {
        "per_second": len(measured) / order["seconds"],
        "p50": rank(0.50),
        "p95": rank(0.95),
        "p99": rank(0.99),
        "count": sum(client.done for client in clients),
        "errors": sum(client.errors for client in clients),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
