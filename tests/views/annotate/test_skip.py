"""Skipping a pair on the annotation page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import AssignmentState
from tests.factories import AssignmentFactory, MemberFactory
from tests.views.annotate.pages import HTMX, open_page, seat_shown, vote

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("htmx", [True, False])
def test_a_skipped_pair_gives_way_to_the_next(browser, member, htmx):
    seat = open_page(browser, member)

    response = browser.post(reverse("skip", args=[seat.pk]), headers=HTMX if htmx else {})

    seat.refresh_from_db()
    assert seat.state == AssignmentState.SKIPPED
    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) != seat
    assert "Skipped" in html


def test_an_answered_pair_cannot_be_skipped(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)

    response = browser.post(reverse("skip", args=[seat.pk]), headers=HTMX)

    assert response.status_code == 409
    assert b"data-refused" in response.content


def test_somebody_elses_pair_cannot_be_skipped(client, member):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    assert client.post(reverse("skip", args=[seat.pk])).status_code == 404
    seat.refresh_from_db()
    assert seat.state == AssignmentState.OPEN
