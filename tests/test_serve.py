"""`manage.py serve`: everything starts together, ends together, and says in one line why it does not start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from django.conf import settings
from django.db import connection

from annotator.local.supervisor import (
    CannotServe,
    Interrupts,
    Stopped,
    is_trouble,
    require_free_port,
    sole_server,
    wait_for_watchdog,
)
from tests.celery_worker import database_url
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
TOUCH = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
# What `serve` does with its services, without a database and a web server.
DRIVER = """
import os, signal, sys
from pathlib import Path
from annotator.local.supervisor import Interrupts, ServiceDied, Services, Stopped
interrupts = Interrupts()
interrupts.install()
services = Services(log_dir=Path(sys.argv[2]), watchdog_lock=Path(sys.argv[3]), interrupts=interrupts)
try:
    services.start(Path(sys.argv[1]), dict(os.environ))
    print("up", flush=True)
    while True:
        signal.pause()
except (ServiceDied, Stopped) as reason:
    print(reason, flush=True)
finally:
    interrupts.end()
    services.stop()
"""


class Program:
    """A program of ours in a session of its own, as a terminal runs it, with whatever it starts."""

    def __init__(self, arguments: list[str], *, folder: Path, marker: str, **environment: str) -> None:
        self.output = folder / f"{marker}.out"
        self.marker = marker
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "annotator.settings", "STARTED_BY": marker} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def says(self, words: str) -> bool:
        return words in self.text()

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_for(self, words: str, *, seconds: float = 120) -> None:
        wait_until(
            lambda: self.says(words) or self.process.poll() is not None,
            seconds=seconds,
            why=lambda: f"{words!r} in {self.text()}",
        )
        assert self.says(words), self.text()

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def running(self) -> list[psutil.Process]:
        """Every process that it started and that has not ended, whoever is its parent now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("STARTED_BY") == self.marker and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def ended(self, *, seconds: float = 60) -> int:
        """Its exit code; nothing that it started may outlive it, but for the blink in which a server's last process goes."""
        code = self.process.wait(seconds)
        wait_until(
            lambda: not self.running(),
            seconds=2,
            why=lambda: f"the end of {[(p, p.cmdline(), p.ppid()) for p in self.running()]}",
        )
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    programs: list[Program] = []

    def start(*arguments: str, **environment: str) -> Program:
        marker = f"{tmp_path.name}-{os.getpid()}-{len(programs)}"
        programs.append(Program(list(arguments), folder=tmp_path, marker=marker, **environment))
        return programs[-1]

    yield start
    for program in programs:
        for process in program.running():
            process.kill()
        program.process.wait()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- the services


@pytest.fixture
def drive(start, tmp_path: Path):
    """Starts services with these commands and waits until they are up."""

    def drive(**commands: str) -> Program:
        procfile = tmp_path / "Procfile"
        procfile.write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))
        driver = start("-c", DRIVER, str(procfile), str(tmp_path / "logs"), str(tmp_path / "watchdog"))
        driver.wait_for("up")
        return driver

    return drive


def sleeper(file: Path) -> str:
    return f'exec {sys.executable} -c "{TOUCH}" {file}'


def with_stubborn_child(file: Path) -> str:
    """A shell that ends when asked to, and leaves a child that does not."""
    return f"sh -c \"trap '' TERM; exec {sys.executable} -c '{TOUCH}' {file}\" & wait"


def test_ctrl_c_ends_the_services_and_their_children_and_says_so_once(drive, tmp_path):
    driver = drive(one=sleeper(tmp_path / "one"), two=with_stubborn_child(tmp_path / "two"))
    wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists())

    for _ in range(3):
        driver.press_ctrl_c()

    assert driver.ended() == 0
    assert driver.text().count("SIGINT") == 1


def test_a_killed_serve_leaves_nothing_behind(drive, tmp_path):
    driver = drive(one=sleeper(tmp_path / "one"), two=with_stubborn_child(tmp_path / "two"))
    wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists())
    assert len(driver.running()) > 3

    driver.process.kill()
    driver.process.wait()
    wait_for_watchdog(tmp_path / "watchdog")

    wait_until(lambda: not driver.running(), seconds=2, why=lambda: f"the end of {driver.running()}")


@pytest.mark.parametrize(
    ("end", "words"), [("exit 3", "short ended with exit code 3"), ("kill -KILL $$", "short was ended by SIGKILL")]
)
def test_a_service_that_ends_takes_the_others_with_it(drive, tmp_path, end, words):
    driver = drive(long=sleeper(tmp_path / "long"), short=f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; {end}")
    (tmp_path / "go").touch()

    assert driver.ended() == 0
    assert words in driver.text()


def test_what_a_service_prints_is_in_its_log(drive, tmp_path):
    driver = drive(loud="echo out; echo err >&2; exec sleep 600")
    wait_until(lambda: (tmp_path / "logs" / "loud.log").read_text().split() == ["out", "err"])
    driver.press_ctrl_c()

    assert driver.ended() == 0


# --- interrupts


def test_an_interrupt_waits_for_the_end_of_what_must_not_be_torn_apart():
    interrupts, done = Interrupts(), []

    def work() -> None:
        with interrupts.held():
            interrupts.interrupt(Stopped("SIGINT"))
            done.append("the rest")

    with pytest.raises(Stopped):
        work()

    assert done == ["the rest"]


def test_only_the_first_interrupt_is_raised():
    interrupts = Interrupts()
    with pytest.raises(Stopped, match="first"):
        interrupts.interrupt(Stopped("first"))

    interrupts.interrupt(Stopped("second"))


def test_after_the_end_nothing_interrupts():
    interrupts = Interrupts()
    interrupts.end()

    interrupts.interrupt(Stopped("late"))


# --- what stands in the way


def test_a_busy_port_is_named_with_the_way_out(free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(CannotServe, match=rf"Port {free_port} is in use.* PORT={free_port % 60000 + 1}"):
            require_free_port("127.0.0.1", free_port)

    require_free_port("127.0.0.1", free_port)


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host"])
def test_an_address_of_another_machine_is_refused(host, free_port):
    with pytest.raises(CannotServe, match=host):
        require_free_port(host, free_port)


def test_a_folder_is_served_once_at_a_time(tmp_path):
    with (
        sole_server(tmp_path, "http://127.0.0.1:1/"),
        pytest.raises(CannotServe, match=r"being served already, at http://127\.0\.0\.1:1/"),
        sole_server(tmp_path, "http://127.0.0.1:2/"),
    ):
        pass

    with sole_server(tmp_path, "http://127.0.0.1:2/"):
        pass


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23 06:30:09,978 ERROR celery: it broke", True),
        ("django.db.utils.OperationalError: connection lost", True),
        ("ValueError: no", True),
        ("2026-11-23 06:30:09,978 INFO celery: Task errors.count received", False),
        ("[INFO] Started worker-1", False),
    ],
)
def test_trouble_in_a_log_is_recognised(line, expected):
    assert is_trouble(line) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PORT": "0"}, "PORT='0' is not valid. Use a whole number from 1 to 65535."),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "DATABASE_URL: connection failed"),
        ({"DATABASE_URL": "missing"}, "does not exist"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL: Error 111 connecting to 127.0.0.1:1. Connection refused."),
    ],
)
def test_serve_says_in_one_line_why_it_does_not_start(start, tmp_path, free_port, change, words):
    if change.get("DATABASE_URL") == "missing":
        name = str(connection.settings_dict["NAME"])
        change = {"DATABASE_URL": database_url().removesuffix(name) + "no_such_database"}
    servers = {"DATABASE_URL": database_url(), "REDIS_URL": settings.CACHES["default"]["LOCATION"]}

    serve = start("manage.py", "serve", **({"PORT": str(free_port), "DATA_DIR": str(tmp_path / "data")} | servers | change))

    assert serve.ended() == 1
    lines = serve.text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert words in lines[0]


def test_check_without_demo_is_refused(start):
    serve = start("manage.py", "serve", "--check")

    assert serve.ended() == 1
    assert "serve --demo --check" in serve.text()


# --- the whole of it


@pytest.mark.worker
def test_the_demo_passes_its_checks_and_a_second_start_keeps_serving_until_ctrl_c(start, tmp_path, free_port):
    """On embedded servers of its own, from nothing; then again on what is there."""
    environment = {"DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port), "DATABASE_URL": "", "REDIS_URL": ""}
    demo = start("manage.py", "serve", "--demo", "--check", "--pairs", "12", **environment)
    assert demo.ended(seconds=200) == 0, demo.text()
    assert "13 checks passed, 0 failed." in demo.text()

    serve = start("manage.py", "serve", "--demo", **environment)
    serve.wait_for("Diptych is at")
    assert "Drawing" not in serve.text()
    assert "32 pairs left to judge" in serve.text()
    url = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{url}/healthz").text == "ok"
    assert httpx.get(f"{url}/login/").status_code == 200

    busy = start("manage.py", "serve", **environment)
    assert busy.ended() == 1
    assert f"Port {free_port} is in use" in busy.text()

    for _ in range(2):
        serve.press_ctrl_c()
    assert serve.ended() == 0
