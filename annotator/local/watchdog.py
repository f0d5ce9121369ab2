"""Ends the services of a `manage.py serve` that was killed before it could end them itself.

It reads its standard input: a process id per line, each the leader of a process group. When `serve` ends, however it ends,
the pipe closes; whatever still runs of those groups is then asked to stop, and killed when it does not. As long as it is at
it, it has a lock on the file that is its argument, so that the next `serve` can wait for that.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

GRACE = 8.0  # seconds between asking and killing


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open(sys.argv[1], "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stop_groups([int(line) for line in sys.stdin], is_running=is_running)


def stop_groups(leaders: Iterable[int], *, is_running: Callable[[int], bool], grace: float = GRACE) -> None:
    """Ask the leaders to stop, wait up to `grace` seconds for those that `is_running`, then kill whole groups.

    Only the leader is asked: it knows how to end its children, and a Celery pool process that got the signal itself would
    drop its task.
    """
    leaders = list(leaders)
    for leader in leaders:
        if is_running(leader):
            with suppress(ProcessLookupError):  # the leader may be gone while others of its group are not
                os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(map(is_running, leaders)):
        time.sleep(0.05)
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(leader, signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # nobody may be there to reap it
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
