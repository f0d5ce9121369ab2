"""Starts the web server and the worker of the Procfile, and the nginx of docker-compose.yml where one is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from honcho.environ import parse_procfile

from annotator.celery import app
from annotator.local import watchdog
from tests.faults.clients import HOST
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
CONF = ROOT / "deploy" / "nginx.conf"
START_TIMEOUT = 60.0


@contextmanager
def web_server(port: int, data_dir: Path, **environment: str) -> Iterator[None]:
    """As `make serve` starts it, on loopback."""
    with service("web", port, data_dir, environment):
        wait_until(lambda: answers(port, "/healthz"), seconds=START_TIMEOUT, why=f"the web server; see {data_dir / 'web.log'}")
        yield


@contextmanager
def worker(port: int, data_dir: Path, **environment: str) -> Iterator[None]:
    """As `make serve` starts it."""
    log = data_dir / "worker.log"
    with service("worker", port, data_dir, environment):
        wait_until(
            lambda: app.control.ping(timeout=0.25, limit=1),
            seconds=START_TIMEOUT,
            why=lambda: f"the worker:\n{log.read_text()[-2000:]}",
        )
        yield


@contextmanager
def service(name: str, port: int, data_dir: Path, environment: dict[str, str]) -> Iterator[None]:
    """A line of the Procfile."""
    line = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, "HOST": HOST, "PORT": str(port), "DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    with running(line, data_dir / f"{name}.log", own | environment):
        yield


@contextmanager
def nginx(port: int, web_port: int, folder: Path, storage: Path) -> Iterator[None]:
    """The shipped configuration with other places: ports and folders of this run in those of the container."""
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder / "nginx.conf"
    conf.write_text(with_places(CONF.read_text(), port=port, web_port=web_port, folder=folder, storage=storage))
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", os.defpath))
    line = f"exec {program} -e {folder}/error.log -c {conf} -g 'daemon off;'"
    with running(line, folder / "nginx.log", {}):
        wait_until(lambda: answers(port, "/proxy-healthz"), seconds=START_TIMEOUT, why=f"nginx; see {folder / 'error.log'}")
        yield


def has_nginx() -> bool:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", os.defpath)) is not None


def with_places(conf: str, *, port: int, web_port: int, folder: Path, storage: Path) -> str:
    for pattern, place in (
        (r"/run/nginx\.pid", f"{folder}/nginx.pid"),
        (r"/dev/stderr", f"{folder}/error.log"),
        (r"/dev/stdout", f"{folder}/access.log"),
        (r"listen 80;", f"listen {HOST}:{port};"),
        (r"/etc/nginx/tls/", f"{folder}/tls/"),
        (r"web:8000", f"{HOST}:{web_port}"),
        (r"/storage/", f"{storage}/"),
    ):
        conf, count = re.subn(pattern, place, conf)
        assert count, f"{pattern} is not in nginx.conf any more."
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""  # the folders of this run are closed to others
    return user + conf.replace("http {", f"http {{ {temporary}", 1)


@contextmanager
def running(line: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            line,
            shell=True,
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        watchdog.stop_groups([process.pid])
        process.wait()


def answers(port: int, path: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://{HOST}:{port}{path}", timeout=5, trust_env=False).is_success
    return False
