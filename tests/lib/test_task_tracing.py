"""A task carries the id of what sent it, and says how long it waited and took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import structlog
from celery.signals import before_task_publish
from prometheus_client import REGISTRY

from annotator import tasks
from annotator.judging import assigning
from annotator.lib import logs
from annotator.lib.task_tracing import begin_task, end_task, stamp_message, waited_seconds
from annotator.tasks import heartbeat
from tests.factories import MemberFactory, PairFactory, VoteFactory
from tests.waiting import wait_until


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
    """The request id in the headers of a message that is about to be sent."""
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


def test_every_task_is_timed():
    before = timed("diptych_task_seconds_count", state="SUCCESS")

    heartbeat.apply()

    assert timed("diptych_task_seconds_count", state="SUCCESS") == before + 1


# --- in the worker


def worker_lines(worker, request_id):
    return [line for line in worker.log.read_text(errors="replace").splitlines() if f'"request_id": "{request_id}"' in line]


@pytest.mark.worker
def test_the_id_of_a_request_is_in_the_lines_of_the_task_that_it_sent(client, celery_worker_process):
    member = MemberFactory()
    PairFactory.create_batch(3, campaign=member.campaign)
    client.force_login(member.user)

    client.get(f"/c/{member.campaign.slug}/", HTTP_X_REQUEST_ID="seen-in-the-worker")

    found = wait_until(lambda: worker_lines(celery_worker_process, "seen-in-the-worker"))
    assert {json.loads(line)["task"] for line in found} == {"annotator.tasks.refill_queue"}
    assert assigning.open_count(member) == 3


@pytest.mark.worker
def test_a_task_that_a_task_sends_has_the_same_id_and_others_have_their_own(celery_worker_process):
    VoteFactory()
    with structlog.contextvars.bound_contextvars(request_id="whole-chain"):
        tasks.score_campaigns.delay()
    heartbeat.delay()

    def names():
        return {json.loads(line)["task"] for line in worker_lines(celery_worker_process, "whole-chain")}

    wait_until(lambda: names() == {"annotator.tasks.score_campaigns", "annotator.tasks.score_campaign"})
    alone = wait_until(
        lambda: [
            json.loads(line)
            for line in celery_worker_process.log.read_text().splitlines()
            if '"task": "annotator.tasks.heartbeat"' in line
        ]
    )
    assert UUID(alone[-1]["request_id"])


@pytest.mark.worker
def test_a_task_that_fails_has_one_line_with_its_traceback(celery_worker_process):
    with structlog.contextvars.bound_contextvars(request_id="it-fails"):
        tasks.send_delivery.delay("no number")

    wait_until(lambda: worker_lines(celery_worker_process, "it-fails"))
    celery_worker_process.finish_all()
    (line,) = [json.loads(line) for line in worker_lines(celery_worker_process, "it-fails")]
    assert (line["message"], line["level"], line["task"]) == ("task_failed", "ERROR", "annotator.tasks.send_delivery")
    assert "ValueError" in line["exception"]
