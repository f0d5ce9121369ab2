"""The Hub's own clients, each run in a process of its own: their endpoint is read when they are imported.

(`client_process.py` starts those, so that what is below the clients is not imported for each of them.)

HUB_CLIENT_PYTHON names another Python to run them with, one that has another generation of them installed.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

PYTHON = os.environ.get("HUB_CLIENT_PYTHON", sys.executable)
ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 120  # seconds
PROGRAM = """
import io, json, os, traceback
def program():
{body}
try:
    answer = {{"returned": program()}}
except Exception as error:
    answer = {{"raised": type(error).__name__, "message": str(error), "trace": traceback.format_exc()}}
print("\\n" + json.dumps(answer))
"""


class ClientFailed(Exception):
    """The program ended with an exception: its class by name, and its message."""

    def __init__(self, kind: str, message: str, trace: str) -> None:
        super().__init__(trace)
        self.kind = kind
        self.message = message


@dataclass
class HubClient:
    """A user's machine: an endpoint, perhaps a token, and a folder for what the clients keep."""

    endpoint: str
    home: Path
    token: str = ""

    def run(self, program: str, **environment: str) -> Any:
        """What the program returns, which is the body of a function. Raises ClientFailed."""
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(PROGRAM.format(body=indent(dedent(program), "    ")))
            file.flush()
            printed, complaints = self._run(Path(file.name), [], environment)
        answer = json.loads(printed.splitlines()[-1])
        if "raised" in answer:
            raise ClientFailed(answer["raised"], answer["message"], answer["trace"] + complaints[-2000:])
        return answer["returned"]

    def run_file(self, path: str, *arguments: str) -> str:
        """What a program of this repository prints."""
        return self._run(ROOT / path, [*arguments], {})[0]

    def run_to_the_end(self, path: str) -> str:
        """The same in an interpreter of its own, which also ends as one does."""
        self.home.mkdir(exist_ok=True)
        done = subprocess.run([PYTHON, str(ROOT / path)], cwd=self.home, env=self._environment(), capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"The client ended with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _run(self, path: Path, arguments: list[str], environment: dict[str, str]) -> tuple[str, str]:
        self.home.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("printed", "complaints")]
            program = {
                "path": str(path),
                "arguments": arguments,
                "folder": str(self.home),
                "environment": self._environment() | environment,
                "files": [str(file) for file in files],
                "timeout": TIMEOUT,
            }
            code = exit_code_of(program)
            printed, complaints = (file.read_text() if file.exists() else "" for file in files)
        if code or not printed:
            raise AssertionError(f"The client ended with exit code {code}:\n{printed}\n{complaints}")
        return printed, complaints

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "hf"),
            "HF_ENDPOINT": self.endpoint,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            **({"HF_TOKEN": self.token} if self.token else {}),
        }


def exit_code_of(program: dict[str, Any]) -> int:
    process = client_process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(program) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


@cache
def client_process() -> subprocess.Popen[str]:
    """It lives as long as this process; it ends with the pipe between them, also when this one is killed."""
    process = subprocess.Popen(
        [PYTHON, str(Path(__file__).with_name("client_process.py"))],
        env={"PATH": os.environ["PATH"], "HOME": os.devnull},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests
    )
    atexit.register(process.communicate)
    return process
