"""The small programs of the container image, run as the image runs them."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from annotator.lib import queues, request_body
from annotator.lib.file_responses import PROXY_FOLDER

ROOT = Path(__file__).resolve().parent.parent
NGINX = (ROOT / "deploy" / "nginx.conf").read_text()


class Site(BaseHTTPRequestHandler):
    """Answers /healthz as the site would to a proxy that asked for example.org by HTTPS; anything else is a redirect."""

    status = 200

    def do_GET(self) -> None:
        is_right = (
            self.path == "/healthz"
            and self.headers["Host"] == "annotate.example.org"
            and self.headers["X-Forwarded-Proto"] == "https"
        )
        self.send_response(self.status if is_right else 301)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def health(port: int, allowed_hosts: str = "annotate.example.org") -> int:
    environment = {"PORT": str(port), "ALLOWED_HOSTS": allowed_hosts}
    return subprocess.run([sys.executable, "deploy/healthcheck.py"], cwd=ROOT, env=environment, timeout=20).returncode


@pytest.mark.parametrize(
    "allowed_hosts", ["annotate.example.org", ".annotate.example.org", " annotate.example.org , other.example.org"]
)
def test_a_site_that_answers_is_healthy(site, allowed_hosts):
    assert health(site.server_port, allowed_hosts) == 0


def test_a_site_that_answers_with_an_error_is_not(site, monkeypatch):
    monkeypatch.setattr(Site, "status", 503)

    assert health(site.server_port) == 1


def test_a_site_that_does_not_answer_is_not():
    with HTTPServer(("127.0.0.1", 0), Site, bind_and_activate=False) as nobody:
        nobody.server_bind()  # a port that is taken and where nobody listens

        assert health(nobody.server_port) == 1


def run_service(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(ROOT / "deploy" / "run", folder / "deploy")
    (folder / "Procfile").write_text('web: exec echo "web on ${PORT:-8000} in $PWD"\nworker: exec false\n')
    return subprocess.run(
        [folder / "deploy" / "run", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_it_runs_a_line_of_the_procfile(tmp_path):
    done = run_service(tmp_path, "web", PORT="8123")

    assert done.returncode == 0
    assert done.stdout == f"web on 8123 in {tmp_path}\n"


def test_a_service_that_fails_fails_it(tmp_path):
    assert run_service(tmp_path, "worker").returncode == 1


@pytest.mark.parametrize(("arguments", "says"), [(["wep"], "The Procfile has no service wep."), ([], "Name a service")])
def test_it_refuses_what_is_no_service(tmp_path, arguments, says):
    done = run_service(tmp_path, *arguments)

    assert done.returncode == 2
    assert says in done.stderr


def test_the_units_start_the_site_and_start_it_again_after_an_error():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((ROOT / "deploy/diptych.service").read_text())
    assert unit["Service"]["ExecStart"] == "/usr/bin/make serve"
    assert unit["Service"]["Restart"] == "on-failure"
    job = plistlib.loads((ROOT / "deploy/org.diptych.serve.plist").read_bytes())
    assert job["ProgramArguments"] == ["/usr/bin/make", "serve"]
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    for folder in (unit["Service"]["Environment"], f"DATA_DIR={job['EnvironmentVariables']['DATA_DIR']}"):
        assert folder.startswith("DATA_DIR=/")


def test_workers_of_one_kind_take_tasks_of_queues_that_there_are():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((ROOT / "deploy/diptych-worker@.service").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    named = [services[name]["environment"]["WORKER_QUEUES"] for name in services if name.startswith("worker-")]

    assert unit["Service"]["ExecStart"].endswith("/deploy/run worker")
    assert "WORKER_QUEUES=%i" in (ROOT / "deploy/diptych-worker@.service").read_text()
    assert set(named) < set(queues.QUEUES)
    (line,) = [line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("worker:")]
    options = re.search(r"\$\{WORKER_QUEUES.*?\}", line)
    assert options
    told = {
        queue: subprocess.run(["sh", "-c", f"echo {options[0]}"], env={"WORKER_QUEUES": queue}, capture_output=True, text=True)
        for queue in ("images", "")
    }
    assert [done.stdout.strip() for done in told.values()] == ["--queues images", ""]


def test_a_proxy_that_sends_files_can_read_the_storage(tmp_path):
    storage = tmp_path / "storage"
    storage.mkdir(mode=0o750)
    run_service(tmp_path, "web", STORAGE_URL=str(storage), SEND_FILES="app")
    closed = storage.stat().st_mode & 0o777
    run_service(tmp_path, "web", STORAGE_URL=str(storage), SEND_FILES="proxy")

    assert (closed, storage.stat().st_mode & 0o777) == (0o750, 0o755)


# --- nginx


def location(start: str) -> str:
    """What the shipped nginx does with such addresses."""
    found = re.search(rf"^        location {re.escape(start)} \{{\n(.*?)^        \}}", NGINX, re.M | re.S)
    assert found, f"nginx.conf has no location {start}"
    return found[1]


def test_nginx_has_the_limits_of_the_application(settings):
    imports = location(f"~ ^{settings.LONG_BODIES.pattern}$")

    assert request_body.LIMIT == 2**20
    assert re.findall(r"client_max_body_size (\w+);", NGINX) == ["1m", f"{settings.API_UPLOAD_LIMIT // 2**20 + 4}m"]
    assert "client_max_body_size" in imports
    assert "proxy_request_buffering off;" in imports  # or it would store what the application refuses


def test_nginx_waits_for_slow_clients_as_long_as_the_application(settings):
    assert {f"{settings.SLOW_CLIENT_SECONDS}s"} == set(re.findall(r"(?:client_\w+|send)_timeout (\w+);", NGINX))


def test_nginx_has_the_storage_where_the_application_points_to():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    assert "alias /storage/;" in location(PROXY_FOLDER)
    assert "internal;" in location(PROXY_FOLDER)
    assert "storage:/storage:ro" in compose["services"]["proxy"]["volumes"]
    assert compose["x-app"]["environment"]["SEND_FILES"] == "${SEND_FILES:-proxy}"
