"""Addresses that lead inside, as the URL of an image and of a webhook: by name, by number, by redirect, by a name bound anew.

The names are those of a name server of the attacker's. PUBLIC is a host of theirs on the internet, and at the same port of
127.0.0.1 and ::1 listens what must not be reached.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx

from annotator.accounts.api_tokens import create_token
from annotator.choices import Role
from annotator.lib.special_addresses import IPV4, IPV6
from annotator.models import Campaign, Member, User
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.name_server import PUBLIC, NameServer
from tests.pictures import picture_file
from tests.tls_server import Server, serving

SLUG = "networked"
CAMPAIGN = f"/api/v1/campaigns/{SLUG}/"
SECONDS = 60.0  # that an import or a delivery may take
# How this machine is written, and IPv6's ways to write an IPv4 address or one inside.
NUMBERS = ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
FORMS = ["::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "fd00::1", "fe80::1"]
SPECIAL = [str(ip_network(block)[1]) for block in (*IPV4, *IPV6)] + FORMS
NOT_PUBLIC = "not public"


@dataclass(frozen=True)
class Outside:
    """What the attacker has: an account, a server, a name server; and what listens inside."""

    manager: Visitor
    server: Server
    names: NameServer
    inside: list[socket.socket]

    def url(self, host: str, path: str = "/") -> str:
        return self.server.url(path, host)

    def reached(self) -> int:
        """How often something inside was connected to since the last look."""
        count = 0
        for listener in self.inside:
            with suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
        return count


def run(target: Target) -> Iterator[Finding]:
    assert target.names is not None
    with ExitStack() as stack:
        server = stack.enter_context(serving(PUBLIC))
        inside = stack.enter_context(listeners(server.server_port))
        them = Outside(Visitor(target, token=key_of_manager()), server, target.names, inside)
        them.names.names["images.test"] = [[PUBLIC]]
        for number, address in enumerate(SPECIAL):
            them.names.names |= {f"alone{number}.test": [[address]], f"among{number}.test": [[PUBLIC, address]]}
        hosts = [*NUMBERS, *(f"{how}{number}.test" for number in range(len(SPECIAL)) for how in ("alone", "among"))]
        yield a_public_image_is_fetched(them)
        addresses = [them.url(host, "/a.png") for host in hosts]
        yield images_are_refused(them, f"{len(hosts)} image URLs to special addresses", lines_of(addresses))
        for number, host in enumerate(hosts):
            them.server.answers[f"/{number}"] = (302, {"Location": them.url(host, "/secret.png")}, b"")
        redirects = [them.url("images.test", f"/{number}") for number in range(len(hosts))]
        yield images_are_refused(them, f"{len(hosts)} image URLs that redirect to special addresses", lines_of(redirects))
        them.names.names["other.test"] = [[PUBLIC], ["127.0.0.1"]]
        them.server.answers["/"] = (302, {"Location": them.url("other.test", "/secret.png")}, b"")
        line = {"prompt": "a dog", "image_a": them.url("other.test"), "image_b": them.url("images.test", "/0.png")}
        yield images_are_refused(them, "an image URL whose name is bound anew before a redirect to itself", [line])
        yield webhooks_are_refused(them, hosts)
        yield a_webhook_is_bound_anew(them)
        yield a_webhook_redirects(them)


@contextmanager
def listeners(port: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", port)))]
        with suppress(OSError):  # a machine without IPv6
            found.append(stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6)))
        for listener in found:
            listener.setblocking(False)
        yield found


def key_of_manager() -> str:
    campaign = Campaign.objects.create(slug=SLUG, name="Networked")
    user = User.objects.create_user("network-manager")
    Member.objects.create(campaign=campaign, user=user, role=Role.MANAGER)
    return create_token(user=user, scopes=["import", "manage"])[1]


# --- images


def imported(them: Outside, lines: list[dict[str, str]]) -> dict[str, Any]:
    """The import once it has ended, or as far as it came."""
    body = "".join(json.dumps(line) + "\n" for line in lines)
    sent = them.manager.post(f"{CAMPAIGN}imports/", content=body, headers={"Content-Type": "application/jsonl"})
    assert sent.status_code == 202, sent.text
    return wait_for(them, httpx.URL(sent.headers["Location"]).path, lambda found: found["state"] in ("done", "failed"))


def a_public_image_is_fetched(them: Outside) -> Finding:
    """Or all that follows would be held by a site that fetches nothing."""
    for number in range(2):
        them.server.answers[f"/{number}.png"] = (200, {}, picture_file(number))
    line = {"prompt": "a cat", **{f"image_{slot}": them.url("images.test", f"/{n}.png") for n, slot in enumerate("ab")}}
    ended = imported(them, [line])
    reasons = "; ".join(refused["message"] for refused in ended["line_errors"])
    return Finding("network: a public image is fetched", ended["pairs_added"] == 1, f"{ended['pairs_added']} pair {reasons}")


def lines_of(urls: list[str]) -> list[dict[str, str]]:
    return [{"prompt": f"cat {number}", "image_a": url, "image_b": f"{url}?b"} for number, url in enumerate(urls)]


def images_are_refused(them: Outside, what: str, lines: list[dict[str, str]]) -> Finding:
    ended = imported(them, lines)
    others = {refused["message"] for refused in ended["line_errors"] if NOT_PUBLIC not in refused["message"]}
    secrets, reached = sum(path.startswith("/secret") for _, path in them.server.seen), them.reached()
    is_held = ended["lines_failed"] == len(lines) and not (others or secrets or reached)
    seen = f"{ended['lines_failed']} of {len(lines)} refused, {reached + secrets} connections inside {' '.join(others)}"
    return Finding(f"network: {what}", is_held, seen)


# --- webhooks


def webhook(them: Outside, url: str) -> httpx.Response:
    return them.manager.post(f"{CAMPAIGN}webhooks/", json={"url": url, "events": ["release.ready"]})


def webhooks_are_refused(them: Outside, hosts: list[str]) -> Finding:
    answers = [webhook(them, them.url(host)) for host in hosts]
    refused = sum(answer.status_code == 400 and "url" in answer.json()["errors"] for answer in answers)
    reached = them.reached()
    seen = f"{refused} of {len(hosts)} refused, {reached} connections inside"
    return Finding(f"network: {len(hosts)} webhooks to special addresses", refused == len(hosts) and not reached, seen)


def pinged(them: Outside, url: str) -> dict[str, Any]:
    """The test delivery after its first attempt."""
    made = webhook(them, url)
    assert made.status_code == 201, made.text
    address = f"{CAMPAIGN}webhooks/{made.json()['id']}/"
    them.manager.post(f"{address}ping/")
    found = wait_for(them, f"{address}deliveries/", lambda found: any(is_tried(one) for one in found["results"]))
    return found["results"][0]


def is_tried(delivery: dict[str, Any]) -> bool:
    return bool(delivery["error"] or delivery["status"])


def a_webhook_is_bound_anew(them: Outside) -> Finding:
    them.names.names["hooks.test"] = [[PUBLIC], ["127.0.0.1"]]
    delivery, reached = pinged(them, them.url("hooks.test")), them.reached()
    is_held = NOT_PUBLIC in delivery["error"] and not reached
    return Finding("network: a webhook's name bound anew", is_held, f"{delivery['error']} {reached} connections inside")


def a_webhook_redirects(them: Outside) -> Finding:
    them.server.answers["/hook"] = (307, {"Location": them.url("127.0.0.1", "/secret.png")}, b"")
    delivery, reached = pinged(them, them.url("images.test", "/hook")), them.reached()
    is_held = delivery["status"] == 307 and not reached
    return Finding("network: a webhook that redirects", is_held, f"{delivery['status']}, {reached} connections inside")


def wait_for(them: Outside, path: str, is_over: Any) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = them.manager.get(path).json()
        if is_over(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.05)
