"""How a log line is written: as JSON for machines, as text for people."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured

from annotator.lib import logs
from tests.log_lines import Lines, log_lines


@pytest.fixture
def lines(monkeypatch) -> Iterator[Lines]:
    with log_lines(monkeypatch) as lines:
        yield lines


def test_an_error_is_one_line_with_its_traceback(lines):
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("somewhere").exception("It failed", extra={"password": "hushhush"})

    (line,) = lines()
    assert "Traceback" in line["exception"]
    assert line["level"] == "ERROR"
    assert "password" not in line


@pytest.mark.parametrize(("name", "is_json"), [("json", True), ("line", False), ("", True)])
def test_the_format_is_what_the_environment_says_and_json_where_nobody_reads_along(monkeypatch, name, is_json):
    monkeypatch.setenv("LOG_FORMAT", name)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    record = logging.makeLogRecord({"name": "somewhere", "levelname": "WARNING", "msg": "It is %s", "args": ("late",)})

    line = logs.formatter().format(record)

    assert "It is late" in line
    assert line.startswith("{") == is_json


def test_a_line_for_people_has_the_id_and_the_traceback(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "line")
    with structlog.contextvars.bound_contextvars(request_id="from-the-proxy.1"):
        try:
            raise ValueError("broken")
        except ValueError as error:
            exc_info = (type(error), error, error.__traceback__)
        line = logs.formatter().format(logging.makeLogRecord({"msg": "It failed", "exc_info": exc_info}))

    assert "from-the-proxy.1" in line.splitlines()[0]
    assert line.splitlines()[-1] == "ValueError: broken"


def test_an_unknown_format_is_refused(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(ImproperlyConfigured, match=r"LOG_FORMAT='xml' is not valid\. Use json or line"):
        logs.formatter()
