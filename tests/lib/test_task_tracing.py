"""A task carries the id of what sent it, and says how long it waited and took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from annotator.lib import logs
from annotator.lib.task_tracing import begin_task, end_task, label_message, waited_seconds
from annotator.tasks import heartbeat


@pytest.fixture(autouse=True)
def between_requests() -> Iterator[None]:
    yield
    logs.restore()


@contextmanager
def request_of(**headers: Any) -> Iterator[None]:
    """The task as a worker has it in hand: what was in the headers of its message is on its request."""
    heartbeat.push_request(**headers)
    try:
        yield
    finally:
        heartbeat.pop_request()


def timed(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"task": heartbeat.name, **labels}) or 0


def test_a_message_carries_the_id_of_its_sender_and_the_time():
    logs.begin("from-the-request")
    headers: dict[str, Any] = {}

    label_message(headers=headers)

    assert headers["request_id"] == "from-the-request"
    assert headers["sent_at"] == pytest.approx(time.time(), abs=5)


def test_a_message_that_nothing_sent_has_an_id_of_its_own():
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for headers in (one, other):
        label_message(headers=headers)

    assert one["request_id"]
    assert one["request_id"] != other["request_id"]


def test_a_task_runs_under_the_id_of_its_message_and_gives_the_callers_back():
    logs.begin("of-the-caller")
    before = timed("diptych_task_seconds_count", state="FAILURE"), timed("diptych_task_wait_seconds_count")

    with request_of(request_id="of-the-sender", sent_at=time.time()):
        begin_task(task=heartbeat)
        assert logs.current_id() == "of-the-sender"
        end_task(task=heartbeat, state="FAILURE")

    assert logs.current_id() == "of-the-caller"
    after = timed("diptych_task_seconds_count", state="FAILURE"), timed("diptych_task_wait_seconds_count")
    assert after == (before[0] + 1, before[1] + 1)


def test_a_task_without_an_id_takes_the_callers_and_its_wait_is_not_known():
    logs.begin("of-the-caller")
    before = timed("diptych_task_wait_seconds_count")

    with request_of():
        begin_task(task=heartbeat)
        assert logs.current_id() == "of-the-caller"
        end_task(task=heartbeat)

    assert timed("diptych_task_wait_seconds_count") == before


@pytest.mark.parametrize(("sent", "expected"), [(30, 30), (-30, 0)])
def test_the_wait_is_never_below_zero_whatever_the_senders_clock_says(sent, expected):
    with request_of(sent_at=time.time() - sent):
        assert waited_seconds(heartbeat) == pytest.approx(expected, abs=5)
