"""Real processes that hold, serve and die, and a look at what they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from annotator.local.hold import socket_address
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
HOLD = """
import sys
from pathlib import Path
from annotator.local.hold import hold
hold(Path(sys.argv[1]), *sys.argv[2:])
print("held", flush=True)
sys.stdin.read()
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

    def wait_until_gone(self, *, seconds: float = 2) -> None:
        wait_until(
            lambda: not self.running(),
            seconds=seconds,
            why=lambda: f"the end of {[(p, p.cmdline(), p.ppid()) for p in self.running()]}",
        )

    def ended(self, *, seconds: float = 60) -> int:
        """Its exit code; nothing that it started may outlive it, but for the blink in which a server's last process goes."""
        code = self.process.wait(seconds)
        self.wait_until_gone()
        return code


def start_holder(data_dir: Path, *names: str) -> subprocess.Popen[str]:
    """A process that holds servers until its standard input ends."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data_dir), *names],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until_held(holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"


def wait_until_off(data_dir: Path) -> None:
    """Until nothing runs for this folder, and what comes next finds it as at the first time."""
    wait_until(lambda: not processes_of(data_dir), why=lambda: f"the end of {processes_of(data_dir)}")


def is_supervised(data_dir: Path) -> bool:
    return socket_address(data_dir).exists()


def supervisor_of(data_dir: Path) -> psutil.Process:
    (supervisor,) = [p for p in processes_of(data_dir) if "annotator.local.supervisor" in p.cmdline()]
    return supervisor


def server_of(data_dir: Path, program: str) -> psutil.Process:
    (server,) = [process for process in processes_of(data_dir) if process.name() == program]
    return server


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """The supervisor and the servers (without their children) of this folder."""
    return [
        process
        for process in _processes()
        if process.info["name"] in ("postgres", "valkey-server") or "annotator.local.supervisor" in process.info["cmdline"]
        if any(str(data_dir) in argument for argument in process.info["cmdline"])
    ]


def _processes() -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        if process.info["cmdline"] and process.info["status"] != psutil.STATUS_ZOMBIE:
            yield process
