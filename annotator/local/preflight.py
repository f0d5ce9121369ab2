"""What has to be right before a site is served from this machine. A person who can mend it reads one line that says how."""

from __future__ import annotations

import errno
import hashlib
import socket
import time
from importlib.metadata import version
from pathlib import Path

import httpx
import redis
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection

POSTGRES_NEEDED = 15  # UNIQUE NULLS NOT DISTINCT
START_TIMEOUT = 90.0  # seconds until the web server has to answer


class CannotServe(Exception):
    """Something stands in the way; the message is one line that says what and what to do."""


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
        reasons = {
            errno.EADDRINUSE: f"Port {port} is in use by another program. "
            f"Choose another one, for example: make demo PORT={port % 60000 + 1}",
            errno.EACCES: f"Port {port} needs more rights than this user has. Choose one above 1023: PORT=8000",
        }
        reason = reasons.get(error.errno or 0, f"Cannot listen on {host}, port {port}: {error.strerror}.")
        raise CannotServe(reason) from error


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


def collect_static_files() -> None:
    """Collect, hash and compress what pages need, unless nothing has changed since: it takes a second or two."""
    if settings.DEBUG:
        return  # served from where they are
    digest = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    stamp = settings.STATIC_ROOT / ".collected-from"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(digest.hexdigest())


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
