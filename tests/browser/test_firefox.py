"""The annotation page in Firefox, where Debian's package of it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Vote
from tests.browser.conftest import session_of
from tests.browser.firefox import Firefox, find_firefox
from tests.browser.test_judging import annotate_path, pressed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The assignment that can be judged now, by the number that the page has for it; 0 while there is none.
READY = """(() => {
  const card = document.querySelector("article.card.current[data-state=open]");
  return card && document.querySelector("button.choice:not([aria-disabled])") ? Number(card.dataset.assignment) : 0;
})()"""
ALL_SENT = "document.querySelector(\"#deck[data-unsent='0']\") !== null"


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    program = find_firefox()
    if program is None:
        pytest.skip("Firefox is missing. Get it with `apt-get install firefox-esr`.")
    with Firefox(program, tmp_path) as window:
        yield window


def test_keys_the_pointer_and_undo_are_what_is_stored(firefox, member, server: LiveServer):
    def next_card(after: int = 0) -> int:
        return firefox.wait_for(f"(ready => ready !== {after} && ready)({READY})")

    firefox.open(f"{server.url}/healthz")
    firefox.keep_cookie(settings.SESSION_COOKIE_NAME, session_of(member))
    firefox.open(f"{server.url}{annotate_path(member)}")

    first = next_card()
    firefox.press("1")
    second = next_card(after=first)
    firefox.click("button.choice[data-choice=both_bad]")
    third = next_card(after=second)
    firefox.press("2")
    next_card(after=third)
    firefox.press("u")
    firefox.wait_for(f"{READY} === {third}")
    firefox.press("3")
    next_card(after=third)
    firefox.wait_for(ALL_SENT)

    assert [pressed(ASSIGNMENTS.find(card)) for card in (first, second)] == ["left", "both_bad"]
    last = Vote.objects.filter(assignment=ASSIGNMENTS.find(third))
    assert list(last.order_by("pk").values_list("choice", "void_reason"))[-1] == ("both_good", None)
    assert list(last.values_list("void_reason", flat=True).order_by("pk")) == ["undone", None]
