"""Addresses that strangers name, looked up live at a name server of our own. PUBLIC stands for a host on the internet."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from annotator.errors import Invalid
from annotator.feeds import webhooks
from annotator.importing.fetch import fetch_image
from annotator.lib.safe_http import is_public
from annotator.lib.special_addresses import IPV4, IPV6
from tests.factories import CampaignFactory
from tests.name_server import PUBLIC, NameServer, name_server, resolver_of
from tests.tls_server import CERTIFICATE, Server, serving
from tests.webhook_receiver import Receiver

TLS = ssl.create_default_context(cafile=str(CERTIFICATE))
# How IPv6 writes this machine and others inside.
FORMS = ["::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "fec0::1", "fd00::1"]
SPECIAL = [str(ip_network(block)[1]) for block in (*IPV4, *IPV6)] + FORMS


@pytest.fixture
def names(monkeypatch) -> Iterator[NameServer]:
    with name_server() as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolver_of(server.port))
        yield server


@pytest.fixture
def public() -> Iterator[Server]:
    with serving(PUBLIC) as server:
        yield server


@pytest.fixture
def inside(public) -> Iterator[socket.socket]:
    """Listens on the port of the public server at 127.0.0.1, and must never be reached."""
    with socket.create_server(("127.0.0.1", public.server_port)) as listener:
        listener.setblocking(False)
        yield listener
        with pytest.raises(BlockingIOError):
            listener.accept()


def is_allowed(address: str) -> bool:
    return address == PUBLIC or is_public(address)


def error_of(url: str) -> str:
    with pytest.raises(Invalid) as caught:
        fetch_image(url, is_allowed=is_allowed, tls=TLS)
    return caught.value.detail


def test_a_name_is_looked_up_and_its_image_fetched(names, public, inside):
    names.names["images.test"] = [[PUBLIC]]
    public.answers["/a.png"] = (200, {}, b"image")

    assert fetch_image(public.url("/a.png"), is_allowed=is_allowed, tls=TLS) == b"image"
    assert "could not be fetched" in error_of(public.url("/a.png", "nobody.test"))


def test_no_name_leads_to_a_special_address_alone_or_among_others(names, public, inside):
    for number, address in enumerate(SPECIAL):
        names.names |= {f"alone{number}.test": [[address]], f"among{number}.test": [[PUBLIC, address]]}

        for host in (f"alone{number}.test", f"among{number}.test"):
            assert "not public" in error_of(public.url("/a.png", host)), address
    assert public.seen == []


def test_no_redirect_leads_to_a_special_address_by_name_or_number(names, public, inside):
    names.names["images.test"] = [[PUBLIC]]
    spelt = ["2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
    for number, address in enumerate(SPECIAL):
        names.names[f"inside{number}.test"] = [[address]]
    for host in (*spelt, *(f"inside{number}.test" for number in range(len(SPECIAL)))):
        public.answers["/"] = (302, {"Location": public.url("/secret", host)}, b"")
        assert "not public" in error_of(public.url("/")), host
    assert {path for _, path in public.seen} == {"/"}


def test_a_name_that_is_bound_anew_before_a_redirect_to_itself_gains_nothing(names, public, inside):
    names.names["images.test"] = [[PUBLIC], ["127.0.0.1"]]
    public.answers["/"] = (302, {"Location": public.url("/secret"), "Connection": "close"}, b"")

    assert "not public" in error_of(public.url("/"))
    assert [path for _, path in public.seen] == ["/"]


@pytest.mark.django_db(transaction=True)
def test_a_webhook_whose_name_is_bound_anew_after_it_was_made_reaches_nobody(names, settings):
    settings.WEBHOOK_NETWORKS = [ip_network(f"{PUBLIC}/32")]
    names.names["hooks.test"] = [[PUBLIC], ["127.0.0.1"]]
    receiver = Receiver()
    try:
        url = f"http://hooks.test:{receiver.server_port}/"
        webhook, _ = webhooks.create_webhook(campaign=CampaignFactory(), url=url, events=["release.ready"], by=None)
        delivery = webhooks.ping(webhook=webhook, by=None)
        webhooks.send_delivery(delivery_id=delivery.pk)
    finally:
        receiver.stop()

    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("waiting", webhooks.PRIVATE)
    assert receiver.received == []
