"""Ends the services of a supervisor that was killed before it could end them itself.

It reads its standard input: per line a sign and a process id, the leader of a process group: + started, - ended. When the
supervisor ends, however it ends, the pipe closes; whatever still runs of those groups is then asked to stop, and killed when
it does not.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

GRACE = 8.0  # seconds between asking and killing


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leaders = set[int]()
    for line in sys.stdin:
        pid = int(line[1:])
        if line.startswith("+"):
            leaders.add(pid)
        else:  # its number may become another's
            leaders.discard(pid)
    stop_groups(leaders)


def stop_groups(leaders: Collection[int], *, grace: float = GRACE) -> None:
    """Ask the leaders to stop, wait up to `grace` seconds for their end, then kill whole groups.

    Only the leader is asked: it knows how to end its children, and a Celery pool process that got the signal itself would
    drop its task.
    """
    for leader in leaders:
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
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # its parent may reap it later, or never
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
