"""Whether all that Diptych needs is there and keeps up: database, broker, a worker, a queue that moves, room on the disk.

The beat sends a heartbeat to each queue every HEARTBEAT_PERIOD; whichever worker carries it out notes the time, and how long it
waited in the queue, in Valkey. What is said is of the queue that is worst off. The note is no truth that must last: after a wipe
the next heartbeat writes it again.

Anybody may ask, so asking is cheap: a process looks once a second at most, with one look under way, and no look takes longer
than LOOK_SECONDS, whatever hangs.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotator.lib import queues
from annotator.lib.disk_space import FULL_WORDS, disk_space

logger = logging.getLogger(__name__)

HEARTBEATS_KEY = "diptych:heartbeats"
HEARTBEAT_PERIOD = 10.0  # seconds; the beat sends one this often
SILENT_AFTER = 60.0  # seconds without a heartbeat, and there is no worker, or none that has time
LAG_LIMIT = 30.0  # seconds a task may wait in the queue
CONNECT_SECONDS = 2  # PostgreSQL's client knows nothing shorter
STATEMENT_MS = 1500
BROKER_SECONDS = 1.0
LOOK_SECONDS = 2.5
KEEP_SECONDS = 1.0


@dataclass(frozen=True)
class Check:
    """How one thing is: `detail` for people, `figure` for graphs, in seconds or bytes."""

    ok: bool
    detail: str
    figure: float | None = None


@dataclass(frozen=True)
class Heartbeat:
    """The newest one that a worker carried out: its time, and how long it had waited in the queue."""

    at: float
    waited: float


@dataclass(frozen=True)
class Broker:
    """What the broker said: how long it took, and of each queue how many tasks wait and its newest heartbeat."""

    seconds: float
    waiting: dict[str, int]
    heartbeats: dict[str, Heartbeat]


@dataclass(frozen=True)
class Readiness:
    checks: dict[str, Check]
    waiting: dict[str, int]  # tasks in each queue; empty where that is not known

    @property
    def is_ready(self) -> bool:
        return all(check.ok for check in self.checks.values())


class HealthCache:
    """Looks, and remembers for KEEP_SECONDS what it saw."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="readiness")
        self._lock = threading.Lock()
        self._seen: Readiness | None = None
        self._seen_at = 0.0

    def check(self) -> Readiness:
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen_at >= KEEP_SECONDS:
                self._seen = self._look()
                self._seen_at = time.monotonic()
            return self._seen

    def _look(self) -> Readiness:
        deadline = time.monotonic() + LOOK_SECONDS
        database = self._threads.submit(ask_database, connection.get_connection_params())
        broker = self._threads.submit(ask_broker)
        database_seconds = self._answer("database", database, deadline)
        broker_says = self._answer("broker", broker, deadline)
        heartbeats, knows = broker_says.heartbeats if broker_says else {}, broker_says is not None
        checks = {
            "database": server_check(database_seconds),
            "broker": server_check(broker_says and broker_says.seconds),
            "worker": worst_check(judge_worker, heartbeats, knows=knows),
            "queue": worst_check(judge_queue, heartbeats, knows=knows),
            "disk": judge_disk(disk_space.free()),
        }
        return Readiness(checks, broker_says.waiting if broker_says else {})

    def _answer(self, name: str, future: Future[Any], deadline: float) -> Any:
        """What the future says in time; None where it says nothing, with the reason in the log and nowhere else."""
        try:
            return future.result(timeout=max(0.0, deadline - time.monotonic()))
        except (TimeoutError, OSError, ValueError, psycopg.Error, redis.RedisError) as error:
            future.cancel()
            logger.warning("No response from the %s: %s", name, " ".join(str(error).split()) or type(error).__name__)
            return None


health = HealthCache()


def ask_database(parameters: dict[str, Any]) -> float:
    """Seconds until the database answered, on a connection of its own: the shared ones may all be waiting."""
    started = time.perf_counter()
    with psycopg.connect(**parameters | {"connect_timeout": CONNECT_SECONDS}) as asked:
        asked.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS}")  # of the transaction, which a pooler keeps together
        asked.execute("SELECT 1")
    return time.perf_counter() - started


def ask_broker() -> Broker:
    started = time.perf_counter()
    with client() as broker:
        noted, waiting = broker.hgetall(HEARTBEATS_KEY), queues.depths(broker)
    heartbeats = {queue.decode(): Heartbeat(**json.loads(text)) for queue, text in noted.items()}
    return Broker(time.perf_counter() - started, waiting, heartbeats)


def note_heartbeat(*, queue: str, waited: float) -> None:
    """To be called by a worker that carries a heartbeat out."""
    with client() as broker:
        broker.hset(HEARTBEATS_KEY, queue, json.dumps({"at": time.time(), "waited": waited}))


def client() -> redis.Redis:
    """The broker's server, never waited for long and asked once."""
    return redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_connect_timeout=BROKER_SECONDS,
        socket_timeout=BROKER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def server_check(seconds: float | None) -> Check:
    return Check(False, "Cannot be reached.") if seconds is None else Check(True, "Responds.", round(seconds, 4))


def worst_check(judge: Callable[..., Check], heartbeats: dict[str, Heartbeat], *, knows: bool) -> Check:
    """Of the checks of all queues, the first that is not well, or the one that took longest. It names the queue unless all are as
    bad."""
    checks = {queue: judge(heartbeats.get(queue), time.time(), knows=knows) for queue in queues.QUEUES}
    worst = min(checks, key=lambda queue: (checks[queue].ok, -(checks[queue].figure or 0.0)))
    found = checks[worst]
    if found.ok or not any(check.ok for check in checks.values()):
        return found
    return replace(found, detail=f"Queue {worst}: {found.detail}")


def judge_worker(heartbeat: Heartbeat | None, now: float, *, knows: bool) -> Check:
    """The figure is the age of the newest heartbeat."""
    if not knows:
        return Check(False, "Unknown while the broker cannot be reached.")
    if heartbeat is None:
        return Check(False, "No heartbeat from a worker. No worker or no beat is running, or they have just started.")
    age = max(0.0, now - heartbeat.at)
    if age > SILENT_AFTER:
        return Check(
            False, f"No heartbeat from a worker for {age:.0f} s. No worker or no beat is running, or all workers are busy.", age
        )
    return Check(True, "A worker is running tasks.", age)


def judge_queue(heartbeat: Heartbeat | None, now: float, *, knows: bool) -> Check:
    """The figure is how long a task waits: as long as the newest heartbeat did, or as the next one has been due."""
    if not knows:
        return Check(False, "Unknown while the broker cannot be reached.")
    if heartbeat is None:
        return Check(False, "Unknown until a worker sends a heartbeat.")
    lag = max(heartbeat.waited, now - heartbeat.at - HEARTBEAT_PERIOD, 0.0)
    if lag > LAG_LIMIT:
        return Check(False, f"Tasks wait {lag:.0f} s in the queue. Start more workers.", lag)
    return Check(True, "Tasks start without delay.", lag)


def judge_disk(free: int) -> Check:
    """The figure is the room that is left, in bytes. No folder is named: anybody may read this."""
    if free < settings.DISK_RESERVE_BYTES:
        return Check(False, f"Less than {settings.DISK_RESERVE_BYTES // 1_000_000:,} MB left. {FULL_WORDS}", free)
    return Check(True, "Has room.", free)
