"""A real name server on this machine, which answers as it is told, and a resolver that asks it in place of the system's."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, ip_address
from typing import Any

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

HOST = "127.0.0.1"
INTERNET = IPv4Network("127.3.0.0/16")  # stands for it, because nothing that is tried leaves this machine
PUBLIC = str(INTERNET[2])  # a host there
TYPES = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}  # the version of the addresses in it

_system = socket.getaddrinfo


class NameServer(socketserver.ThreadingUDPServer):
    """`names` holds for each name the addresses of its first look-up, its second, … The last ones stay."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.names: dict[str, list[list[str]]] = {}
        self.asked: dict[tuple[str, int], int] = {}

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def addresses(self, name: str, kind: int) -> list[str]:
        """Raises KeyError."""
        answers = self.names[name]
        times = self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        found = answers[min(times, len(answers)) - 1]
        return [address for address in found if ip_address(address).version == TYPES.get(dns.rdatatype.RdataType(kind))]


class _Handler(socketserver.BaseRequestHandler):
    server: NameServer

    def handle(self) -> None:
        data, sender = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        for question in query.question:
            name, kind = question.name.to_text(omit_final_dot=True), question.rdtype
            try:
                if found := self.server.addresses(name, kind):
                    answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *found))
            except KeyError:
                answer.set_rcode(dns.rcode.NXDOMAIN)
        sender.sendto(answer.to_wire(), self.client_address)


@contextmanager
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def resolver_of(port: int) -> Callable[..., list[Any]]:
    """For the place of `socket.getaddrinfo`: names are looked up at this server alone, and what is a number is as it is."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [HOST], port, 5

    def getaddrinfo(host: Any, service: Any, family: int = 0, *rest: Any, **more: Any) -> list[Any]:
        if host is None or host == "localhost" or _is_number(host):
            return _system(host, service, family, *rest, **more)
        try:
            addresses = list(resolver.resolve_name(host, family or socket.AF_UNSPEC).addresses())
        except dns.exception.DNSException as error:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from error
        return [found for address in addresses for found in _system(address, service, 0, *rest, **more)]

    return getaddrinfo


def _is_number(host: str) -> bool:
    """Whether the system takes it for an address, in one of their many spellings."""
    try:
        _system(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True
