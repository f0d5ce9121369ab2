"""The embedded PostgreSQL and Valkey: where each lives in DATA_DIR, and whether it answers.

Both listen on Unix sockets only, in folders that no other user can enter.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

POSTGRES_MAJOR = 18
DATABASE_NAME = "diptych"
POSTGRES_USER = "postgres"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit for the address of a Unix socket is 108


def short_folder(folder: Path, socket_name: str) -> Path:
    """The folder itself, or a short private one if the socket's path in it is too long for an address."""
    if len(os.fsencode(folder / socket_name)) <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"diptych-{os.getuid()}-{digest}"


class Server:
    """What the two servers share: where they live."""

    name: str
    socket_name: str

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir / self.name
        self.log = data_dir / f"{self.name}.log"
        self.socket_dir = short_folder(self.home, self.socket_name)

    def is_up(self) -> bool:
        """Whether it answers a client."""
        raise NotImplementedError


class Postgres(Server):
    name = "postgres"
    socket_name = ".s.PGSQL.5432"

    def connection_parameters(self) -> dict[str, str]:
        return {"host": str(self.socket_dir), "user": POSTGRES_USER, "dbname": DATABASE_NAME}

    def connect(self, dbname: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_dir), user=POSTGRES_USER, dbname=dbname, connect_timeout=3, autocommit=True)

    def is_up(self) -> bool:
        try:
            with self.connect("postgres"):  # our own database is made after the first start
                return True
        except psycopg.OperationalError:
            return False


class Valkey(Server):
    name = "valkey"
    socket_name = "valkey.sock"

    @property
    def socket(self) -> Path:
        return self.socket_dir / self.socket_name

    def client(self) -> redis.Redis:
        # No retries: the caller asks again anyway, and the client's own back-off takes seconds.
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=3, retry=Retry(NoBackoff(), 0))

    def is_up(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
