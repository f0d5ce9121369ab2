"""What the steps of the demo stand on: its guideline and log-ins, waiting for the site, and giving up."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from django.db.models import F

from annotator import tasks
from annotator.choices import (
    ImportState,
)
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Import

STANDSTILL = 90.0  # seconds without any progress after which a step is given up
LOOK_PERIOD = 0.1  # seconds
RESEND_PERIOD = 3.0  # seconds after which work that must not have been heard of is sent again
GUIDELINE = """\
# Which image shows the prompt?

The prompt names the **shapes**, their **colours**, their **number** and their **positions**.

1. Compare each image with the prompt: number, colours, shapes, positions. Every mistake counts.
2. The image with **fewer mistakes** is better.
3. If both have the same number of mistakes, the **cleaner drawing** is better.
4. If they are still equal: **both good** if neither has a mistake, else **both bad**.

Details that the prompt does not mention, such as the background, do not matter.
Skip a pair if you cannot decide.
"""


class DemoFailed(Exception):
    """A step did not come to its end; the message says which and what to look at."""


@dataclass
class LogIns:
    """Made once for a data folder, and readable by its owner only."""

    manager: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    annotator: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    people: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @classmethod
    def kept_in(cls, path: Path) -> LogIns:
        if path.exists():
            return cls(**json.loads(path.read_text()))
        path.parent.mkdir(parents=True, exist_ok=True)
        log_ins = cls()
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(log_ins), file)
        os.replace(unfinished, path)
        return log_ins


@dataclass
class ReleaseCopy:
    """A release as it was downloaded and found to be what its manifest says."""

    number: int
    revision: str
    size: int  # bytes
    tables: dict[str, pa.Table]  # by config, all splits together


class Standstill:
    """Watches over something that is waited for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._last: Any = None
        self._since = time.monotonic()
        self._sent: float | None = None

    def look(self, state: Any) -> None:
        """Note how far it is and wait a little. Raises DemoFailed when nothing has changed for STANDSTILL seconds."""
        now = time.monotonic()
        if state != self._last:
            self._last, self._since = state, now
        elif now - self._since > STANDSTILL:
            raise DemoFailed(f"No progress on {self.name} for {STANDSTILL:.0f} s. Is a Celery worker running?")
        time.sleep(LOOK_PERIOD)

    def is_time_to_send(self) -> bool:
        """True at first, and again every few seconds: a message for the worker may be lost with the broker."""
        now = time.monotonic()
        if self._sent is not None and now - self._sent < RESEND_PERIOD:
            return False
        self._sent = now
        return True


def resume_import(import_: Import) -> None:
    if import_.state in (ImportState.QUEUED, ImportState.READING):
        tasks.enqueue(tasks.ingest_import, import_.pk)
    for batch in import_.batches.filter(done_at__isnull=True):
        tasks.enqueue(tasks.ingest_batch, batch.pk)


def answer_of(response: httpx.Response) -> httpx.Response:
    """The response. Raises DemoFailed with the site's own words when it is an error."""
    if response.is_success:
        return response
    try:
        words = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        words = response.reason_phrase
    raise DemoFailed(f"{response.request.method} {response.request.url.path}: {response.status_code} {words}")


def pass_time(assignment: int, milliseconds: int) -> None:
    """As if the pair had been sent out so much earlier: nobody waits for simulated people to look at it."""
    earlier = F("shown_at") - timedelta(milliseconds=milliseconds)
    Assignment.objects.filter(pk=ASSIGNMENTS.find(assignment)).update(shown_at=earlier)
