"""The hammer, short: all faults but the dearest while 32 people annotate. By `pytest -m faults`; `make hammer` runs it long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 400.0  # seconds; far more than a quiet machine needs
STOP_TIMEOUT = 30.0


@pytest.mark.faults
def test_nothing_is_lost_while_everything_breaks(tmp_path):
    # A process of its own: it has its own servers, and ends everything it started when it is told to stop.
    command = [sys.executable, "-m", "tests.faults.hammer", "--votes", "600", "--fault-every", "80", "--seed", "1"]
    command += ["--faults", "all,-failover"]  # each of which copies a server
    output = tmp_path / "output"
    with output.open("wb") as file:
        hammer = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path / "data")],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "EMBEDDED_POSTGRES_OPTIONS"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            code = hammer.wait(TIMEOUT)
        finally:
            if hammer.poll() is None:
                hammer.send_signal(signal.SIGTERM)
                hammer.wait(STOP_TIMEOUT)

    said = output.read_text()
    assert code == 0, said
    for fault in ("worker", "beat", "wipe", "valkey", "web", "postgres", "postgres-kill"):
        assert f"\n  {fault} " in said, said
