"""What CI does around the tests: a test that fails is run once more, alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "rerun_failed.py"
TESTS = """
def test_fails():
    assert False

def test_fails_the_first_time():
    assert True
"""


@pytest.fixture
def rerun(tmp_path):
    """Runs the script in a folder as a test run leaves it: what failed, and pytest's status."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "var").mkdir()

    def run(*failed: str, status: int = 1) -> subprocess.CompletedProcess[str]:
        cache = tmp_path / ".pytest_cache" / "v" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "lastfailed").write_text(json.dumps({f"test_it.py::{name}": True for name in failed}))
        (tmp_path / "var" / "test-status").write_text(f"{status}\n")
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        # Of pytest's plugins, which take most of a second to load, the one that the script names an option of.
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
        command = [sys.executable, str(SCRIPT), "var/flaky.txt"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    run.flaky = tmp_path / "var" / "flaky.txt"
    return run


def test_a_test_that_passes_the_second_time_is_named(rerun):
    done = rerun("test_fails_the_first_time")

    assert done.returncode == 0, done.stdout
    assert rerun.flaky.read_text() == "test_it.py::test_fails_the_first_time\n"


def test_a_test_that_fails_again_fails(rerun):
    done = rerun("test_fails", "test_fails_the_first_time")

    assert done.returncode == 1
    assert not rerun.flaky.exists()


def test_many_failures_are_no_accident(rerun):
    assert rerun(*(f"test_{number}" for number in range(11))).returncode == 1


def test_a_run_that_was_broken_off_is_not_saved_by_one_test(rerun):
    assert rerun("test_fails_the_first_time", status=3).returncode == 1
    assert not rerun.flaky.exists()
