"""The steps of the demo: what they keep, and how they end when something is wrong."""

from __future__ import annotations

import stat
from collections import Counter

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rich.console import Console

from annotator.choices import Label
from annotator.demo import support
from annotator.demo.checking import CheckFailed, majority, must_equal
from annotator.demo.findings import Findings, Score
from annotator.demo.scenes import plan_scenes
from annotator.demo.steps import Demo
from annotator.demo.support import DemoFailed, LogIns, Standstill, answer_of
from tests.factories import CampaignFactory, PairFactory, ReleaseFactory


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


@pytest.mark.django_db
def test_what_a_visitor_undid_after_the_release_is_not_done_again(settings, tmp_path):
    """As when somebody was suspended: their votes are void, and pairs that had all of theirs are open."""
    settings.DATA_DIR = tmp_path
    demo = Demo(url="http://127.0.0.1:9/", pairs=4, console=Console(quiet=True))
    demo.campaign = CampaignFactory()
    (scene,) = plan_scenes(demo.prompts)
    PairFactory(campaign=demo.campaign, prompt__campaign=demo.campaign, prompt__text=scene.prompt)
    ReleaseFactory(campaign=demo.campaign, state="ready", revision="0" * 40, finished_at=timezone.now())

    demo.judge()
    demo.score()

    assert not demo.judged_now


@pytest.mark.django_db
def test_seed_demo_says_when_no_site_is_running(settings, tmp_path):
    settings.DATA_DIR = tmp_path

    with pytest.raises(CommandError, match=r"No response from http://127\.0\.0\.1:9/"):
        call_command("seed_demo", url="http://127.0.0.1:9", pairs=4)


@pytest.mark.parametrize("pairs", ["0", "3", "-5", "1001"])
def test_seed_demo_refuses_a_number_of_pairs_out_of_range(pairs):
    with pytest.raises(CommandError, match=f"--pairs {pairs}: use a number from 4 to 1000"):
        call_command("seed_demo", "--pairs", pairs)


@pytest.mark.parametrize(
    ("votes", "label"),
    [({"a": 3, "b": 2}, "a"), ({"both_bad": 1}, "both_bad"), ({"a": 2, "b": 2, "both_good": 1}, Label.TIE)],
)
def test_the_recount_knows_ties(votes, label):
    assert majority(Counter(votes)) == label


def test_a_check_that_fails_says_what_was_found_and_what_was_expected():
    with pytest.raises(CheckFailed, match="pairs: 95, expected 96"):
        must_equal("pairs", 95, 96)


def test_one_annotator_alone_is_the_mean_over_annotators_and_not_over_votes():
    people = {"ada": Score(9, 10), "ben": Score(30, 100), "idle": Score(0, 0)}
    findings = Findings(truths={}, consensus=Score(0, 0), ties=0, people=people, prompts=0, generators=0, skips=0)

    assert findings.one_alone == pytest.approx(0.6)
    assert findings.votes == 110
