"""The lines of the log: JSON or plain, each with the id of the request, or of the task, that it belongs to."""

from __future__ import annotations

import logging
import re
import sys
import uuid
from contextvars import ContextVar
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.json import JsonFormatter

from annotator.lib.env import read_str

# Whatever else a record carries (the request with its query, the arguments of a task) stays out.
FIELDS = ("time", "level", "logger", "message", "request_id", "task", "method", "path", "status", "seconds", "user", "exc_info")
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Place:
    """What a thread is at work on."""

    request_id: str = ""
    task: str = ""


_place: ContextVar[Place] = ContextVar("place", default=Place())  # noqa: B039 - it is frozen


def begin(wanted: str = "", *, task: str = "") -> Place:
    """From now on this thread's lines carry an id: the wanted one where it is sane, else a fresh one. Returns what was."""
    before = _place.get()
    _place.set(Place(wanted if SANE_ID.fullmatch(wanted) else fresh_id(), task))
    return before


def restore(place: Place | None = None) -> None:
    """Back to what `begin` returned, or to nothing."""
    _place.set(place or Place())


def current_id() -> str:
    """The id that this thread's lines carry; "" between requests and tasks."""
    return _place.get().request_id


def fresh_id() -> str:
    return uuid.uuid4().hex


class Context(logging.Filter):
    """Puts the id, and the name of the task, on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        place = _place.get()
        record.request_id, record.task = place.request_id or "-", place.task
        return True


class JsonLines(JsonFormatter):
    """One object per line, with no field but FIELDS, and none that is empty."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__(("levelname", "name", "message"), timestamp="time", rename_fields=names)

    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        return {field: log_data[field] for field in FIELDS if log_data.get(field) not in (None, "", "-")}


class PlainLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s")


def formatter() -> logging.Formatter:
    """As LOG_FORMAT says; without it JSON, unless somebody reads along at a terminal."""
    name = read_str("LOG_FORMAT", "line" if sys.stderr.isatty() else "json")
    if name not in ("json", "line"):
        raise ImproperlyConfigured(f"LOG_FORMAT={name!r} is not valid. Use json or line.")
    return JsonLines() if name == "json" else PlainLines()
