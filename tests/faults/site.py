"""The site under attack: web server, two Celery workers and beat, on embedded servers of their own, and how to break them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import redis
from django.conf import settings

from annotator.local import watchdog
from annotator.local.embedded_servers import Postgres, Valkey
from tests.faults.app import app
from tests.faults.faults import FAKE_CLOCK
from tests.faults.standby import ServerPair
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
WORKERS = ("worker-1", "worker-2")
START_TIMEOUT = 60.0
PING_SECONDS = 0.25  # a look that finds one of them away takes as long, and is counted as if it were still starting
WEB_PROCESSES = 2
CRASH_LOOP_SECONDS = 5.0  # granian ends if its processes end sooner than 3.5 s one after the other; `serve` starts it again then
CELERY = (sys.executable, "-m", "celery", "-A", "tests.faults.app")


class Site:
    """The processes, each in a group of its own. A watchdog ends them should we be killed."""

    def __init__(self, port: int, pair: ServerPair | None, *, has_fake_clock: bool) -> None:
        self.port, self.pair, self.has_fake_clock = port, pair, has_fake_clock
        self.logs = settings.DATA_DIR / "logs"
        self._next_web_kill = 0.0
        self.clock = settings.DATA_DIR / "clock"  # how far the clock of the processes is wrong, in seconds
        self.valkey = Valkey(settings.DATA_DIR)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._watchdog: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.set_clock(0)
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", watchdog.__name__], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True
        )
        granian = Path(sys.executable).parent / "granian"
        self._spawn(
            "web",
            *(str(granian), "--interface", "asgi", "--http", "1", "--host", HOST, "--port", str(self.port), "--no-ws"),
            *("--workers", str(WEB_PROCESSES), "--log-level", "warning"),
            *("--respawn-failed-workers", "--workers-kill-timeout", "5", "annotator.asgi:application"),
        )
        self._start_beat()
        for name in WORKERS:
            self._start_worker(name)
        wait_until(self.answers, seconds=START_TIMEOUT, why=f"the web server; its log is {self.logs / 'web.log'}")
        wait_until(self.workers_answer, seconds=START_TIMEOUT, why=f"the workers; their logs are in {self.logs}")

    def _start_beat(self) -> None:
        self._spawn("beat", *CELERY, "beat", "--loglevel", "WARNING")

    def _start_worker(self, name: str) -> None:
        options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
        self._spawn(name, *CELERY, "worker", "--hostname", self.address(name), *options)

    def address(self, worker: str) -> str:
        return f"{worker}@hammer"

    def _spawn(self, name: str, *command: str) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        if self.has_fake_clock:  # every look at the clock takes longer then
            environment |= {
                "LD_PRELOAD": str(FAKE_CLOCK),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes[name] = process
        self._tell_watchdog(b"+%d\n" % process.pid)

    def _tell_watchdog(self, line: bytes) -> None:
        assert self._watchdog is not None
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(line)
        self._watchdog.stdin.flush()

    def stop(self) -> None:
        """End everything that was started. Safe to call at any time."""
        watchdog.stop_groups([process.pid for process in self._processes.values()])
        for process in self._processes.values():
            process.wait()
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with suppress(BrokenPipeError):
                self._watchdog.stdin.close()
            self._watchdog.wait()

    def ended(self) -> list[str]:
        """Services that ended by themselves; none may."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def counter_drift(self) -> list[tuple[str, ...]]:
        """What its logs say of counters that had to be repaired."""
        lines = [line for log in self.logs.glob("*.log") for line in log.read_text(errors="replace").splitlines()]
        return [(line,) for line in lines if "Counter drift" in line]

    @property
    def postgres(self) -> Postgres:
        """The server that is the primary now."""
        return Postgres(settings.DATA_DIR) if self.pair is None else self.pair.primary

    # --- whether it is well

    def answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://{HOST}:{self.port}/healthz", timeout=5, trust_env=False).status_code == 200
        return False

    def has_both_web_processes(self) -> bool:
        return len(self._web_processes()) == WEB_PROCESSES and self.answers()

    def workers_answer(self) -> bool:
        addresses = [self.address(name) for name in WORKERS]
        try:
            answers = app.control.ping(destination=addresses, timeout=PING_SECONDS, limit=len(addresses))
        except Exception:  # the broker is away, which has many names
            return False
        return len(answers or []) == len(addresses)

    def database_answers(self) -> bool:
        return self.postgres.is_up()

    def _web_processes(self) -> list[psutil.Process]:
        children = psutil.Process(self._processes["web"].pid).children()
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE and "granian" in " ".join(child.cmdline())]

    # --- breaking it

    def kill_worker(self, name: str) -> None:
        """SIGKILL to a worker with its pool, and another one in its place."""
        self._kill_group(name)
        self._start_worker(name)

    def kill_beat(self) -> None:
        self._kill_group("beat")
        self._start_beat()

    def set_clock(self, seconds: int) -> None:
        """Let the clock of web, workers and beat be so far from the right time; of the database's nothing depends."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}")
        fresh.replace(self.clock)

    def fill_disk(self) -> None:
        """With a file of nothing, to the last byte."""
        free = shutil.disk_usage(settings.DATA_DIR).free
        with suppress(OSError), (settings.DATA_DIR / "filler").open("wb") as filler:
            while free > 0:
                filler.write(bytes(min(free, 1 << 20)))
                free -= 1 << 20

    def make_room(self) -> None:
        (settings.DATA_DIR / "filler").unlink(missing_ok=True)

    def _kill_group(self, name: str) -> None:
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._tell_watchdog(b"-%d\n" % process.pid)

    def kill_web_process(self, number: int) -> None:
        """SIGKILL to one of the processes behind the port; the server is to replace it."""
        time.sleep(max(0.0, self._next_web_kill - time.monotonic()))
        processes = self._web_processes()
        processes[number % len(processes)].kill()
        self._next_web_kill = time.monotonic() + CRASH_LOOP_SECONDS

    def wipe_valkey(self) -> None:
        with redis.Redis(unix_socket_path=str(self.valkey.socket), socket_timeout=3) as client:
            client.flushall()

    def kill_valkey(self) -> None:
        """SIGKILL; the supervisor is to start it again."""
        with redis.Redis(unix_socket_path=str(self.valkey.socket), socket_timeout=3) as client:
            pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)

    def stop_postgres_at_once(self) -> None:
        """No checkpoint, no goodbye: the next start goes through crash recovery. The supervisor is to start it again."""
        self._signal_postgres(signal.SIGQUIT)  # as pg_ctl does it, which then waits for a file that the next server writes anew

    def kill_postgres(self) -> None:
        self._signal_postgres(signal.SIGKILL)

    def _signal_postgres(self, number: signal.Signals) -> None:
        pid = int((self.postgres.home / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, number)


def seconds_until(is_well: Callable[[], bool], *, timeout: float) -> float | None:
    """How long it took, or None when it took too long."""
    start = time.monotonic()
    while time.monotonic() - start < timeout:
        if is_well():
            return time.monotonic() - start
        time.sleep(0.05)
    return None
