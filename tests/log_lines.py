"""What is logged during a test, as the JSON handler of the settings writes it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from annotator.lib import logs

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """A function that gives the lines so far. The root logger's level is DEBUG meanwhile."""
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
