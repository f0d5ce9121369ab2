"""What every Celery task brings with it, whoever sends it: the ids for its log lines, and how long it waited and took."""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import Task
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun, worker_ready
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata, modify_context_before_task_publish
from prometheus_client import start_http_server

from annotator.lib import logs, metrics


@receiver(modify_context_before_task_publish)
def label_message(context: dict[str, Any], **_: Any) -> None:
    """The id of the request or task that sends it is there; where nothing does but the beat or a command, one of its own."""
    context["request_id"] = logs.sane_id(logs.current_id())


@before_task_publish.connect
def stamp_message(headers: dict[str, Any], **_: Any) -> None:
    headers["sent_at"] = time.time()


@receiver(bind_extra_task_metadata)
def name_task(task: Task, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name)


@task_prerun.connect
def begin_task(task: Task, **_: Any) -> None:
    task.request.update(began=time.perf_counter())
    waited = waited_seconds(task)
    if waited is not None:
        metrics.TASK_WAIT.labels(task.name).observe(waited)


@task_postrun.connect
def end_task(task: Task, state: str | None = None, **_: Any) -> None:
    began = task.request.get("began")
    if began is not None:
        metrics.TASK_SECONDS.labels(task.name, state or "UNKNOWN").observe(time.perf_counter() - began)
    structlog.contextvars.clear_contextvars()


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
