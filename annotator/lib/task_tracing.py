"""What every Celery task brings with it, whoever sends it: the id for its log lines, and how long it waited and took."""

from __future__ import annotations

import time
from typing import Any

from celery import Task
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun, worker_ready
from django.conf import settings
from prometheus_client import start_http_server

from annotator.lib import logs, metrics


@before_task_publish.connect
def label_message(headers: dict[str, Any], **_: Any) -> None:
    """The id of the request or task that sends it; of its own where nothing does but the beat or a command."""
    headers["request_id"] = logs.current_id() or logs.fresh_id()
    headers["sent_at"] = time.time()


@task_prerun.connect
def begin_task(task: Task, **_: Any) -> None:
    outer_place = logs.begin(task.request.get("request_id") or logs.current_id(), task=task.name)
    task.request.update(outer_place=outer_place, began=time.perf_counter())
    waited = waited_seconds(task)
    if waited is not None:
        metrics.TASK_WAIT.labels(task.name).observe(waited)


@task_postrun.connect
def end_task(task: Task, state: str | None = None, **_: Any) -> None:
    began = task.request.get("began")
    if began is not None:
        metrics.TASK_SECONDS.labels(task.name, state or "UNKNOWN").observe(time.perf_counter() - began)
    logs.restore(task.request.get("outer_place"))


def waited_seconds(task: Task) -> float | None:
    """How long the task that is being carried out waited in the queue, as the clocks of two machines agree."""
    sent_at = task.request.get("sent_at")
    return None if sent_at is None else max(0.0, time.time() - float(sent_at))


@setup_logging.connect
def leave_logging_alone(**_: Any) -> None:
    """Celery sets up nothing of its own where somebody listens to this; settings.LOGGING is for all processes."""


@worker_ready.connect
def offer_metrics(**_: Any) -> None:
    """Answer Prometheus on METRICS_PORT, for a worker that shares no folder with a web server."""
    if settings.METRICS_PORT:
        start_http_server(settings.METRICS_PORT, addr=settings.HOST, registry=metrics.registry())
