"""A real Celery worker for the tests that need one, in a process that cannot outlive them.

`python -m tests.celery_worker ARGUMENTS` runs `celery ARGUMENTS` until its own standard input ends. The test process holds
the other end of that pipe, so the worker is gone with it: at the end of a run, after Ctrl-C, and after a SIGKILL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

from annotator.celery import app
from annotator.lib import queues, readiness
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
STOP_TIMEOUT = 10.0  # seconds


class CeleryWorker:
    """A worker on the database, broker and cache of this test process, with a storage folder of its own.

    Several of other names may share a folder.
    """

    def __init__(self, folder: Path, name: str = "tests") -> None:
        self.storage = folder / "storage"
        self.log = folder / f"{name}.log"
        self.storage.mkdir(exist_ok=True)
        self.name = f"{name}-{os.getpid()}@localhost"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.celery_worker", "-A", "annotator.celery", "worker"),
                    *("--hostname", self.name, "--concurrency", "1", "--loglevel", "INFO"),
                    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
                ],
                cwd=ROOT,
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "annotator.settings",
                    "DATABASE_URL": database_url(),
                    "REDIS_URL": settings.CACHES["default"]["LOCATION"],
                    "SECRET_KEY": settings.SECRET_KEY,
                    "STORAGE_URL": str(self.storage),
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they then close the pipe
            )
        wait_until(self._is_ready, seconds=30, why=f"the Celery worker; its log is {self.log}")

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"The Celery worker ended by itself:\n{self.log.read_text()}")
        return bool(self._inspect().ping())

    def _inspect(self):
        return app.control.inspect(destination=[self.name], timeout=1)

    def is_idle(self) -> bool:
        """Whether it has nothing in hand and nothing is waiting for it."""
        with app.connection_or_acquire() as broker:
            waiting = queues.depths(broker.default_channel.client)
        if any(waiting.values()):
            return False
        inspect = self._inspect()
        in_hand = [inspect.active(), inspect.reserved(), inspect.scheduled()]
        return all(tasks is not None and not tasks.get(self.name) for tasks in in_hand)

    def take_tasks(self) -> None:
        wait_until(lambda: self._told(app.control.add_consumer), seconds=30, why=f"the Celery worker; its log is {self.log}")

    def take_no_tasks(self) -> None:
        """Whoever looks at what was sent finds it."""
        wait_until(lambda: self._told(app.control.cancel_consumer), seconds=30, why=f"the Celery worker; its log is {self.log}")

    def _told(self, what: Any) -> bool:
        return all(what(queue, destination=[self.name], reply=True) for queue in queues.QUEUES)

    def other_child_than(self, pid: int | None) -> int | None:
        """The process of its pool that does the tasks, once it is not the one with this pid."""
        parents = [child for child in psutil.Process(self.process.pid).children() if child.is_running()]
        workers = [child for parent in parents for child in parent.children() if child.status() != psutil.STATUS_ZOMBIE]
        return next((child.pid for child in workers if child.pid != pid), None)

    def finish_all(self) -> None:
        """Drop what is waiting, and wait for what is in hand."""
        app.control.purge()
        wait_until(self.is_idle, seconds=30, why=f"the Celery worker to finish; its log is {self.log}")

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(STOP_TIMEOUT)


def hear_from_workers(*, waited: float) -> None:
    """As if a worker had just carried out a heartbeat of each queue."""
    for queue in queues.QUEUES:
        readiness.note_heartbeat(queue=queue, waited=waited)


def database_url() -> str:
    """The test database of this process, in the spelling of DATABASE_URL."""
    names = {key: quote(str(connection.settings_dict[key]), safe="") for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    who = names["USER"] + (f":{names['PASSWORD']}" if names["PASSWORD"] else "")
    where = names["HOST"] + (f":{names['PORT']}" if names["PORT"] else "")
    return f"postgresql://{who}@{where}/{names['NAME']}"


def main() -> None:
    worker = subprocess.Popen([sys.executable, "-m", "celery", *sys.argv[1:]], stdin=subprocess.DEVNULL, start_new_session=True)
    sys.stdin.buffer.read()
    # Killed, with the processes of its pool: it has nothing in hand, or the tests were broken off and its database is going.
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


if __name__ == "__main__":
    main()
