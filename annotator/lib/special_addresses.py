"""Blocks of addresses that are not out on the internet, or that no website has: IANA's special-purpose registries.

Facts from the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, as updated by RFC 8190), with the multicast
blocks of RFC 5771 and RFC 4291. Blocks that the registries call globally reachable are here too: they are anycast addresses of
infrastructure (name servers, relays), never the address of an image or of a webhook.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPV4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private use",
    "100.64.0.0/10": "shared address space",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link local",
    "172.16.0.0/12": "private use",
    "192.0.0.0/24": "IETF protocol assignments",
    "192.0.2.0/24": "documentation (TEST-NET-1)",
    "192.31.196.0/24": "AS112-v4",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "deprecated (6to4 relay anycast)",
    "192.168.0.0/16": "private use",
    "192.175.48.0/24": "direct delegation AS112 service",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation (TEST-NET-2)",
    "203.0.113.0/24": "documentation (TEST-NET-3)",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, and limited broadcast",
}
# Of IPv6, only this block is given out as global unicast. All else is special or not given out: loopback, IPv4-compatible and
# translated addresses, discard only, segment routing (5f00::/16), unique local, link local, site local (fec0::/10), multicast.
IPV6_GLOBAL = "2000::/3"
IPV6 = {
    "2001::/23": "IETF protocol assignments, with Teredo, benchmarking, AMT, AS112-v6, ORCHID and drone ids",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "direct delegation AS112 service",
    "3fff::/20": "documentation",
}
# Inside these an IPv4 address stands in the last 32 bits, and is the one that is connected to.
IPV6_OF_IPV4 = {"::ffff:0:0/96": "IPv4-mapped", "64:ff9b::/96": "IPv4-IPv6 translation"}

_IPV4 = [IPv4Network(block) for block in IPV4]
_IPV6 = [IPv6Network(block) for block in IPV6]
_IPV6_GLOBAL = IPv6Network(IPV6_GLOBAL)
_IPV6_OF_IPV4 = [IPv6Network(block) for block in IPV6_OF_IPV4]


def is_special(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is in one of the blocks, also as the IPv4 address inside an IPv6 one."""
    if isinstance(address, IPv4Address):
        return any(address in block for block in _IPV4)
    if any(address in block for block in _IPV6_OF_IPV4):
        return is_special(IPv4Address(int(address) & 0xFFFFFFFF))
    return address not in _IPV6_GLOBAL or any(address in block for block in _IPV6)
