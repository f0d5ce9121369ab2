"""The site under measurement: the real web server and a real worker, on a database of the benchmark's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from django.conf import settings

from annotator.local.child import end_with_parent

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 15.0


@dataclass(frozen=True)
class Server:
    """A way to run the application: `command` listens on HOST and {port}."""

    name: str
    command: tuple[str, ...]
    pool: bool
    threads: int  # of each process, that run Django


def granian(*, workers: int, threads: int, pool: bool) -> Server:
    options = ("--interface", "asgi", "--http", "1", "--host", HOST, "--port", "{port}", "--no-ws", "--log-level", "warning")
    command = ("granian", *options, "--workers", str(workers), "annotator.asgi:application")
    return Server(named("granian", pool), command, pool, threads)


def gunicorn(*, workers: int, threads: int, pool: bool) -> Server:
    options = ("--worker-class", "gthread", "--bind", HOST + ":{port}", "--log-level", "warning", "--keep-alive", "60")
    sizes = ("--workers", str(workers), "--threads", str(threads))
    return Server(named("gunicorn", pool), ("gunicorn", *options, *sizes, "annotator.asgi:wsgi_application"), pool, threads)


def named(server: str, pool: bool) -> str:
    return f"{server}, {'pool' if pool else 'a connection per thread'}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(server: Server, *, worker: bool = True) -> Iterator[int]:
    """The port on which the site answers, with a Celery worker beside it. Everything is stopped on the way out."""
    port = free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.support.settings",
        "WEB_THREADS": str(server.threads),
        "DATABASE_POOL": "1" if server.pool else "0",
        "LOG_LEVEL": "WARNING",
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
    }
    command = [str(Path(sys.executable).parent / server.command[0]), *(part.format(port=port) for part in server.command[1:])]
    commands = [command]
    if worker:
        options = ["--concurrency", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        commands.append([sys.executable, "-m", "celery", "--quiet", "-A", "annotator", "worker", *options])
    # A worker has no use for a pool.
    environments = [environment, environment | {"DATABASE_POOL": "0"}]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
        )
        for command, environment in zip(commands, environments, strict=False)
    ]
    try:
        wait_until_answering(port, processes[0])
        yield port
    finally:
        stop(processes)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Of process groups of their own: ask them to end, and kill those that do not."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_answering(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The web server ended with exit code {process.returncode}.")
        try:
            if httpx.get(f"http://{HOST}:{port}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("The web server did not answer.")
