"""Runs the Procfile's services on this machine, and stops them whatever happens.

honcho reads the Procfile. Its own manager signals whole process groups, which would cut the tasks of a Celery pool, and does
not outlive a SIGKILL; so the services are kept here, each the leader of its own process group, with a watchdog beside them.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import httpx
import redis
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from honcho.environ import parse_procfile

from annotator.lib.env import read_str
from annotator.local import watchdog

POSTGRES_NEEDED = 15  # UNIQUE NULLS NOT DISTINCT
LOG_LIMIT = 20_000_000  # bytes; a longer log is moved aside at the next start
START_TIMEOUT = 90.0  # seconds until the web server has to answer
LOG_LOOK_PERIOD = 0.2  # seconds
TROUBLE = re.compile(r"\b(ERROR|CRITICAL)\b|^[\w.]*(Error|Exception): ")


class CannotServe(Exception):
    """Something stands in the way; the message is one line that says what and what to do."""


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked `serve` to end. A KeyboardInterrupt, so that nothing on the way swallows it."""


class ServiceDied(KeyboardInterrupt):
    """One of the services ended by itself."""

    def __init__(self, name: str, code: int) -> None:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        super().__init__(f"{name} {how}")
        self.name = name


class Interrupts:
    """Turns signals and the death of a service into one exception in the main thread; never into a second.

    So the way out runs undisturbed, however often Ctrl-C is pressed.
    """

    def __init__(self) -> None:
        self._waiting: BaseException | None = None
        self._holds = 0
        self._is_over = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.interrupt(Stopped(signal.Signals(number).name))

    def interrupt(self, reason: BaseException) -> None:
        """Raise `reason` now, or as soon as nothing holds it. To be called in the main thread."""
        if self._is_over:
            return
        self._waiting = self._waiting or reason
        if not self._holds:
            self._raise()

    def _raise(self) -> None:
        reason, self._waiting, self._is_over = self._waiting, None, True
        if reason is not None:
            raise reason

    @contextmanager
    def held(self) -> Iterator[None]:
        """What happens inside is not torn apart: an interrupt waits for its end."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if self._waiting is not None and not self._holds and not self._is_over:
            self._raise()

    def end(self) -> None:
        """From now on nothing interrupts."""
        self._is_over = True


class Services:
    """The processes of a Procfile. Their output goes to a log file each."""

    def __init__(self, *, log_dir: Path, watchdog_lock: Path, interrupts: Interrupts) -> None:
        self.log_dir = log_dir
        self._watchdog_lock = watchdog_lock
        self._interrupts = interrupts
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._watchdog: subprocess.Popen[bytes] | None = None

    def log(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def start(self, procfile: Path, environment: dict[str, str]) -> None:
        """Start everything. From now on the death of a service interrupts the main thread with ServiceDied."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with self._interrupts.held():
            self._watchdog = subprocess.Popen(
                [sys.executable, "-m", watchdog.__name__, str(self._watchdog_lock)],
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                start_new_session=True,  # a terminal's Ctrl-C is for `serve` alone
            )
            for name, command in parse_procfile(procfile.read_text()).processes.items():
                self._start(name, command, environment)
        signal.signal(signal.SIGCHLD, self._on_child)
        self._on_child()  # one may have ended before the handler stood

    def _start(self, name: str, command: str, environment: dict[str, str]) -> None:
        path = self.log(name)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S602 - the Procfile is ours, and its lines are meant for a shell
                command,
                shell=True,
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes[name] = process
        self._tell_watchdog(process.pid)

    def _tell_watchdog(self, pid: int) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(b"%d\n" % pid)
            self._watchdog.stdin.flush()

    def _on_child(self, number: int | None = None, frame: FrameType | None = None) -> None:
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                self._interrupts.interrupt(ServiceDied(name, code))

    def stop(self) -> None:
        """End all services with their children, then the watchdog. Takes little more than `watchdog.GRACE` seconds at most."""
        by_pid = {process.pid: process for process in self._processes.values()}
        watchdog.stop_groups(by_pid, is_running=lambda pid: by_pid[pid].poll() is None)
        for process in by_pid.values():
            process.wait()
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()  # it finds nothing left to end
            self._watchdog.wait()

    def last_lines(self, name: str, count: int = 15) -> str:
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-count:])

    def follow(self, tell: Callable[[str, str], None]) -> None:
        """Call `tell(service, line)` in a thread for every line that is written to a log from now on."""
        places = {name: self.log(name).stat().st_size for name in self._processes}
        threading.Thread(target=self._follow, args=(places, tell), daemon=True).start()

    def _follow(self, places: dict[str, int], tell: Callable[[str, str], None]) -> None:
        while True:
            for name, place in places.items():
                with self.log(name).open("rb") as log:
                    log.seek(place)
                    for line in log:
                        if not line.endswith(b"\n"):
                            break  # the rest of it is still to come
                        places[name] += len(line)
                        tell(name, line.decode(errors="replace").rstrip())
            time.sleep(LOG_LOOK_PERIOD)


def wait_for_watchdog(lock: Path) -> None:
    """Block while the watchdog of a `serve` that was killed ends its services: their port will be free soon."""
    deadline = time.monotonic() + 2 * watchdog.GRACE
    while is_locked(lock) and time.monotonic() < deadline:
        time.sleep(0.05)


def is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def require_free_port(host: str, port: int) -> None:
    """Raises CannotServe when nobody can listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()  # two may be bound with SO_REUSEADDR; only one may listen
    except socket.gaierror as error:
        raise CannotServe(f"HOST={host!r} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"Port {port} is in use by another program. Choose another one, for example: make demo PORT={port % 60000 + 1}"
            ) from error
        if error.errno == errno.EACCES:
            raise CannotServe(f"Port {port} needs more rights than this user has. Choose one above 1023: PORT=8000") from error
        raise CannotServe(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def serve_lock(data_dir: Path) -> Path:
    return data_dir / "serve.lock"


def watchdog_lock(data_dir: Path) -> Path:
    return data_dir / "serve.watchdog"


@contextmanager
def sole_server(data_dir: Path, address: str) -> Iterator[None]:
    """Two `serve` on one folder would run two beats and write the same logs. Raises CannotServe in the second."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with serve_lock(data_dir).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CannotServe(
                f"{data_dir} is being served already, at {lock.read().strip()}. Stop that, or choose another DATA_DIR."
            ) from error
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def require_database() -> None:
    """Raises CannotServe when the database cannot be reached, is too old, or does not let us make tables."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database(), has_schema_privilege(current_schema(), 'CREATE')")
            user, database, may_create = cursor.fetchone()
    except OperationalError as error:
        raise CannotServe(f"DATABASE_URL: {' '.join(str(error).split())}") from error
    pg_version: int = connection.pg_version  # type: ignore[attr-defined]  # what every connection to PostgreSQL has
    if pg_version < POSTGRES_NEEDED * 10000:
        raise CannotServe(f"DATABASE_URL: the server is PostgreSQL {pg_version // 10000}; {POSTGRES_NEEDED} or newer is needed.")
    if not may_create:
        raise CannotServe(
            f"DATABASE_URL: the user {user} may not make tables in {database}. "
            f'As its owner, say: GRANT CREATE ON SCHEMA public TO "{user}"'
        )


def require_broker() -> None:
    """Raises CannotServe when the Redis or Valkey server cannot be reached or refuses us."""
    try:
        with redis.Redis.from_url(settings.CACHE_URL, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except redis.AuthenticationError as error:
        raise CannotServe("REDIS_URL: the server wants another password. Write redis://:PASSWORD@HOST:PORT/0") from error
    except (redis.RedisError, ValueError) as error:
        raise CannotServe(f"REDIS_URL: {' '.join(str(error).split())}") from error


def migrate() -> bool:
    """Bring the tables up to date. Returns whether there was anything to do."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def collect_static_files() -> bool:
    """Collect, hash and compress what pages need, unless nothing has changed since. Returns whether it was done."""
    if settings.DEBUG:
        return False  # served from where they are
    stamp = settings.STATIC_ROOT / ".collected-from"
    state = _state_of_static_files()
    if stamp.exists() and stamp.read_text() == state:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)
    return True


def _state_of_static_files() -> str:
    digest = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def service_environment(host: str, port: int) -> dict[str, str]:
    """What the services run with: our own environment, and the programs that stand beside this Python."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "LOG_FORMAT": read_str("LOG_FORMAT", "line"),  # for the person at this machine
        "DATA_DIR": str(settings.DATA_DIR),
        "HOST": host,
        "PORT": str(port),
    }


def wait_until_answering(url: str) -> None:
    """Block until the web server answers. Raises CannotServe after START_TIMEOUT seconds."""
    headers = {"X-Forwarded-Proto": "https"} if settings.HTTPS else {}
    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
    if names and not set(settings.ALLOWED_HOSTS) & {"*", *settings.LOOPBACK_HOSTS}:
        headers["Host"] = names[0]
    deadline = time.monotonic() + START_TIMEOUT
    with httpx.Client(timeout=5, headers=headers, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(f"{url}healthz").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise CannotServe(f"The web server did not answer within {START_TIMEOUT:.0f} s.")


def is_trouble(line: str) -> bool:
    """Whether a line of a service's log reports an error."""
    return TROUBLE.search(line) is not None
