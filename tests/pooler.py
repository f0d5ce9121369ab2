"""PgBouncer in transaction mode between the tests and PostgreSQL: `TEST_POOLER=1 make test`.

Nothing of ours may hang on a session: two statements of one process that are not in one transaction may then meet two backends.
The test database is made and dropped past the pooler, which would keep it in use.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

IS_WANTED = os.environ.get("TEST_POOLER", "") not in ("", "0")
# Debian puts it where only root looks.
PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
BACKENDS = 20  # that the processes of one test run share


class Pooler:
    """One PgBouncer for the server that a database of Django's is on. It ends with this process."""

    def __init__(self, settings_dict: dict[str, Any]) -> None:
        if PROGRAM is None:
            raise RuntimeError("TEST_POOLER needs PgBouncer (Debian: apt-get install pgbouncer).")
        self.folder = Path(tempfile.mkdtemp(prefix="pooler-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        server = {"host": settings_dict["HOST"], "port": settings_dict["PORT"], "user": settings_dict["USER"]}
        if settings_dict["PASSWORD"]:
            server["password"] = settings_dict["PASSWORD"]
        (self.folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = {' '.join(f'{name}={value}' for name, value in server.items() if value)}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = transaction\nmax_client_conn = 500\ndefault_pool_size = {BACKENDS}\n"
        )
        as_whom: list[str] = []
        if os.geteuid() == 0:  # it refuses to run as root; whose socket it is may reach it
            self.folder.chmod(0o755)
            socket_folder = Path(server["host"] or "/nowhere")
            as_whom = ["-u", socket_folder.owner() if socket_folder.is_dir() else "nobody"]
        self.process = subprocess.Popen(
            [PROGRAM, "-q", *as_whom, str(self.folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        atexit.register(self.stop)
        wait_until(self._is_listening, why="PgBouncer to listen")

    def _is_listening(self) -> bool:
        if self.process.poll() is not None:
            assert self.process.stderr is not None
            raise RuntimeError(f"PgBouncer ended by itself: {self.process.stderr.read().decode()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
