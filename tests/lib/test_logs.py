"""Log lines: JSON, with the id of their request, in the worker too, and nothing in them that is secret."""

from __future__ import annotations

import io
import json
import logging
from uuid import UUID

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.exception import convert_exception_to_response
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from annotator import tasks
from annotator.judging import assigning
from annotator.lib import logs
from annotator.views.middleware.request_log import ObservingMiddleware
from tests.factories import MemberFactory, PairFactory, VoteFactory
from tests.waiting import wait_until


@pytest.fixture
def lines(monkeypatch):
    """What is logged from now on, as the JSON handler of the settings writes it; the root logger's level is DEBUG."""
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def access_lines(lines):
    return [line for line in lines() if line["message"] == "request_finished"]


def access_line(lines):
    (line,) = access_lines(lines)
    return line


@pytest.mark.django_db
def test_one_line_per_request_says_what_happened(client, lines):
    user = MemberFactory().user
    client.force_login(user)

    response = client.get("/", {"token": "hushhush"}, HTTP_X_REQUEST_ID="from-the-proxy.1")

    line = access_line(lines)
    assert response["X-Request-ID"] == line["request_id"] == "from-the-proxy.1"
    assert [line[key] for key in ("method", "path", "status", "user", "level")] == ["GET", "/", 200, user.pk, "INFO"]
    assert 0 < line["seconds"] < 10


@pytest.mark.django_db
def test_nothing_secret_is_logged(client, lines):
    member = MemberFactory()
    client.force_login(member.user)
    session = client.cookies["sessionid"].value

    client.get("/c/nowhere/?key=hush-query")
    client.post("/login/", {"username": "ann", "password": "hush-form"})
    client.get("/api/v1/campaigns/?cursor=hush-query", HTTP_AUTHORIZATION="Bearer hush-token")

    logged = json.dumps(lines())
    assert "/c/nowhere/" in logged
    for secret in ("hush-query", "hush-form", "hush-token", session):
        assert secret not in logged


@pytest.mark.parametrize("hostile", ["two\nlines", "two\r\nSet-Cookie: a=b", "x" * 65, "", " ", "-dash", "ünï", '"}', "a b"])
def test_a_hostile_id_is_not_taken_over(client, lines, hostile):
    response = client.get("/healthz", HTTP_X_REQUEST_ID=hostile)

    assert str(UUID(response["X-Request-ID"])) == response["X-Request-ID"]
    assert access_line(lines)["request_id"] == response["X-Request-ID"]


def test_every_request_has_an_id_of_its_own_and_leaves_none_behind(client):
    first, second = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]

    assert first != second
    assert logs.current_id() == ""


@pytest.mark.django_db
def test_redirects_errors_and_refusals_have_an_id_and_a_line(client, lines):
    assert client.get("/", HTTP_HOST="elsewhere.example")["X-Request-ID"]
    assert client.get("/not/there")["X-Request-ID"]

    assert [line["status"] for line in access_lines(lines)] == [400, 404]


def observed(view):
    """The response of a view behind the middleware alone."""
    return ObservingMiddleware(convert_exception_to_response(view))(RequestFactory().get("/anywhere"))


def test_an_error_is_one_line_of_its_request_and_one_traceback(lines):
    def broken(request):
        raise ValueError("broken")

    response = observed(broken)

    assert response.status_code == 500
    assert (access_line(lines)["status"], access_line(lines)["request_id"]) == (500, response["X-Request-ID"])
    (failure,) = [line for line in lines() if line["level"] == "ERROR"]
    assert "Traceback" in failure["exception"]
    assert failure["request_id"] == response["X-Request-ID"]


def test_what_is_logged_while_a_body_is_streamed_belongs_to_the_request(lines):
    def body():
        logging.getLogger("somewhere").warning("Half of it is sent")
        yield b"x"

    response = observed(lambda request: StreamingHttpResponse(body()))

    assert logs.current_id() == ""
    assert list(response) == [b"x"]
    (line,) = [line for line in lines() if line["logger"] == "somewhere"]
    assert line["request_id"] == response["X-Request-ID"]
    assert logs.current_id() == ""


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_what_machines_ask_every_few_seconds_is_logged_only_where_everything_is(client, lines, level):
    logging.getLogger().setLevel(level)

    client.get("/healthz")

    assert [line["path"] for line in access_lines(lines)] == (["/healthz"] if level == "DEBUG" else [])


@pytest.mark.django_db
def test_an_address_cannot_break_a_line(client, lines):
    client.get("/a%0Ab")

    assert access_line(lines)["path"] == "/a%0Ab"


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
    tasks.heartbeat.delay()

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
