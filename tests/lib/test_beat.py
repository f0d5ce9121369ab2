"""The beat goes on when the clock is set, forth or back."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from celery import Celery
from celery.schedules import schedule

from annotator.lib.beat import SteadyScheduler


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
def start(clock, sent, tmp_path):
    """A beat with a job each ten seconds and one each minute, on the same file each time."""

    def start() -> SteadyScheduler:
        app = Celery("made up", set_as_current=False, broker="memory://", backend="cache+memory://")
        app.conf.beat_schedule = {
            "often": {"task": "often", "schedule": schedule(10.0, nowfun=now)},
            "seldom": {"task": "seldom", "schedule": schedule(60.0, nowfun=now)},
        }
        scheduler = SteadyScheduler(app, schedule_filename=str(tmp_path / "beat"))
        scheduler.apply_entry = lambda entry, producer=None: sent.append(entry.name)  # type: ignore[method-assign]
        return scheduler

    return start


def run(scheduler: SteadyScheduler, clock: type[Clock], seconds: float) -> None:
    """As the beat does: a tick, and a wait for as long as it says."""
    end = clock.time + seconds
    while clock.time < end:
        clock.time += max(0.01, scheduler.tick())


def test_jobs_are_sent_as_often_as_they_say(start, clock, sent):
    run(start(), clock, 125)

    assert 11 <= sent.count("often") <= 13
    assert sent.count("seldom") == 2


@pytest.mark.parametrize("jump", [3600, -3600])
def test_after_the_clock_was_set_they_go_on_at_the_same_pace(start, clock, sent, jump):
    scheduler = start()
    run(scheduler, clock, 65)
    clock.time += jump
    sent.clear()
    run(scheduler, clock, 125)

    assert 11 <= sent.count("often") <= 14
    assert 1 <= sent.count("seldom") <= 3


def test_a_file_of_a_clock_that_was_ahead_keeps_nothing_back(start, clock, sent):
    scheduler = start()
    run(scheduler, clock, 65)
    scheduler.close()
    sent.clear()
    clock.time -= 3600
    run(start(), clock, 65)

    assert 5 <= sent.count("often") <= 7
    assert sent.count("seldom") == 1
