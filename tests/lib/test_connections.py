from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from annotator.lib.connections import allow_many, close, limit_unread


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server


def test_a_connection_is_cut_whatever_waits_to_be_sent(listener):
    with socket.create_connection(listener.getsockname()) as client:
        served, address = listener.accept()
        with served:
            served.settimeout(0.1)
            with pytest.raises(TimeoutError):
                served.sendall(bytes(64 * 1024 * 1024))

            assert close(*address, at_once=True)

            with pytest.raises(OSError, match=r"."):
                served.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: client.recv(65536), b""))


def test_a_connection_is_closed_after_what_was_sent(listener):
    with socket.create_connection(listener.getsockname()) as client:
        served, address = listener.accept()
        with served:
            served.sendall(b"the answer")

            assert close(*address, at_once=False)

            assert b"".join(iter(lambda: client.recv(65536), b"")) == b"the answer"


def test_others_are_left_alone(listener):
    with socket.create_connection(listener.getsockname()) as client:
        served, address = listener.accept()
        with served:
            assert not close(address[0], 1, at_once=True)
            served.sendall(b"x")
            assert client.recv(1) == b"x"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux' own")
def test_the_system_gives_up_on_clients_that_read_nothing(listener):
    limit_unread(60)

    with socket.create_connection(listener.getsockname()) as client:
        served, _ = listener.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0


def test_a_process_may_have_as_many_files_as_the_system_allows():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        allow_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
