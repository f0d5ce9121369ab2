"""Connections to addresses that strangers name."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpcore
import pytest

from annotator.lib.safe_http import STEP_SECONDS, AddressRefused, CheckedNetwork, is_public, resolve, time_left


@dataclass
class Listener:
    socket: socket.socket

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def was_reached(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server on 127.0.0.1 alone; nobody listens on 127.0.0.2."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Listener(server)


def network(*addresses: str, allowed: tuple[str, ...] = ("127.0.0.1", "127.0.0.2"), seconds: float = 5) -> CheckedNetwork:
    return CheckedNetwork(
        resolver=lambda host, port: list(addresses),
        is_allowed=lambda address: address in allowed,
        deadline=time.monotonic() + seconds,
    )


def test_an_allowed_address_is_connected_to_even_after_one_that_is_closed(listener):
    for addresses in (("127.0.0.1",), ("127.0.0.2", "127.0.0.1")):
        network(*addresses).connect_tcp("images.test", listener.port).close()
        assert listener.was_reached()


@pytest.mark.parametrize("addresses", [("127.0.0.1", "10.0.0.1"), ("10.0.0.1",), ()])
def test_one_address_that_is_not_allowed_refuses_the_name_before_any_connection(listener, addresses):
    with pytest.raises(AddressRefused):
        network(*addresses).connect_tcp("images.test", listener.port)

    assert not listener.was_reached()


def test_a_name_without_an_address_and_a_closed_port_are_no_connection(listener):
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    nameless = CheckedNetwork(resolver=unknown, is_allowed=lambda address: True, deadline=time.monotonic() + 5)
    for attempt in (nameless, network("127.0.0.2")):
        with pytest.raises(httpcore.ConnectError):
            attempt.connect_tcp("images.test", listener.port)


def test_a_connection_gives_up_when_the_time_of_the_whole_is_over(listener):
    stream = network("127.0.0.1", seconds=0.05).connect_tcp("images.test", listener.port)

    with pytest.raises(httpcore.ReadTimeout):
        stream.read(1)  # nothing ever comes
    with pytest.raises(httpcore.ReadTimeout):
        stream.write(b"late")
    stream.close()
    with pytest.raises(httpcore.ReadTimeout):
        network("127.0.0.1", seconds=-1).connect_tcp("images.test", listener.port)


@pytest.mark.parametrize(
    ("left", "timeout", "expected"), [(100, None, STEP_SECONDS), (100, 3, 3), (2, None, 2), (2, 30, 2), (2, 1, 1)]
)
def test_a_step_may_take_what_is_left_and_no_longer_than_a_step(left, timeout, expected):
    assert time_left(time.monotonic() + left, timeout) == pytest.approx(expected, abs=0.5)


def test_this_machine_resolves_to_itself_and_is_not_public():
    addresses = resolve("localhost", 80)

    assert addresses
    assert not any(is_public(address) for address in addresses)
    assert not is_public("fe80::1%eth0")
    assert not is_public("images.test")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("192.88.99.1", False),
        ("fec0::1", False),
        ("2002:808:808::1", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("ff0e::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
        ("no address", False),
    ],
)
def test_only_addresses_out_on_the_internet_are_public(address, expected):
    assert is_public(address) is expected
