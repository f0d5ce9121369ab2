"""The lines of the log, by structlog: JSON or plain, each with the id of the request, or of the task, that it belongs to.

django-structlog keeps those ids in structlog's context variables, and sends them along with tasks.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import structlog
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import EventDict, Processor

from annotator.lib.env import read_str

FIELDS = (
    *("time", "level", "logger", "message", "request_id", "task", "task_id", "parent_task_id"),
    *("method", "path", "status", "seconds", "user", "duration_ms", "reason", "exc_info"),
)
QUIET_EVENTS = {"streaming_finished"}  # the request has its line already
QUIET_VIEWS = {"healthz", "readyz", "metrics"}  # asked every few seconds


def configure() -> None:
    """Let structlog's own loggers, which are django-structlog's, write through those of the standard library."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, drop_quiet, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=logging.getLogger,  # structlog's own looks for the caller's line in the stack, which no format here shows
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def drop_quiet(logger: logging.Logger, _: str, event: EventDict) -> EventDict:
    """What comes too often to be read, unless somebody reads everything."""
    is_quiet = event["event"] in QUIET_EVENTS or event.get("view") in QUIET_VIEWS
    if is_quiet and not logger.isEnabledFor(logging.DEBUG):
        raise structlog.DropEvent
    return event


def keep_fields(_: object, __: str, event: EventDict) -> EventDict:
    """FIELDS that are not empty. Whatever else a record carries (a query, the arguments of a task) stays out."""
    record: logging.LogRecord = event["_record"]
    event.update(
        time=datetime.fromtimestamp(record.created, UTC).isoformat(),
        level=record.levelname,
        logger=record.name,
        message=event["event"],
    )
    return {field: event[field] for field in FIELDS if event.get(field) not in (None, "")}


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """As LOG_FORMAT says; without it JSON, unless somebody reads along at a terminal."""
    name = read_str("LOG_FORMAT", "line" if sys.stderr.isatty() else "json")
    if name not in ("json", "line"):
        raise ImproperlyConfigured(f"LOG_FORMAT={name!r} is not valid. Use json or line.")
    renderers = json_renderers() if name == "json" else plain_renderers()
    return structlog.stdlib.ProcessorFormatter(processors=[structlog.contextvars.merge_contextvars, keep_fields, *renderers])


def json_renderers() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def plain_renderers() -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            event_key="message",
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def current_id() -> str:
    """The id that this thread's lines carry; "" between requests and tasks."""
    request_id: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return request_id
