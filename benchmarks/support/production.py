"""The site with the processes and settings of `make serve`: access log, metrics, sessions, CSRF, all as there.

Two things differ: it has the view of one query beside its own (benchmarks/support/urls.py), and the beat runs only if asked for,
because periodic jobs look at all campaigns in the database, also at those that nobody measures.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from django.conf import settings
from honcho.environ import parse_procfile

from annotator.local.child import end_with_parent
from annotator.local.embedded_servers import Postgres, Valkey
from benchmarks.support.site import HOST, ROOT, free_port, stop, wait_until_answering

UNLIMITED = "10000000"  # requests a minute; they are counted all the same


@dataclass(frozen=True)
class Site:
    """Where it answers, and the first process of each role, whose descendants have the same role."""

    port: int
    roots: dict[str, list[int]]


@contextmanager
def served(*, web: int = 2, workers: int = 2, beat: bool = False) -> Iterator[Site]:
    """The services of the Procfile, with so many web processes and processes of each worker. They end on the way out."""
    port = free_port()
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "DJANGO_SETTINGS_MODULE": "benchmarks.support.settings",
        "PYTHONUNBUFFERED": "1",
        "LOG_FORMAT": "line",
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "HOST": HOST,
        "PORT": str(port),
        "WEB_WORKERS": str(web),
        "WORKER_CONCURRENCY": str(workers),
        "API_RATE_TOKEN": UNLIMITED,
        "API_RATE_ADDRESS": UNLIMITED,
    }
    services = parse_procfile((ROOT / "Procfile").read_text()).processes
    started = {name: _start(name, line, environment) for name, line in services.items() if beat or name != "beat"}
    try:
        wait_until_answering(port, started["web"])
        yield Site(port, _roots(started))
    finally:
        stop(list(started.values()))


def _start(name: str, line: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    folder = settings.DATA_DIR / "logs"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            line,
            shell=True,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
        )


def _roots(started: dict[str, subprocess.Popen[bytes]]) -> dict[str, list[int]]:
    roots: dict[str, list[int]] = {"web": [], "worker": []}
    for name, process in started.items():
        role = name if name in ("web", "beat") else "worker"  # the workers may be several services, one for each kind of task
        roots.setdefault(role, []).append(process.pid)
    postmaster = Postgres(settings.DATA_DIR).home / "postmaster.pid"
    roots["postgres"] = [int(postmaster.read_text().split()[0])]
    with redis.Redis(unix_socket_path=str(Valkey(settings.DATA_DIR).socket)) as client:
        roots["valkey"] = [int(client.info("server")["process_id"])]
    return roots
