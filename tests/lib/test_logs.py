"""Log lines: JSON, with the id of their request, in the worker too, and nothing in them that is secret."""

from __future__ import annotations

import io
import json
import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotator import tasks
from annotator.judging import assigning
from annotator.lib import logs
from tests.factories import MemberFactory, PairFactory
from tests.waiting import wait_until


@pytest.fixture
def lines(monkeypatch):
    """What is logged from now on, as the JSON handler of the settings writes it; the root logger's level is DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    handler.addFilter(logs.Context())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def access_line(lines):
    (line,) = [line for line in lines() if line["logger"] == "annotator.campaigns.access"]
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
    assert line["message"] == "GET / 200"


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

    assert len(response["X-Request-ID"]) == 32
    assert response["X-Request-ID"].isalnum()
    assert access_line(lines)["request_id"] == response["X-Request-ID"]


def test_every_request_has_an_id_of_its_own_and_leaves_none_behind(client):
    first, second = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]

    assert first != second
    assert logs.current_id() == ""


@pytest.mark.django_db
def test_redirects_errors_and_refusals_have_an_id_and_a_line(client, lines):
    assert client.get("/", HTTP_HOST="elsewhere.example")["X-Request-ID"]
    assert client.get("/not/there")["X-Request-ID"]

    assert [line["status"] for line in lines() if line["logger"] == "annotator.campaigns.access"] == [400, 404]


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
    assert "Traceback" in line["exc_info"]
    assert line["level"] == "ERROR"
    assert "password" not in line


@pytest.mark.parametrize(("name", "kind"), [("json", logs.JsonLines), ("line", logs.PlainLines), ("", logs.JsonLines)])
def test_the_format_is_what_the_environment_says_and_json_where_nobody_reads_along(monkeypatch, name, kind):
    monkeypatch.setenv("LOG_FORMAT", name)
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert isinstance(logs.formatter(), kind)


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
    MemberFactory(campaign__state="open")
    before = logs.begin("whole-chain")
    tasks.score_campaigns.delay()
    logs.restore(before)
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
    assert len(alone[-1]["request_id"]) == 32
