"""A task carries the id of what sent it, and says how long it waited and took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from celery.signals import before_task_publish
from prometheus_client import REGISTRY

from annotator.lib import logs
from annotator.lib.task_tracing import begin_task, end_task, stamp_message, waited_seconds
from annotator.tasks import heartbeat


@pytest.fixture(autouse=True)
def between_requests() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


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


def labelled() -> str:
    """The request id that a message takes along, as Celery asks everybody for its headers before it is sent."""
    headers: dict[str, Any] = {}
    before_task_publish.send(sender=heartbeat.name, headers=headers, body=(), properties={}, routing_key="celery")
    return headers["__django_structlog__"]["request_id"]


def test_a_message_carries_the_id_of_its_sender():
    structlog.contextvars.bind_contextvars(request_id="from-the-request")

    assert labelled() == "from-the-request"


def test_a_message_that_nothing_sent_has_an_id_of_its_own():
    one, other = labelled(), labelled()

    assert one
    assert one != other


def test_a_message_says_when_it_was_sent():
    headers: dict[str, Any] = {}

    stamp_message(headers=headers)

    assert headers["sent_at"] == pytest.approx(time.time(), abs=5)


def test_a_task_is_timed_by_how_it_ended_and_leaves_no_id_behind():
    before = timed("diptych_task_seconds_count", state="FAILURE"), timed("diptych_task_wait_seconds_count")
    structlog.contextvars.bind_contextvars(request_id="of-the-sender")

    with request_of(sent_at=time.time()):
        begin_task(task=heartbeat)
        assert logs.current_id() == "of-the-sender"
        end_task(task=heartbeat, state="FAILURE")

    assert logs.current_id() == ""
    after = timed("diptych_task_seconds_count", state="FAILURE"), timed("diptych_task_wait_seconds_count")
    assert after == (before[0] + 1, before[1] + 1)


def test_a_wait_that_is_not_known_is_not_counted():
    before = timed("diptych_task_wait_seconds_count")

    with request_of():
        begin_task(task=heartbeat)
        end_task(task=heartbeat)

    assert timed("diptych_task_wait_seconds_count") == before


@pytest.mark.parametrize(("sent", "expected"), [(30, 30), (-30, 0)])
def test_the_wait_is_never_below_zero_whatever_the_senders_clock_says(sent, expected):
    with request_of(sent_at=time.time() - sent):
        assert waited_seconds(heartbeat) == pytest.approx(expected, abs=5)
