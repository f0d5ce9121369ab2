"""The beat goes on when the clock is set, forth or back. As a process of its own it loads no task."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
import redis
from celery import Celery
from celery.schedules import schedule
from django.conf import settings

from annotator.lib.beat import SteadyScheduler
from tests.local.processes import ROOT
from tests.waiting import wait_until


class Clock:
    """One that is set by hand."""

    time = 0.0


def now() -> datetime:
    return datetime.fromtimestamp(Clock.time, UTC)


@pytest.fixture
def clock(monkeypatch) -> type[Clock]:
    monkeypatch.setattr(Clock, "time", 1_800_000_000.0)
    monkeypatch.setattr(time, "time", lambda: Clock.time)
    return Clock


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def scheduler_of(clock, sent, tmp_path):
    """A beat with a job each ten seconds and one each minute, on the same file each time."""

    def scheduler_of() -> SteadyScheduler:
        app = Celery("made up", set_as_current=False, broker="memory://", backend="cache+memory://")
        app.conf.beat_schedule = {
            "often": {"task": "often", "schedule": schedule(10.0, nowfun=now)},
            "seldom": {"task": "seldom", "schedule": schedule(60.0, nowfun=now)},
        }
        scheduler = SteadyScheduler(app, schedule_filename=str(tmp_path / "beat"))
        scheduler.apply_entry = lambda entry, producer=None: sent.append(entry.name)  # type: ignore[method-assign]
        return scheduler

    return scheduler_of


def run(scheduler: SteadyScheduler, clock: type[Clock], seconds: float) -> None:
    """As the beat does: a tick, and a wait for as long as it says."""
    end = clock.time + seconds
    while clock.time < end:
        clock.time += max(0.01, scheduler.tick())


def test_jobs_are_sent_as_often_as_they_say(scheduler_of, clock, sent):
    run(scheduler_of(), clock, 125)

    assert 11 <= sent.count("often") <= 13
    assert sent.count("seldom") == 2


@pytest.mark.parametrize("jump", [3600, -3600])
def test_after_the_clock_was_set_they_go_on_at_the_same_pace(scheduler_of, clock, sent, jump):
    scheduler = scheduler_of()
    run(scheduler, clock, 65)
    clock.time += jump
    sent.clear()
    run(scheduler, clock, 125)

    assert 11 <= sent.count("often") <= 14
    assert 1 <= sent.count("seldom") <= 3


def test_a_file_of_a_clock_that_was_ahead_keeps_nothing_back(scheduler_of, clock, sent):
    scheduler = scheduler_of()
    run(scheduler, clock, 65)
    scheduler.close()
    sent.clear()
    clock.time -= 3600
    run(scheduler_of(), clock, 65)

    assert 5 <= sent.count("often") <= 7
    assert sent.count("seldom") == 1


APPLICATION = """
import os, sys
from celery.signals import beat_init
from annotator.celery import app
app.conf.update(task_default_queue="made up", beat_schedule_filename=os.environ["SCHEDULE"], beat_max_loop_interval=0.1)
app.conf.beat_schedule = {"made up": {"task": "made.up", "schedule": 0.1}}
beat_init.connect(lambda **_: print("loaded", "annotator.tasks" in sys.modules, flush=True), weak=False)
"""


def test_it_sends_tasks_that_it_has_not_loaded_with_the_ids_for_the_log(tmp_path, start):
    (tmp_path / "made_up.py").write_text(APPLICATION)
    servers = {"DATABASE_URL": "postgres://127.0.0.1:1/none", "REDIS_URL": settings.CACHES["default"]["LOCATION"]}
    with redis.Redis.from_url(servers["REDIS_URL"]) as broker:
        start(
            *("-m", "annotator.lib.beat", "made_up"),
            **servers,
            PYTHONPATH=f"{tmp_path}:{ROOT}",
            SCHEDULE=str(tmp_path / "schedule"),
        ).wait_for("loaded False")
        wait_until(lambda: broker.llen("made up"), why="a message")
        headers = json.loads(broker.lindex("made up", 0))["headers"]

    assert headers["task"] == "made.up"
    assert headers["sent_at"] <= time.time()
    assert headers["__django_structlog__"]["request_id"]
