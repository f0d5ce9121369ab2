"""Reporting a pair on the annotation page."""

from __future__ import annotations

import re

import pytest

from annotator.choices import FlagReason
from annotator.models import Flag
from tests.factories import AssignmentFactory, MemberFactory
from tests.views.annotate.pages import flag, open_page, page_of, seat_shown, vote

pytestmark = pytest.mark.django_db


def test_the_card_asks_what_is_wrong_without_a_script(browser, member):
    html = browser.get(page_of(member)).content.decode()

    assert re.findall(r'name="reason" value="(\w+)" required', html) == FlagReason.values
    assert "<details" in html
    assert "Identical images" in html


@pytest.mark.parametrize("htmx", [True, False])
def test_a_flagged_pair_gives_way_to_the_next(browser, member, htmx):
    seat = open_page(browser, member)

    response = flag(browser, seat, htmx=htmx, reason="bad_prompt", note="It is empty.")

    assert Flag.objects.values_list("assignment", "reason", "note").get() == (seat.pk, "bad_prompt", "It is empty.")
    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) != seat
    assert "Flagged" in html


@pytest.mark.parametrize(
    "fields", [{}, {"reason": "ugly"}, {"reason": "unsafe", "note": "x" * 2001}, {"reason": "unsafe", "note": "x\0y"}]
)
def test_a_flag_that_is_none_is_refused_and_the_pair_stays(browser, member, fields):
    seat = open_page(browser, member)

    response = flag(browser, seat, **fields)

    assert (response.status_code, response.headers["HX-Retarget"]) == (400, "#cards")
    assert "Choose what is wrong with the pair." in response.content.decode()
    assert not Flag.objects.exists()
    assert open_page(browser, member) == seat


def test_an_answered_pair_cannot_be_flagged(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)

    assert flag(browser, seat, reason="unsafe").status_code == 409
    assert not Flag.objects.exists()


def test_somebody_elses_pair_cannot_be_flagged(client, member):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    assert flag(client, seat, reason="unsafe").status_code == 404
    assert not Flag.objects.exists()
