"""The address of a client behind known proxies."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from annotator.lib.client_address import HIDDEN_KEY, HiddenAddresses, address_of, check_proxies, network_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.1"),
        (0, "203.0.113.5", ""),  # a proxy that nobody named, or a client that pretends
        (0, " , ", "10.0.0.1"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.9, 203.0.113.5", "203.0.113.5"),  # what the client itself wrote does not count
        (2, "198.51.100.9,203.0.113.5 , 10.1.1.1", "203.0.113.5"),
        (2, "203.0.113.5", ""),  # came past one of them only
        (1, None, ""),
    ],
)
def test_the_last_addresses_are_those_that_the_proxies_wrote(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    assert address_of(RequestFactory(REMOTE_ADDR="10.0.0.1").get("/", headers=headers)) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("93.184.215.14", "93.184.215.14"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c",) * 2,
        ("127.0.0.1", ""),
        ("fd00::1", ""),
        ("", ""),
    ],
)
def test_whoever_connects_from_the_internet_and_pretends_to_be_a_proxy_counts_as_one(peer, address):
    for claimed in ("203.0.113.5", "203.0.113.6"):
        request = RequestFactory(REMOTE_ADDR=peer).get("/", headers={"X-Forwarded-For": claimed})
        assert address_of(request) == address


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
        ("unknown", "unknown", True),
    ],
)
def test_whoever_may_take_any_address_of_a_network_counts_as_one(one, other, are_alike):
    assert (network_of(one) == network_of(other)) is are_alike


def test_the_start_warns_of_a_proxy_whose_number_nobody_set(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert "Set TRUSTED_PROXIES" in check_proxies()[0].hint

    settings.TRUSTED_PROXIES = 1
    assert check_proxies() == []
    settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER = 0, None
    assert check_proxies() == []


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto"])
def test_a_request_by_such_a_proxy_is_logged_once_and_staff_see_it_until_the_number_is_set(settings, caplog, header):
    first, other_process = HiddenAddresses(), HiddenAddresses()
    cache.delete(HIDDEN_KEY)
    first.look(RequestFactory().get("/"))
    assert (caplog.text, first.warning()) == ("", "")

    for _ in range(2):
        first.look(RequestFactory().get("/", headers={header: "203.0.113.5"}))

    assert caplog.text.count("TRUSTED_PROXIES") == caplog.text.count("WARNING") * 2 == 2
    assert "Set TRUSTED_PROXIES" in first.warning()
    assert other_process.warning() == first.warning()
    settings.TRUSTED_PROXIES = 1
    assert first.warning() == other_process.warning() == ""
    cache.delete(HIDDEN_KEY)
