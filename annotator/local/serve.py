"""`manage.py serve [--demo] [--check]`: the whole of Diptych on this machine, until Ctrl-C.

No application of Django's is loaded here: that takes a second. What needs one is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from honcho.environ import parse_procfile

from annotator.lib.env import read_str
from annotator.local import preflight
from annotator.local.follow import Ended, Follower, Stopped, complain, ignore_signals, stop_on_signals
from annotator.local.hold import SupervisorError, ask, hold_embedded, release, tell

LOG_LIMIT = 20_000_000  # bytes; a longer log is moved aside at the next start
START_TIMEOUT = 90.0  # seconds until the web server has to answer
SERVER_NAMES = {"postgres": "PostgreSQL", "valkey": "Valkey"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="first run a demo campaign on generated images")
    parser.add_argument(
        "--check", action="store_true", help="with --demo: check the result of every step, then exit with status 0 or 1"
    )
    parser.add_argument("--pairs", help="with --demo: number of pairs in the first run")
    parser.add_argument("--verbose", action="store_true", help="also print the logs of the services here")


def main(arguments: list[str]) -> int:
    """Serve until asked to stop. Returns the exit code."""
    parser = ArgumentParser(prog="manage.py serve", description="Run the services of the Procfile, until Ctrl-C.")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return Serve(demo=options.demo, pairs=options.pairs, check=options.check, verbose=options.verbose).run()


class Serve:
    """One run of the command."""

    def __init__(self, *, demo: bool, pairs: str | None, check: bool, verbose: bool) -> None:
        self.demo, self.pairs, self.check, self.verbose = demo, pairs, check, verbose
        self.host = read_str("HOST", "127.0.0.1")
        self.log_dir: Path = settings.DATA_DIR / "logs"

    @property
    def url(self) -> str:
        host = self.host if self.host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{settings.PORT}/" if ":" in host else f"http://{host}:{settings.PORT}/"

    def run(self) -> int:
        """Serve until asked to stop. Returns the exit code, or not at all: once all runs, this process is another program."""
        stop_on_signals()
        try:
            return self.serve()
        except (preflight.CannotServe, SupervisorError, Ended) as error:
            complain(str(error))
            return 1
        except Stopped as stopped:
            print(f"Stopped by {stopped}. All services have ended.")
            return 130

    def serve(self) -> int:
        if self.check and not self.demo:
            raise preflight.CannotServe("--check needs --demo: serve --demo --check")
        try:
            self.prepare()
            follower = self.start_services()
            if self.demo:
                code = self.run_demo(follower)
                if code or self.check:
                    return code
            print(f"\nDiptych is running at {self.url}   Press Ctrl-C to stop. Logs: {self.log_dir}", flush=True)
            follower.go_on_alone()
        finally:
            ignore_signals()
            release(settings.DATA_DIR)

    def prepare(self) -> None:
        ask(settings.DATA_DIR, "claim", self.url)  # which waits while a run that was killed is being ended
        preflight.require_free_port(self.host, settings.PORT)
        if settings.EMBEDDED_SERVERS:
            with step("Embedded " + " and ".join(SERVER_NAMES[name] for name in settings.EMBEDDED_SERVERS)):
                hold_embedded()
        with step("Database and static files"):
            preflight.require_database()
            preflight.require_broker()
            preflight.prepare()

    def start_services(self) -> Follower:
        services = parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            "LOG_FORMAT": read_str("LOG_FORMAT", "line"),  # for the person at this machine
            "DATA_DIR": str(settings.DATA_DIR),
            "HOST": self.host,
            "PORT": str(settings.PORT),
        }
        self.log_dir.mkdir(exist_ok=True)
        read = {name: self.set_aside(self.log_dir / f"{name}.log") for name in services}
        with step("Web server, worker and beat"):
            supervisor = tell(settings.DATA_DIR, "run", services, environment, str(self.log_dir))
            follower = Follower(supervisor, self.log_dir, read, is_verbose=self.verbose)
            deadline = time.monotonic() + START_TIMEOUT
            follower.watch_until(lambda: preflight.answers(self.url) or time.monotonic() > deadline, period=0.02)
            if time.monotonic() > deadline:
                raise preflight.CannotServe(f"The web server did not answer within {START_TIMEOUT:.0f} s.")
        return follower

    def set_aside(self, log: Path) -> int:
        """The log, if it is long. Returns where it is written on."""
        size = log.stat().st_size if log.exists() else 0
        if size <= LOG_LIMIT:
            return size
        log.replace(log.with_suffix(".log.1"))
        return 0

    def run_demo(self, follower: Follower) -> int:
        """Returns its exit code."""
        options = ["--url", self.url, *(["--pairs", self.pairs] if self.pairs else []), *(["--check"] if self.check else [])]
        demo = subprocess.Popen([sys.executable, "manage.py", "seed_demo", *options], cwd=settings.BASE_DIR)
        try:
            follower.watch_until(lambda: demo.poll() is not None)
            return demo.returncode
        finally:
            demo.terminate()
            demo.wait()


@contextmanager
def step(name: str) -> Iterator[None]:
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"… {name}", end="\r", flush=True)
    yield
    print(f"✓ {name} {time.monotonic() - started:.1f} s", flush=True)
