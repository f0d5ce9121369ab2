"""`manage.py serve [--demo] [--check]`: the whole of Diptych on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from rich.console import Console
from rich.text import Text

from annotator.demo.running import run_demo
from annotator.demo.steps import PAIRS, DemoFailed
from annotator.lib.env import read_str
from annotator.local import embedded_servers, supervisor
from annotator.local.hold import hold_embedded
from annotator.local.supervisor import CannotServe, Interrupts, ServiceDied, Services, Stopped
from annotator.management.commands.seed_demo import checked_pairs

TROUBLE_SHOWN = 3  # lines per service; the rest is in its log


class Command(BaseCommand):
    help = "Run the web server on PORT, a worker and the beat of the Procfile, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="first run a demo campaign on generated images")
        parser.add_argument(
            "--check", action="store_true", help="with --demo: check the result of every step, then exit with status 0 or 1"
        )
        parser.add_argument(
            "--pairs", type=int, default=PAIRS, help=f"with --demo: number of pairs in the first run (default {PAIRS})"
        )
        parser.add_argument("--verbose", action="store_true", help="also print the logs of the services here")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"] and not options["demo"]:
            raise CommandError("--check needs --demo: serve --demo --check")
        pairs = checked_pairs(options["pairs"])
        sys.exit(Serve(demo=options["demo"], pairs=pairs, check=options["check"], verbose=options["verbose"]).run())


class Serve:
    """One run of the command."""

    def __init__(self, *, demo: bool, pairs: int, check: bool, verbose: bool) -> None:
        self.demo, self.pairs, self.check, self.verbose = demo, pairs, check, verbose
        self.host = read_str("HOST", "127.0.0.1")
        self.console = Console(highlight=False)
        self.interrupts = Interrupts()
        self.watchdog_lock = supervisor.watchdog_lock(settings.DATA_DIR)
        self.services = Services(log_dir=settings.DATA_DIR / "logs", watchdog_lock=self.watchdog_lock, interrupts=self.interrupts)
        self.is_serving = False
        self.trouble: dict[str, int] = {}

    @property
    def url(self) -> str:
        host = self.host if self.host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{settings.PORT}/" if ":" in host else f"http://{host}:{settings.PORT}/"

    def run(self) -> int:
        """Serve until asked to stop. Returns the exit code."""
        self.interrupts.install()
        try:
            if supervisor.is_locked(self.watchdog_lock) and not supervisor.is_locked(supervisor.serve_lock(settings.DATA_DIR)):
                with self.step("Waiting for an earlier run to end"):
                    supervisor.wait_for_watchdog(self.watchdog_lock)
            supervisor.require_free_port(self.host, settings.PORT)
            with supervisor.sole_server(settings.DATA_DIR, self.url):
                try:
                    return self.serve()
                finally:
                    self.stop()
        except (CannotServe, DemoFailed, embedded_servers.EmbeddedServerError) as error:
            self.complain(str(error))
            return 1
        except ServiceDied as death:
            self.complain(f"{death}, so all services were stopped. Last lines of {self.services.log(death.name)}:")
            self.console.print(Text(self.services.last_lines(death.name), style="dim"), soft_wrap=True)
            return 1
        except Stopped as stopped:
            self.console.print(f"Stopped by {stopped}. All services have ended.")
            return 0 if self.is_serving and not self.check else 130

    def serve(self) -> int:
        self.start()
        if self.demo:
            is_right = run_demo(url=self.url, pairs=self.pairs, console=self.console, check=self.check)
            if self.check:
                return 0 if is_right else 1
        self.is_serving = True
        words = f"\nDiptych is running at [bold]{self.url}[/bold]   Press Ctrl-C to stop. Logs: {self.services.log_dir}"
        self.console.print(words, soft_wrap=True)
        while True:
            signal.pause()

    def start(self) -> None:
        if settings.EMBEDDED_SERVERS:
            names = " and ".join({"postgres": "PostgreSQL", "valkey": "Valkey"}[name] for name in settings.EMBEDDED_SERVERS)
            with self.step(f"Embedded {names}"), self.interrupts.held():
                hold_embedded()
        with self.step("Database"):
            supervisor.require_database()
            supervisor.require_broker()
            supervisor.migrate()
        with self.step("Static files"):
            supervisor.collect_static_files()
        with self.step("Web server, worker and beat"):
            self.services.start(settings.BASE_DIR / "Procfile", supervisor.service_environment(self.host, settings.PORT))
            self.services.follow(self.tell)
            supervisor.wait_until_answering(self.url)

    def stop(self) -> None:
        self.interrupts.end()
        connections.close_all()
        self.services.stop()
        embedded_servers.release(settings.DATA_DIR)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        with self.console.status(f"{name} …"):
            yield
        self.console.print(f"[green]✓[/green] {name} [dim]{time.monotonic() - started:.1f} s[/dim]")

    def tell(self, service: str, line: str) -> None:
        """Show a line of a service's log, or only the first few that report an error."""
        if self.verbose:
            self.console.print(Text(f"{service:6} │ {line}"), soft_wrap=True)
        elif supervisor.is_trouble(line):
            self.trouble[service] = self.trouble.get(service, 0) + 1
            if self.trouble[service] <= TROUBLE_SHOWN:
                self.console.print(Text(f"{service}: {line[:200]}", style="yellow"), soft_wrap=True)
            if self.trouble[service] == TROUBLE_SHOWN:
                self.console.print(f"{service}: for further errors, see {self.services.log(service)}", soft_wrap=True)

    def complain(self, text: str) -> None:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"Error: {text}", style="red"))
