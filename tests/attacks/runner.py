"""The list of attacks, and their run: against the web server alone, then behind the shipped nginx where one is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from django.core.management import call_command
from rich.console import Console
from rich.table import Table

from annotator.local.hold import hold, release
from benchmarks.support.site import free_port
from tests.attacks import large_bodies, stalled_bodies, unread_downloads
from tests.attacks.site import has_nginx, nginx, web_server
from tests.attacks.target import Finding, Target, make_material

ATTACKS: dict[str, Callable[[Target], Iterator[Finding]]] = {
    "large_bodies": large_bodies.run,
    "stalled_bodies": stalled_bodies.run,
    "unread_downloads": unread_downloads.run,
}


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
        for has_proxy in (False, True):
            if has_proxy and not has_nginx():
                console.print("nginx is not installed, so nothing was tried behind it (Debian: apt-get install nginx-light).")
                continue
            with ExitStack() as stack:
                target = start(stack, folder, keys, has_proxy=has_proxy)
                for name in names or ATTACKS:
                    for found in ATTACKS[name](target):
                        where = "behind nginx" if has_proxy else "alone"
                        console.print(f"{found.what}, {where}: {found.seen}", highlight=False, soft_wrap=True)
                        table.add_row(f"{found.what}, {where}", "held" if found.is_held else "NOT HELD", found.seen)
                        findings.append(found)
    finally:
        release(folder)
    console.print(table)
    return all(found.is_held for found in findings)


def start(stack: ExitStack, folder: Path, keys: tuple[str, str], *, has_proxy: bool) -> Target:
    """A site that runs until the stack is closed."""
    port = free_port()
    stack.enter_context(web_server(port, folder, SEND_FILES="proxy" if has_proxy else "app"))
    if has_proxy:
        web_port, port = port, free_port()
        stack.enter_context(nginx(port, web_port, folder / "nginx", folder / "storage"))
    return Target(port, *keys, folder, is_behind_proxy=has_proxy)
