"""What the demo's steps stand on: log-ins, waiting for the site, and giving up."""

from __future__ import annotations

import stat

import httpx
import pytest

from annotator.demo import support
from annotator.demo.support import DemoFailed, LogIns, Standstill, answer_of


def test_log_ins_are_random_kept_and_for_their_owner_alone(tmp_path):
    file = tmp_path / "demo" / "log-ins.json"
    log_ins = LogIns.kept_in(file)

    assert LogIns.kept_in(file) == log_ins
    assert LogIns.kept_in(tmp_path / "other.json") != log_ins
    assert len({log_ins.manager, log_ins.annotator, log_ins.people}) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_step_without_progress_is_given_up(monkeypatch):
    monkeypatch.setattr(support, "STANDSTILL", -1)
    waiting = Standstill("the release")
    waiting.look(0.5)
    waiting.look(0.6)

    with pytest.raises(DemoFailed, match=r"No progress on the release .* Is a Celery worker running"):
        waiting.look(0.6)


def test_work_is_sent_at_first_and_then_only_after_a_while(monkeypatch):
    waiting = Standstill("the queues")

    assert [waiting.is_time_to_send() for _ in range(3)] == [True, False, False]
    monkeypatch.setattr(support, "RESEND_PERIOD", 0)
    assert waiting.is_time_to_send()


def test_an_error_of_the_api_is_told_in_its_own_words():
    request = httpx.Request("POST", "http://127.0.0.1:9/api/v1/campaigns/x/releases/")

    with pytest.raises(DemoFailed, match="POST /api/v1/campaigns/x/releases/: 409 One is being built"):
        answer_of(httpx.Response(409, json={"code": "conflict", "detail": "One is being built."}, request=request))
    with pytest.raises(DemoFailed, match="502 Bad Gateway"):
        answer_of(httpx.Response(502, text="<html>", request=request))
