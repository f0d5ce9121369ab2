"""`manage.py seed_demo`: what it asks for, and its exit."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotator.demo.steps import PAIRS
from annotator.demo.support import DemoFailed
from annotator.management.commands import seed_demo
from annotator.management.commands.seed_demo import PAIRS_LIMITS, checked_pairs


@pytest.fixture
def asked(monkeypatch) -> dict[str, Any]:
    """What the demo was run with; `answer` is how it ends."""
    given: dict[str, Any] = {"answer": True}

    def run_demo(**options: Any) -> bool:
        given.update(options)
        if isinstance(given["answer"], Exception):
            raise given["answer"]
        return given["answer"]

    monkeypatch.setattr(seed_demo, "run_demo", run_demo)
    return given


def test_it_runs_on_this_machine_unless_it_is_told_otherwise(asked, settings):
    call_command("seed_demo")
    assert (asked["url"], asked["pairs"], asked["check"]) == (f"http://127.0.0.1:{settings.PORT}/", PAIRS, False)

    call_command("seed_demo", "--url", "http://site.test//", "--pairs", "8", "--check")
    assert (asked["url"], asked["pairs"], asked["check"]) == ("http://site.test/", 8, True)


@pytest.mark.parametrize("answer", [False, DemoFailed("The worker is away.")])
def test_a_demo_that_fails_fails_the_command(asked, answer):
    asked["answer"] = answer

    with pytest.raises(CommandError):
        call_command("seed_demo")


def test_the_limits_themselves_are_allowed():
    low, high = PAIRS_LIMITS

    assert [checked_pairs(number) for number in (low, high)] == [low, high]
    for number in (low - 1, high + 1):
        with pytest.raises(CommandError):
            checked_pairs(number)


@pytest.mark.django_db
def test_seed_demo_says_when_no_site_is_running(settings, tmp_path):
    settings.DATA_DIR = tmp_path

    with pytest.raises(CommandError, match=r"No response from http://127\.0\.0\.1:9/"):
        call_command("seed_demo", url="http://127.0.0.1:9", pairs=4)


@pytest.mark.parametrize("pairs", ["0", "3", "-5", "1001"])
def test_seed_demo_refuses_a_number_of_pairs_out_of_range(pairs):
    with pytest.raises(CommandError, match=f"--pairs {pairs}: use a number from 4 to 1000"):
        call_command("seed_demo", "--pairs", pairs)
