"""The address of a client behind known proxies."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from annotator.lib.client_address import address_of


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
