"""Fixtures of processes that start and end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.processes import start_holder, wait_until_held, wait_until_off

Hold = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For all tests of the room: setting up a database takes longer than any of them."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture
def data_dir(shared_folder: Path) -> Iterator[Path]:
    yield shared_folder
    wait_until_off(shared_folder)


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that hold; those in this list end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for holder in started:
        holder.communicate(timeout=10)  # ends its input


@pytest.fixture
def hold_elsewhere(holders: list[subprocess.Popen[str]]) -> Hold:
    """Starts a process that holds servers, and waits until they are up."""

    def start_and_wait(data_dir: Path, *names: str) -> subprocess.Popen[str]:
        holders.append(start_holder(data_dir, *names))
        wait_until_held(holders[-1])
        return holders[-1]

    return start_and_wait
