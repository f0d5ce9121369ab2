"""The Makefile and its virtual environment, on a machine of stand-ins: a Python that writes down what it was asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HASHED = "--require-hashes --only-binary :all:"
RECORDER = """#!/bin/sh
echo "PORT=$PORT $*" >> "{calls}"
case "$*" in *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac
"""
BROKEN_ON = """#!/bin/sh
case "$*" in *"{words}"*) exit 1;; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    write_program(tmp_path / "recorder", RECORDER.format(calls=tmp_path / "calls"))
    return tmp_path


def write_program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PORT"))}
    return subprocess.run(
        ["make", f"PYTHON={project / 'recorder'}", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


def calls(project: Path) -> list[str]:
    """What Python was asked since the last look."""
    file = project / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_the_first_run_makes_the_environment_and_the_second_starts_at_once(project):
    assert make(project, "demo").returncode == 0
    first = calls(project)
    assert any("-m venv --clear .venv" in call for call in first)
    assert any("-m pip install" in call and call.endswith(f"{HASHED} -r requirements.lock") for call in first)
    assert not any("requirements-dev.lock" in call for call in first)

    assert make(project, "demo").returncode == 0
    assert calls(project) == ["PORT= manage.py serve --demo"]


def test_changed_requirements_are_installed_before_the_next_start(project):
    make(project, "serve")
    calls(project)

    later = (project / ".venv" / "installed").stat().st_mtime + 1
    os.utime(project / "requirements.lock", (later, later))
    make(project, "serve")

    install, serve = calls(project)
    assert install.endswith(f"{HASHED} -r requirements.lock")
    assert serve.endswith("manage.py serve")


def test_an_installation_that_failed_is_tried_again(project):
    make(project, "serve")
    (project / ".venv" / "installed").unlink()
    write_program(project / ".venv" / "bin" / "python", BROKEN_ON.format(words="pip install"))

    assert make(project, "serve").returncode != 0
    assert not (project / ".venv" / "installed").exists()


@pytest.mark.parametrize(
    ("target", "command"),
    [("demo", "serve --demo"), ("demo-check", "serve --demo --check"), ("serve", "serve")],
)
def test_a_variable_on_the_line_reaches_the_site(project, target, command):
    make(project, target, "PORT=8123")

    assert calls(project)[-1] == f"PORT=8123 manage.py {command}"


def test_arguments_reach_pytest(project):
    make(project, "test", "ARGS=tests/judging/test_voting.py -k twice")

    *_, install, test = calls(project)
    assert install.endswith("-r requirements-dev.lock")
    assert test.endswith("tests/judging/test_voting.py -k twice")
    assert "-m pytest -n auto" in test


def test_a_command_that_fails_fails_make(project):
    make(project, "demo-check")
    write_program(project / ".venv" / "bin" / "python", BROKEN_ON.format(words="--check"))

    assert make(project, "demo-check").returncode != 0


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (BROKEN_ON.format(words="version_info"), "Diptych needs Python 3.11 or newer"),
        (BROKEN_ON.format(words="ensurepip"), "apt-get install python3-venv"),
    ],
    ids=["too old", "without venv"],
)
def test_a_python_that_will_not_do_is_told_and_leaves_nothing_behind(project, python, says):
    write_program(project / "recorder", python)

    done = make(project, "demo")

    assert done.returncode != 0
    assert says in done.stderr
    assert not (project / ".venv").exists()
