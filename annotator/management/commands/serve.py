"""`manage.py serve [--demo] [--check]`: the whole of Diptych on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from honcho.environ import parse_procfile
from rich.console import Console
from rich.text import Text

from annotator.demo.running import run_demo
from annotator.demo.steps import PAIRS
from annotator.demo.support import DemoFailed
from annotator.lib.env import read_str
from annotator.local import preflight
from annotator.local.hold import SupervisorError, ask, hold_embedded, release
from annotator.management.commands.seed_demo import checked_pairs

TROUBLE = re.compile(r"\b(ERROR|CRITICAL)\b|^[\w.]*(Error|Exception): ")
TROUBLE_SHOWN = 3  # lines per service; the rest is in its log
LOG_LIMIT = 20_000_000  # bytes; a longer log is moved aside at the next start
LOG_PERIOD = 0.2  # seconds between two looks at the logs
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked us to end. A KeyboardInterrupt, so that nothing on the way swallows it."""


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
        self.log_dir: Path = settings.DATA_DIR / "logs"
        self.is_serving = False
        self.is_ending = False
        self.failure = ""  # why it ends, unless somebody asked for it
        self.trouble: dict[str, int] = {}

    @property
    def url(self) -> str:
        host = self.host if self.host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{settings.PORT}/" if ":" in host else f"http://{host}:{settings.PORT}/"

    def run(self) -> int:
        """Serve until asked to stop. Returns the exit code."""
        stop_on_signals()
        try:
            return self.serve()
        except (preflight.CannotServe, DemoFailed, SupervisorError) as error:
            self.complain(str(error))
            return 1
        except Stopped as stopped:
            if self.failure:
                self.complain(self.failure)
                return 1
            self.console.print(f"Stopped by {stopped}. All services have ended.")
            return 0 if self.is_serving and not self.check else 130

    def serve(self) -> int:
        try:
            self.start()
            if self.demo:
                is_right = run_demo(url=self.url, pairs=self.pairs, console=self.console, check=self.check)
                if self.check:
                    return 0 if is_right else 1
            self.is_serving = True
            words = f"\nDiptych is running at [bold]{self.url}[/bold]   Press Ctrl-C to stop. Logs: {self.log_dir}"
            self.console.print(words, soft_wrap=True)
            while True:
                signal.pause()
        finally:
            self.is_ending = True
            ignore_signals()
            connections.close_all()
            release(settings.DATA_DIR)

    def start(self) -> None:
        with self.console.status("Starting …"):  # which waits while a run that was killed is being ended
            ask(settings.DATA_DIR, "claim", self.url)
        preflight.require_free_port(self.host, settings.PORT)
        if settings.EMBEDDED_SERVERS:
            names = " and ".join({"postgres": "PostgreSQL", "valkey": "Valkey"}[name] for name in settings.EMBEDDED_SERVERS)
            with self.step(f"Embedded {names}"):
                hold_embedded()
        with self.step("Database"):
            preflight.require_database()
            preflight.require_broker()
            call_command("migrate", interactive=False, verbosity=0)
        with self.step("Static files"):
            preflight.collect_static_files()
        with self.step("Web server, worker and beat"):
            services = parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes
            threading.Thread(target=self.follow, args=(self.open_logs(services),), daemon=True).start()
            threading.Thread(target=self.run_services, args=(services,), daemon=True).start()
            preflight.wait_until_answering(self.url)

    def run_services(self, services: dict[str, str]) -> None:
        """In a thread, since it takes as long as they all run. The end of one of them interrupts the main thread."""
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            "LOG_FORMAT": read_str("LOG_FORMAT", "line"),  # for the person at this machine
            "DATA_DIR": str(settings.DATA_DIR),
            "HOST": self.host,
            "PORT": str(settings.PORT),
        }
        try:
            ask(settings.DATA_DIR, "run", services, environment, str(self.log_dir))
        except SupervisorError as error:
            if not self.is_ending:
                self.failure = str(error)
                os.kill(os.getpid(), signal.SIGTERM)

    def open_logs(self, services: dict[str, str]) -> dict[str, TextIO]:
        """The logs, to be read from their present end on."""
        self.log_dir.mkdir(exist_ok=True)
        logs = {name: self.log_dir / f"{name}.log" for name in services}
        for log in logs.values():
            if log.exists() and log.stat().st_size > LOG_LIMIT:
                log.replace(log.with_suffix(".log.1"))
        return {name: log.open("a+", errors="replace") for name, log in logs.items()}

    def follow(self, logs: dict[str, TextIO]) -> None:
        """In a thread: show lines of the services' logs, or only the first few that report an error."""
        while True:
            for service, log in logs.items():
                for line in log:
                    self.show(service, line.rstrip())
            time.sleep(LOG_PERIOD)

    def show(self, service: str, line: str) -> None:
        if self.verbose:
            self.console.print(Text(f"{service:6} │ {line}"), soft_wrap=True)
        elif is_trouble(line):
            self.trouble[service] = self.trouble.get(service, 0) + 1
            if self.trouble[service] <= TROUBLE_SHOWN:
                self.console.print(Text(f"{service}: {line[:200]}", style="yellow"), soft_wrap=True)
            if self.trouble[service] == TROUBLE_SHOWN:
                self.console.print(f"{service}: further errors are only in {self.log_dir / service}.log", soft_wrap=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        with self.console.status(f"{name} …"):
            yield
        self.console.print(f"[green]✓[/green] {name} [dim]{time.monotonic() - started:.1f} s[/dim]")

    def complain(self, text: str) -> None:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"Error: {text}", style="red"))


def stop_on_signals() -> None:
    """Turn the first signal into an exception in the main thread, and no other: the way out runs undisturbed."""
    for number in SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_signals()
    raise Stopped(signal.Signals(number).name)


def ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def is_trouble(line: str) -> bool:
    """Whether a line of a service's log reports an error."""
    return TROUBLE.search(line) is not None
