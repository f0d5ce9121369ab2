"""HTTP to addresses that strangers name: public ones only, checked at each connection, within a time limit."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from annotator.lib.special_addresses import is_special

SECONDS = 30.0  # for the whole fetch, redirects included
STEP_SECONDS = 10.0  # for any one wait in it
MAX_PORT = 65_535

Resolver = Callable[[str, int], list[str]]
AddressCheck = Callable[[str], bool]


class AddressRefused(Exception):
    """The name leads to an address that is not public."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system's resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address is out on the internet, also the IPv4 address inside an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    return not is_special(parsed)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection that gives up when the time of the whole fetch is over, however the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, time_left(self.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, time_left(self.deadline, timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self.stream.start_tls(ssl_context, server_hostname, time_left(self.deadline, timeout))
        return _DeadlineStream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, *, resolver: Resolver, is_allowed: AddressCheck, deadline: float) -> None:
        self.resolver = resolver
        self.is_allowed = is_allowed
        self.deadline = deadline
        self.network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the host name cannot be resolved") from error
        if not addresses or not all(self.is_allowed(address) for address in addresses):
            raise AddressRefused
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self.network.connect_tcp(address, port, time_left(self.deadline, timeout))
                return _DeadlineStream(stream, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the host has no address")


def time_left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the fetch took too long")
    return min(left, STEP_SECONDS if timeout is None else timeout)


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()
