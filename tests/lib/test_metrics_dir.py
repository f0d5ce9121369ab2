"""The folder that the processes of a machine count in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from annotator.lib.metrics_dir import is_running, tidy


@pytest.fixture(scope="module")
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_files_of_processes_that_have_ended_are_removed(tmp_path, ended):
    kept = [f"counter_{os.getpid()}.db", "counter_all.db", f"counter_{ended}.txt", f"notes_{ended}"]
    for name in (*kept, f"counter_{ended}.db", f"gauge_livesum_{ended}.db"):
        (tmp_path / name).touch()

    tidy(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_the_folder_is_made_with_its_parents(tmp_path):
    folder = tmp_path / "var" / "metrics"

    tidy(folder)
    tidy(folder)

    assert folder.is_dir()


def test_a_process_of_anybody_is_known_to_run(ended):
    assert is_running(os.getpid())
    assert is_running(1)
    assert not is_running(ended)


def test_it_runs_as_a_command_of_the_standard_library_alone(tmp_path, ended):
    (tmp_path / f"counter_{ended}.db").touch()

    subprocess.run([sys.executable, "-S", "-m", "annotator.lib.metrics_dir", str(tmp_path)], cwd=ROOT, check=True)

    assert not list(tmp_path.iterdir())


ROOT = Path(__file__).resolve().parents[2]


def test_processes_count_together_and_those_that_are_gone_are_cleared_away(tmp_path):
    folder = tmp_path / "metrics"
    tidy(folder)
    count = "from annotator.lib import metrics; metrics.FALLBACKS.inc(2)"
    show = "; from prometheus_client import generate_latest; print(generate_latest(metrics.registry()).decode())"

    def run(code: str) -> str:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    run(count)
    assert "diptych_refill_fallbacks_total 4.0" in run(count + show)
    assert list(folder.glob("*.db"))

    alive = folder / f"counter_{os.getpid()}.db"
    alive.touch()
    tidy(folder)
    assert list(folder.glob("*.db")) == [alive]
