"""The list of attacks, and their run: against the site alone, and where a proxy matters behind the shipped nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from django.core.management import call_command
from rich.console import Console
from rich.table import Table
from rich.text import Text

from annotator.local.hold import hold, release
from benchmarks.support.site import free_port
from tests.attacks import (
    access,
    accounts,
    blindness,
    cards,
    joining,
    large_bodies,
    network,
    poison,
    stalled_bodies,
    tokens,
    unread_downloads,
)
from tests.attacks.site import has_nginx, nginx, web_server, worker
from tests.attacks.target import Finding, Target, make_material
from tests.name_server import name_server
from tests.tls_server import CERTIFICATE

Attack = Callable[[Target], Iterator[Finding]]

# Tried alone and behind nginx.
OUTSIDE: dict[str, Attack] = {
    "large_bodies": large_bodies.run,
    "stalled_bodies": stalled_bodies.run,
    "unread_downloads": unread_downloads.run,
    "accounts": accounts.run,
    "joining": joining.run,
}
# Tried once: what is attacked lies behind any proxy.
INSIDE: dict[str, Attack] = {
    "access": access.run,
    "tokens": tokens.run,
    "blindness": blindness.run,
    "cards": cards.run,
    "network": network.run,
    "poison": poison.run,
}
ATTACKS = OUTSIDE | INSIDE


def run(folder: Path, names: list[str]) -> bool:
    """Whether everything was held. Prints the table. Raises SystemExit for an unknown name."""
    if unknown := set(names) - set(ATTACKS):
        raise SystemExit(f"Unknown attacks: {', '.join(sorted(unknown))}. Known: {', '.join(ATTACKS)}.")
    console, table = Console(), Table("attack", "held", "seen", show_lines=True)
    findings = []
    hold(folder, "postgres", "valkey")
    try:
        call_command("migrate", interactive=False, verbosity=0)
        keys = make_material(folder / "storage")
        for where, attacks in (("alone", ATTACKS), ("behind nginx", OUTSIDE)):
            chosen = {name: attack for name, attack in attacks.items() if name in (names or attacks)}
            has_proxy = where == "behind nginx"
            if has_proxy and not has_nginx():
                console.print("nginx is not installed, so nothing was tried behind it (Debian: apt-get install nginx-light).")
                continue
            for found in all_of(chosen, folder, keys, has_proxy=has_proxy):
                console.print(f"{found.what}, {where}: {found.seen}", highlight=False, markup=False, soft_wrap=True)
                table.add_row(Text(f"{found.what}, {where}"), "held" if found.is_held else "NOT HELD", Text(found.seen))
                findings.append(found)
    finally:
        release(folder)
    console.print(table)
    return all(found.is_held for found in findings)


def all_of(attacks: dict[str, Attack], folder: Path, keys: tuple[str, str], *, has_proxy: bool) -> Iterator[Finding]:
    """What each of them finds at a site of its own start."""
    if not attacks:
        return
    with ExitStack() as stack:
        target = start(stack, folder, keys, has_proxy=has_proxy)
        for attack in attacks.values():
            yield from attack(target)


def start(stack: ExitStack, folder: Path, keys: tuple[str, str], *, has_proxy: bool) -> Target:
    """A site that runs until the stack is closed."""
    names = stack.enter_context(name_server())
    environment = {
        "ATTACK_NAME_SERVER": str(names.port),
        "SSL_CERT_FILE": str(CERTIFICATE),  # of the servers at the names that the attacker has
        "OPEN_SIGN_UP": "1",
        "JOIN_RATE_ADDRESS": str(joining.LIMIT),
        "TRUSTED_PROXIES": "1" if has_proxy else "0",
    }
    port = free_port()
    stack.enter_context(worker(port, folder, **environment))
    stack.enter_context(web_server(port, folder, SEND_FILES="proxy" if has_proxy else "app", **environment))
    if has_proxy:
        web_port, port = port, free_port()
        stack.enter_context(nginx(port, web_port, folder / "nginx", folder / "storage"))
    return Target(port, *keys, folder, is_behind_proxy=has_proxy, names=names)
