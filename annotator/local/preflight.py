"""What has to be right before a site is served from this machine. A person who can mend it reads one line that says how.

Without Django's applications: they take a second and 100 MB, and are needed only where something has changed.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import psycopg
import redis
from django.conf import settings

POSTGRES_NEEDED = 15  # UNIQUE NULLS NOT DISTINCT
# In front of these, Django's names; the other options are the driver's.
DATABASE_PARAMETERS = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
PREPARATIONS = (("migrate", "--no-input"), ("collectstatic", "--no-input"))


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
        with _connect() as connection:
            [(user, database, may_create)] = connection.execute(
                "SELECT current_user, current_database(), has_schema_privilege(current_schema(), 'CREATE')"
            ).fetchall()
            version = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise CannotServe(f"DATABASE_URL: {' '.join(str(error).split())}") from error
    if version < POSTGRES_NEEDED:
        raise CannotServe(f"DATABASE_URL: the server is PostgreSQL {version}; {POSTGRES_NEEDED} or newer is needed.")
    if not may_create:
        raise CannotServe(
            f"DATABASE_URL: the user {user} may not make tables in {database}. "
            f'As its owner, say: GRANT CREATE ON SCHEMA public TO "{user}"'
        )


def _connect() -> psycopg.Connection:
    config = settings.DATABASES["default"]
    parameters = {key: config[name] for name, key in DATABASE_PARAMETERS.items() if config[name]}
    options = {key: value for key, value in config["OPTIONS"].items() if key not in ("pool", "prepare_threshold")}
    return psycopg.connect(**parameters | options)


def require_broker() -> None:
    """Raises CannotServe when the Redis or Valkey server cannot be reached or refuses us."""
    try:
        with redis.Redis.from_url(settings.CACHE_URL, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except redis.AuthenticationError as error:
        raise CannotServe("REDIS_URL: the server wants another password. Write redis://:PASSWORD@HOST:PORT/0") from error
    except (redis.RedisError, ValueError) as error:
        raise CannotServe(f"REDIS_URL: {' '.join(str(error).split())}") from error


def prepare() -> None:
    """Bring the tables up to date, and collect, hash and compress static files, unless nothing has changed since."""
    done = settings.DATA_DIR / "prepared"
    if done.exists() and done.read_text() == fingerprint():
        return
    started = [
        subprocess.Popen(
            [sys.executable, "manage.py", *command, "--verbosity", "0"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in PREPARATIONS
        if command[0] != "collectstatic" or not settings.DEBUG  # then files are served from where they are
    ]
    for process in started:
        words, _ = process.communicate()
        if process.returncode:
            raise CannotServe(words.strip())
    done.write_text(fingerprint())


def fingerprint() -> str:
    """Of the code and the database, as far as migrations and static files go. A package that is installed changes its folder."""
    files = [Path(sysconfig.get_path("purelib")), settings.BASE_DIR / "annotator/settings.py"]
    files.append(settings.STATIC_ROOT / "staticfiles.json")
    for folder, pattern in (("annotator/migrations", "*.py"), ("static", "*")):
        files += sorted((settings.BASE_DIR / folder).rglob(pattern))
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
    with _connect() as connection:
        try:
            applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
        except psycopg.errors.UndefinedTable:
            applied = []
    return hashlib.sha256(json.dumps([settings.DEBUG, facts, applied]).encode()).hexdigest()


def answers(url: str) -> bool:
    """Whether the web server there serves pages."""
    headers = {"X-Forwarded-Proto": "https"} if settings.HTTPS else {}
    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
    if names and not set(settings.ALLOWED_HOSTS) & {"*", *settings.LOOPBACK_HOSTS}:
        headers["Host"] = names[0]
    connection = http.client.HTTPConnection(url.removeprefix("http://").strip("/"), timeout=5)
    try:
        connection.request("GET", "/healthz", headers=headers)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
