"""Groups of processes are asked to end, and killed when they do not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from annotator.local import watchdog
from annotator.local.watchdog import stop_groups
from tests.local.processes import ROOT
from tests.waiting import wait_until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
POLITE = "import time; print('up', flush=True); time.sleep(600)"
LEADER = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); time.sleep(600)"

Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start_group() -> Iterator[Start]:
    started = []

    def start_group(code: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True))
        stdout = started[-1].stdout
        assert stdout is not None
        assert stdout.readline() == b"up\n"
        return started[-1]

    yield start_group
    for process in started:
        process.kill()
        process.communicate()


def test_who_ends_when_asked_is_not_killed(start_group):
    process = start_group(POLITE)

    stop_groups([process.pid])

    assert process.wait() == -15


def test_who_does_not_end_is_killed_after_the_grace(start_group):
    process, start = start_group(STUBBORN), time.monotonic()

    stop_groups([process.pid], grace=0.3)

    assert process.wait() == -9
    assert time.monotonic() - start >= 0.3


def test_children_of_a_leader_end_with_it(start_group):
    leader = start_group(LEADER)
    (child,) = psutil.Process(leader.pid).children()

    stop_groups([leader.pid])

    assert leader.wait() == -15
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_groups_that_have_ended_already_are_passed_over(start_group):
    process = start_group(POLITE)
    process.kill()
    process.wait()

    stop_groups([process.pid, start_group(POLITE).pid])


def test_it_waits_for_the_end_of_its_input_however_often_it_is_asked_to_end(start_group):
    process, forgotten = start_group(POLITE), start_group(POLITE)
    program = subprocess.Popen([sys.executable, "-m", watchdog.__name__], cwd=ROOT, stdin=subprocess.PIPE)
    assert program.stdin is not None
    program.stdin.write(b"+%d\n+%d\n-%d\n" % (process.pid, forgotten.pid, forgotten.pid))
    program.stdin.flush()
    wait_until(lambda: ignores_sigterm(program.pid))
    program.terminate()
    assert process.poll() is None

    program.communicate()

    assert program.returncode == 0
    assert process.wait() == -15
    assert forgotten.poll() is None, "it was said to have ended, and its number may be another's"


def ignores_sigterm(pid: int) -> bool:
    (ignored,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn:")]
    return bool(int(ignored.split()[1], 16) & 1 << signal.SIGTERM - 1)
