"""The services of a site: they start together, end together, and outlive nobody who started them."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from annotator.local.backoff import WAITS
from annotator.local.hold import SupervisorError, ask, release
from tests.local.processes import Program
from tests.waiting import wait_until

TOUCH = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
# What `serve` does with its services, without a database and a web server.
DRIVER = """
import os, signal, sys
from pathlib import Path
from annotator.local.hold import SupervisorError, ask, release
data_dir, commands = Path(sys.argv[1]), dict(line.split(": ", 1) for line in sys.argv[2:])
try:
    ask(data_dir, "claim", "http://127.0.0.1:1/")
    print("up", flush=True)
    ask(data_dir, "run", commands, dict(os.environ), str(data_dir))
except (SupervisorError, KeyboardInterrupt) as reason:
    print(repr(reason), flush=True)
finally:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    release(data_dir)
"""


@pytest.fixture
def drive(start, tmp_path: Path):
    """Starts services with these commands."""

    def drive(**commands: str) -> Program:
        driver = start("-c", DRIVER, str(tmp_path), *(f"{name}: {command}" for name, command in commands.items()))
        driver.wait_for("up")
        return driver

    return drive


def sleeper(file: Path) -> str:
    return f'exec {sys.executable} -c "{TOUCH}" {file}'


def with_stubborn_child(file: Path) -> str:
    """A shell that ends when asked to, and leaves a child that does not."""
    return f"sh -c \"trap '' TERM; exec {sys.executable} -c '{TOUCH}' {file}\" & wait"


@pytest.fixture
def two_services(drive, tmp_path) -> Program:
    driver = drive(one=sleeper(tmp_path / "one"), two=with_stubborn_child(tmp_path / "two"))
    wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists())
    assert len(driver.running()) > 4
    return driver


def supervisor_of(driver: Program):
    (supervisor,) = [process for process in driver.running() if "annotator.local.supervisor" in process.cmdline()]
    return supervisor


def test_who_leaves_finds_the_services_and_their_children_ended(two_services):
    two_services.press_ctrl_c()

    assert two_services.ended() == 0
    assert two_services.text().count("KeyboardInterrupt") == 1


def test_a_killed_serve_leaves_nothing_behind(two_services):
    two_services.process.kill()

    two_services.wait_until_gone(seconds=20)


def test_a_killed_supervisor_leaves_nothing_behind_and_serve_says_so(two_services):
    supervisor_of(two_services).kill()

    two_services.wait_until_gone(seconds=20)
    assert two_services.process.wait() == 0
    assert "The supervisor ended. Its log is" in two_services.text()


def test_both_of_them_killed_leave_nothing_behind(two_services):
    supervisor = supervisor_of(two_services)
    two_services.process.kill()
    supervisor.kill()

    two_services.wait_until_gone(seconds=20)


def test_a_service_that_was_killed_is_started_again_with_a_clean_group(two_services, tmp_path):
    killed = next(process for process in two_services.running() if process.cmdline()[-1:] == [str(tmp_path / "one")])
    (tmp_path / "one").unlink()
    killed.kill()

    wait_until((tmp_path / "one").exists)
    assert "one was ended by SIGKILL. It is started again." in (tmp_path / "one.log").read_text()
    two_services.press_ctrl_c()
    assert two_services.ended() == 0


def test_a_service_that_cannot_stay_up_ends_all_and_says_why(drive, tmp_path):
    driver = drive(long=sleeper(tmp_path / "long"), short="echo last words; exit 3")

    assert driver.ended(seconds=30) == 0
    assert "short ended with exit code 3 again and again, so everything was stopped." in driver.text()
    assert f"The end of {tmp_path}/short.log:\\nlast words" in driver.text()
    assert (tmp_path / "short.log").read_text().count("last words") == len(WAITS) + 1


def test_what_a_service_prints_is_in_its_log(drive, tmp_path):
    driver = drive(loud="echo out; echo err >&2; exec sleep 600")
    wait_until(lambda: (tmp_path / "loud.log").exists() and (tmp_path / "loud.log").read_text().split() == ["out", "err"])
    driver.press_ctrl_c()

    assert driver.ended() == 0


def test_a_folder_is_served_once_at_a_time(drive, tmp_path):
    driver = drive(one=sleeper(tmp_path / "one"))

    with pytest.raises(SupervisorError, match=r"being served already, at http://127\.0\.0\.1:1/"):
        ask(tmp_path, "claim", "http://127.0.0.1:2/")
    driver.press_ctrl_c()
    wait_until(lambda: driver.process.poll() is not None)

    ask(tmp_path, "claim", "http://127.0.0.1:2/")
    release(tmp_path)
    assert driver.ended() == 0


def test_the_next_serve_waits_for_the_end_of_one_that_was_killed(two_services, drive, tmp_path):
    services = [process for process in two_services.running() if TOUCH in process.cmdline()]
    two_services.process.kill()

    after = drive(one=sleeper(tmp_path / "one"))

    assert services
    assert not [process for process in services if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    after.press_ctrl_c()
    assert after.ended() == 0
