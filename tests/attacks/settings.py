"""The project's settings for the site that `make attack` starts: passwords cost time, names are looked up by the attacker, and a
network of this machine counts as the internet.
"""

import os
import socket
from ipaddress import IPv4Network

from annotator.lib import special_addresses
from tests.faults.settings import *  # noqa: F403
from tests.name_server import INTERNET, resolver_of

PASSWORD_HASHERS = ["tests.attacks.hashers.FewRounds"]

if "ATTACK_NAME_SERVER" in os.environ:
    socket.getaddrinfo = resolver_of(int(os.environ["ATTACK_NAME_SERVER"]))
    others = [block for block in special_addresses._IPV4 if str(block) != "127.0.0.0/8"]
    special_addresses._IPV4[:] = [*others, *IPv4Network("127.0.0.0/8").address_exclude(INTERNET)]
