"""Undoing a vote on the annotation page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.models import Assignment, Campaign, Pair, Vote
from tests.factories import MemberFactory, UserFactory
from tests.views.annotate.pages import open_page, page_of, queue_state_of, seat_shown, shown, undo, vote

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("htmx", [True, False])
def test_the_pair_of_the_last_vote_comes_back_with_the_earlier_answer_marked(browser, member, htmx):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first).content.decode())
    vote(browser, second, "both_good")

    response = undo(browser, second, htmx=htmx)

    html = browser.get(response.url).content.decode() if not htmx else response.content.decode()
    assert seat_shown(html) == second
    assert f'data-assignment="{shown(second.pk)}" data-earlier="overall:both_good"' in html
    assert "Undone" in html
    assert "<b>1</b> judged" in html
    assert list(Vote.objects.order_by("pk").values_list("assignment", "void_reason")) == [(first.pk, None), (second.pk, "undone")]
    if not htmx:
        marked = html[: html.index(" data-earlier>")]
        assert 'value="both_good"' in marked[marked.rindex("<button") :]


def test_a_repeated_undo_takes_nothing_more_back(browser, member):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first).content.decode())
    vote(browser, second)

    for _ in range(2):
        assert undo(browser, second).status_code == 200

    assert list(Vote.objects.live().values_list("assignment", flat=True)) == [first.pk]


def test_the_page_says_what_undo_would_take_back(browser, member):
    pages = [browser.get(page_of(member)).content.decode()]
    first = seat_shown(pages[0])
    pages.append(vote(browser, first).content.decode())
    pages.append(vote(browser, seat_shown(pages[1])).content.decode())
    pages.append(undo(browser, seat_shown(pages[1])).content.decode())
    pages.append(undo(browser, first).content.decode())

    assert [queue_state_of(html)[1] for html in pages] == ["", str(first.pk), str(seat_shown(pages[1]).pk), str(first.pk), ""]


def test_undo_works_when_nothing_is_left_too(browser, member):
    Pair.objects.exclude(pk=Pair.objects.earliest("pk").pk).update(state="held")
    seat = open_page(browser, member)
    html = vote(browser, seat).content.decode()

    assert "data-reason" in html
    assert reverse("undo", args=[seat.pk]) in html
    assert reverse("undo", args=[seat.pk]) in browser.get(page_of(member)).content.decode()
    assert seat_shown(undo(browser, seat).content.decode()) == seat


def test_a_campaign_that_allows_no_undo_offers_none(browser, member):
    Campaign.objects.update(undo_votes=0)
    html = vote(browser, open_page(browser, member)).content.decode()

    assert queue_state_of(html)[1] == ""
    assert "Undo" not in browser.get(page_of(member)).content.decode()


@pytest.mark.parametrize("htmx", [True, False])
def test_without_a_vote_to_undo_it_says_so_with_a_way_on(browser, member, htmx):
    seat = open_page(browser, member)

    response = undo(browser, seat, htmx=htmx)

    html = response.content.decode()
    assert response.status_code == 409
    assert "There is no vote on this pair to undo." in html
    assert seat_shown(html) == seat if htmx else f'href="{page_of(member)}"' in html


def test_a_vote_of_long_ago_stays(browser, member):
    seat = open_page(browser, member)
    vote(browser, seat)
    Assignment.objects.filter(state="answered").update(closed_at=timezone.now() - timedelta(hours=1))

    response = undo(browser, seat)

    assert response.status_code == 403
    assert b'data-refused="undo_refused"' in response.content
    assert Vote.objects.live().count() == 1


def test_nobody_undoes_the_votes_of_others(client, member):
    vote_of = Client()
    vote_of.force_login(member.user)
    seat = open_page(vote_of, member)
    vote(vote_of, seat)

    for user in (UserFactory(), MemberFactory(campaign=member.campaign).user):
        client.force_login(user)
        assert undo(client, seat).status_code == 404
    assert Vote.objects.live().count() == 1


def test_an_undo_of_what_was_never_made_is_404(browser):
    assert browser.post(reverse("undo", args=[987654321])).status_code == 404
