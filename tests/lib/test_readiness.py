"""/readyz: real servers, servers that are away, and servers that hang."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from django.core.cache import cache

from annotator import tasks
from annotator.lib import queues, readiness
from annotator.lib.readiness import Heartbeat
from tests.celery_worker import ROOT, database_url, hear_from_workers
from tests.factories import MemberFactory
from tests.waiting import wait_until

# On a busy machine an answer comes late. One that was waited for as long as clients of the servers wait comes much later.
PATIENCE = 4 * readiness.LOOK_SECONDS
ASK = """
import json, time
import django; django.setup()
from django.test import Client
Client().get("/healthz")  # what is imported for the first request is no part of the time
started = time.monotonic()
answers = [Client().get(path) for path in ("/readyz", "/healthz")]
print(json.dumps({
    "seconds": time.monotonic() - started, "statuses": [answer.status_code for answer in answers],
    "body": answers[0].content.decode(), "headers": str(answers[0].headers),
}))
"""


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch):
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0)


@pytest.fixture
def fresh_cache():
    cache.clear()


def ready(client):
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


@pytest.mark.worker
def test_all_is_well_once_a_worker_has_been_heard_of(client, celery_worker_process, fresh_cache):
    for queue in queues.QUEUES:
        tasks.heartbeat.apply_async(queue=queue)

    wait_until(lambda: client.get("/readyz").status_code == 200)
    status, checks = ready(client)
    assert status == 200
    assert list(checks) == ["database", "broker", "worker", "queue", "disk"]
    for check in checks.values():
        assert check["ok"] is True
        assert check["figure"] >= 0
        assert check["detail"]
    assert all(checks[name]["figure"] < 30 for name in ("database", "broker", "worker", "queue")), "seconds"


@pytest.mark.django_db
def test_a_full_disk_is_said(client, fresh_cache, settings):
    settings.DISK_RESERVE_BYTES = 10**18

    status, checks = ready(client)

    assert status == 503
    assert checks["disk"]["ok"] is False
    assert "The disk is full." in checks["disk"]["detail"]


@pytest.mark.django_db
def test_without_a_worker_it_says_so_and_the_rest_is_well(client, fresh_cache):
    status, checks = ready(client)

    assert status == 503
    assert [name for name, check in checks.items() if not check["ok"]] == ["worker", "queue"]
    assert "No heartbeat from a worker" in checks["worker"]["detail"]


@pytest.mark.django_db
def test_a_wiped_broker_forgets_the_worker_until_its_next_heartbeat(client):
    hear_from_workers(waited=0.0)
    assert ready(client)[0] == 200

    cache.clear()
    assert ready(client)[0] == 503

    hear_from_workers(waited=0.0)
    assert ready(client)[0] == 200


@pytest.mark.django_db
def test_a_queue_that_no_worker_takes_from_is_named(client, fresh_cache):
    for queue in set(queues.QUEUES) - {queues.RELEASE}:
        readiness.note_heartbeat(queue=queue, waited=0.0)

    status, checks = ready(client)

    assert status == 503
    assert checks["worker"]["detail"].startswith("Queue release: No heartbeat from a worker.")


@pytest.mark.django_db
def test_nobody_logs_in_and_the_session_is_not_looked_at(client, fresh_cache, django_assert_num_queries):
    client.force_login(MemberFactory().user)

    with django_assert_num_queries(0):
        assert client.get("/readyz").status_code == 503
    assert client.post("/readyz").status_code == 405


@pytest.mark.django_db
def test_many_who_ask_at_once_are_answered_from_one_look(client, monkeypatch):
    looks = []
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 60)
    monkeypatch.setattr(readiness, "health", readiness.HealthCache())
    monkeypatch.setattr(readiness, "ask_database", lambda parameters: looks.append(1) or 0.001)

    first, second = readiness.health.check(), readiness.health.check()

    assert first is second
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("age", "waited", "worker_ok", "queue_ok", "lag"),
    [
        (0, 0, True, True, 0),
        (9, 0.5, True, True, 0.5),
        (25, 0, True, True, 15),  # the next one has been due for 15 s
        (5, 31, True, False, 31),
        (45, 0, True, False, 35),
        (61, 0, False, False, 51),
        (-3, 0, True, True, 0),  # the worker's clock is ahead
    ],
)
def test_a_heartbeat_tells_of_the_worker_and_of_the_queue(age, waited, worker_ok, queue_ok, lag):
    heartbeat = Heartbeat(at=1000.0, waited=waited)

    worker = readiness.judge_worker(heartbeat, 1000.0 + age, knows=True)
    queue = readiness.judge_queue(heartbeat, 1000.0 + age, knows=True)

    assert (worker.ok, queue.ok, queue.figure) == (worker_ok, queue_ok, lag)


def ask_elsewhere(**environment: str) -> dict:
    """A process of its own, on these servers."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "SECRET_KEY": "only-for-tests",
            "ALLOWED_HOSTS": "testserver",
            "HTTPS": "0",
        }
        | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_it_answers_and_names_it():
    answer = ask_elsewhere(DATABASE_URL=database_url(), REDIS_URL="redis://:hushhush@127.0.0.1:1/0")

    checks = json.loads(answer["body"])["checks"]
    assert answer["statuses"] == [503, 200]
    assert [name for name, check in checks.items() if not check["ok"]] == ["broker", "worker", "queue"]
    assert "broker" in checks["worker"]["detail"]
    assert answer["seconds"] < PATIENCE
    assert "hushhush" not in answer["body"] + answer["headers"]
    assert "127.0.0.1" not in answer["body"]


def test_with_the_database_down_it_answers_and_names_it(settings):
    answer = ask_elsewhere(
        DATABASE_URL="postgres://ann:hushhush@127.0.0.1:1/site", REDIS_URL=settings.CACHES["default"]["LOCATION"]
    )

    checks = json.loads(answer["body"])["checks"]
    assert answer["statuses"] == [503, 200]
    assert checks["database"] == {"ok": False, "detail": "Cannot be reached.", "figure": None}
    assert checks["broker"]["ok"] is True
    assert "hushhush" not in answer["body"] + answer["headers"]


def test_servers_that_take_a_connection_and_say_nothing_are_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer = ask_elsewhere(DATABASE_URL=f"postgres://ann@127.0.0.1:{port}/site", REDIS_URL=f"redis://127.0.0.1:{port}/0")

    assert answer["statuses"] == [503, 200]
    assert [name for name, check in json.loads(answer["body"])["checks"].items() if check["ok"]] == ["disk"]
    assert answer["seconds"] < PATIENCE


def test_a_look_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(readiness, "LOOK_SECONDS", 0.1)
    over = threading.Event()
    monkeypatch.setattr(readiness, "ask_database", lambda parameters: over.wait(60))
    monkeypatch.setattr(readiness, "ask_broker", lambda: over.wait(60))

    started = time.monotonic()
    seen = readiness.HealthCache().check()
    seconds = time.monotonic() - started
    over.set()

    assert seconds < PATIENCE
    assert not seen.is_ready
