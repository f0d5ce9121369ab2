"""The Hub's own clients, each run in a process of its own: their endpoint is read when they are imported.

HUB_CLIENT_PYTHON names another Python to run them with, one that has another generation of them installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

PYTHON = os.environ.get("HUB_CLIENT_PYTHON", sys.executable)
ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 120.0  # seconds
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
        printed, complaints = self._run(["-c", PROGRAM.format(body=indent(dedent(program), "    "))], environment)
        answer = json.loads(printed.splitlines()[-1])
        if "raised" in answer:
            raise ClientFailed(answer["raised"], answer["message"], answer["trace"] + complaints[-2000:])
        return answer["returned"]

    def run_file(self, path: str, *arguments: str) -> str:
        """What a program of this repository prints."""
        return self._run([str(ROOT / path), *arguments], {})[0]

    def _run(self, command: list[str], environment: dict[str, str]) -> tuple[str, str]:
        self.home.mkdir(exist_ok=True)
        done = subprocess.run(
            [PYTHON, *command],
            cwd=self.home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "HF_HOME": str(self.home / "hf"),
                "HF_ENDPOINT": self.endpoint,
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "HF_UPDATE_DOWNLOAD_COUNTS": "0",
                **({"HF_TOKEN": self.token} if self.token else {}),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        if done.returncode or not done.stdout:
            raise AssertionError(f"The client ended with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr
