"""A service as a child: its log, and how it ended."""

from __future__ import annotations

import os
import time

import pytest

from annotator.local.service_process import ServiceProcess
from tests.waiting import wait_until


@pytest.mark.parametrize(("line", "how"), [("exit 3", "ended with exit code 3"), ("kill -KILL $$", "was ended by SIGKILL")])
def test_how_it_ended(tmp_path, line, how):
    service = ServiceProcess("web", line, dict(os.environ), tmp_path / "web.log")
    assert service.how_it_ended() == ""
    service.start(time.monotonic())

    wait_until(service.how_it_ended)
    assert service.how_it_ended() == how


def test_each_start_and_note_goes_on_in_the_same_log(tmp_path):
    service = ServiceProcess("web", "echo $WORD", {**os.environ, "WORD": "hello"}, tmp_path / "web.log")
    for _ in range(2):
        service.start(time.monotonic())
        wait_until(service.how_it_ended)
        service.note("web ended.")

    assert (tmp_path / "web.log").read_text().splitlines() == ["hello", "ERROR web ended."] * 2
