"""Addresses that are not out on the internet, against the registries of IANA."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from annotator.lib.special_addresses import is_special

# The registries, block by block, as IANA lists them; `iana-ipv4-special-registry` and `iana-ipv6-special-registry`.
REGISTRY = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32
192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24
192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
::1/128 :: 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48
2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
fc00::/7 fe80::/10
"""
ALSO = [
    "224.0.0.0/4",
    "ff00::/8",
    "fec0::/10",
    "::/96",
    "::ffff:0:0:0/96",
    "4000::/3",
    "e000::/4",
]  # multicast, deprecated, not given out
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:200::1", "3ffe::1"]


@pytest.mark.parametrize("block", [*REGISTRY.split(), *ALSO])
def test_every_block_of_the_registries_is_special_from_its_first_to_its_last_address(block):
    network = ip_network(block)
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        assert is_special(address), address


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_websites_are_not(address):
    assert not is_special(ip_address(address))


@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::"])
def test_inside_an_ipv6_address_the_ipv4_address_counts(prefix):
    assert not is_special(ip_address(f"{prefix}8.8.8.8"))
    for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "192.88.99.1", "100.64.0.1"):
        assert is_special(ip_address(f"{prefix}{address}"))


def test_neighbours_of_a_block_are_not_special():
    for address in ("9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.32.0.0", "192.88.98.255", "192.88.100.0"):
        assert not is_special(ip_address(address)), address
