"""What stands in the way of serving, with the way out."""

from __future__ import annotations

import socket

import pytest

from annotator.local.preflight import CannotServe, require_free_port


def test_a_busy_port_is_named_with_the_way_out(free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(CannotServe, match=rf"Port {free_port} is in use.* PORT={free_port % 60000 + 1}"):
            require_free_port("127.0.0.1", free_port)

    require_free_port("127.0.0.1", free_port)


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host"])
def test_an_address_of_another_machine_is_refused(host, free_port):
    with pytest.raises(CannotServe, match=host):
        require_free_port(host, free_port)
