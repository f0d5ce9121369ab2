"""The demo as a whole: how it ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from annotator.demo import checking, running
from annotator.demo.checking import CheckFailed
from annotator.demo.people import Misbehaviour
from annotator.demo.steps import CAMPAIGN, Demo
from annotator.demo.support import DemoFailed, ReleaseCopy
from annotator.models import CampaignStatistics
from tests.demo.judged import PAIRS, judged_demo

pytestmark = pytest.mark.django_db(transaction=True)  # statistics read what is committed

URL = "http://127.0.0.1:9/"  # nobody answers there


class JudgedDemo(Demo):
    """A demo whose steps are done already."""

    def run(self) -> None:
        done = judged_demo(self.url, self.console)
        self.campaign, self.album, self.diary, self.log_ins = done.campaign, done.album, done.diary, done.log_ins
        self.release = ReleaseCopy(number=1, revision="0" * 40, size=1, tables={})


class MisbehavingDemo(Demo):
    def run(self) -> None:
        raise Misbehaviour("a generator is named")


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def fail(demo, findings):
    raise CheckFailed("wrong")


@pytest.mark.parametrize(
    ("check", "checks", "is_right"),
    [(False, [("any", fail)], True), (True, [("any", fail)], False), (True, [("pairs", checking.check_pairs)], True)],
)
def test_only_a_run_with_checks_can_be_wrong(monkeypatch, console, check, checks, is_right):
    monkeypatch.setattr(running, "Demo", JudgedDemo)
    monkeypatch.setattr(checking, "CHECKS", checks)

    assert running.run_demo(url=URL, pairs=PAIRS, console=console, check=check) is is_right


def test_the_statistics_are_there_at_the_end(monkeypatch, console):
    monkeypatch.setattr(running, "Demo", JudgedDemo)

    running.run_demo(url=URL, pairs=PAIRS, console=console, check=False)

    stored = CampaignStatistics.objects.get(campaign__slug=CAMPAIGN)
    assert stored.votes_counted > 0
    assert stored.document["leaderboard"]["generators"]


def test_a_site_that_misbehaves_fails_the_demo(monkeypatch, console):
    monkeypatch.setattr(running, "Demo", MisbehavingDemo)

    with pytest.raises(DemoFailed, match="a generator is named"):
        running.run_demo(url=URL, pairs=4, console=console, check=False)


def test_a_site_that_insists_on_https_is_refused_before_anything_is_made(settings, console, tmp_path):
    settings.HTTPS = True

    with pytest.raises(DemoFailed, match="HTTPS"):
        running.run_demo(url=URL, pairs=4, console=console, check=False)

    assert not (tmp_path / "demo" / "scenes.zip").exists()
