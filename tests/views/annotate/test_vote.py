"""Voting on the annotation page: one question or several, a comment, with and without JavaScript."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator import tasks
from annotator.choices import Choice, MemberState
from annotator.judging.assigning import QUEUE_LOW, QUEUE_TARGET
from annotator.lib.public_ids import MEMBERS
from annotator.models import Assignment, Campaign, Member, Vote
from tests.factories import AssignmentFactory, MemberFactory, PairFactory
from tests.views.annotate.pages import HTMX, cards_in, open_page, page_of, seat_shown, vote

pytestmark = pytest.mark.django_db

TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


# --- voting


@pytest.mark.parametrize("choice", Choice.values)
def test_it_records_the_choice_and_shows_the_next_pair(browser, member, choice):
    seat = open_page(browser, member)

    response = vote(browser, seat, choice, elapsed_ms="1834")

    stored = Vote.objects.get()
    assert (stored.assignment, stored.choice, stored.elapsed_ms) == (seat, choice, 1834)
    html = response.content.decode()
    assert response.status_code == 200
    assert seat_shown(html) != seat
    assert "<html" not in html
    assert "<b>1</b> judged" in html


@pytest.mark.parametrize(("a_on_left", "choice", "side"), [(True, "a", "left"), (True, "b", "right"), (False, "a", "right")])
def test_it_says_which_side_was_recorded(browser, member, a_on_left, choice, side):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign, a_on_left=a_on_left)

    said = vote(browser, seat, choice).content.decode()

    assert f'Recorded: <span class="when-wide">{side} is better</span>' in said


def test_without_javascript_it_goes_back_to_the_page_and_says_so_there(browser, member):
    seat = open_page(browser, member)

    response = vote(browser, seat, "both_good", htmx=False, elapsed_ms="")

    assert response.url == page_of(member)
    stored = Vote.objects.get()
    assert (stored.choice, stored.elapsed_ms) == ("both_good", None)
    assert "Recorded: both good. 1 judged." in browser.get(response.url).content.decode()


def test_a_vote_and_the_next_card_take_ten_queries_at_most(browser, member, django_assert_max_num_queries):
    """The page's own script takes one (tests/views/test_fast_path.py)."""
    seat = open_page(browser, member)

    with django_assert_max_num_queries(16) as captured:
        vote(browser, seat, elapsed_ms="900")

    queries = [query["sql"] for query in captured if not query["sql"].startswith(TRANSACTION)]
    assert len(queries) <= 10, "\n\n".join(queries)


def test_a_lone_choice_answers_the_primary_question(browser, member):
    seat = open_page(browser, member)

    browser.post(reverse("vote", args=[seat.pk]), {"choice": "b"})

    assert Vote.objects.get().question.slug == "overall"


def test_the_same_vote_twice_counts_once(browser, member):
    seat = open_page(browser, member)

    first, again = vote(browser, seat), vote(browser, seat)

    assert (first.status_code, again.status_code) == (200, 200)
    assert Vote.objects.count() == 1
    assert Member.objects.get().answered_count == 1


def test_it_asks_for_more_work_only_when_the_queue_runs_low(browser, member, django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.refill_queue, "apply_async", lambda args, retry: asked.append(args))
    PairFactory.create_batch(QUEUE_TARGET, campaign=member.campaign)
    seat = open_page(browser, member)
    sent = []
    for _ in range(QUEUE_TARGET - QUEUE_LOW):
        with django_capture_on_commit_callbacks(execute=True):
            seat = seat_shown(vote(browser, seat).content.decode())
        sent.append(len(asked))

    assert sent == [0] * (QUEUE_TARGET - QUEUE_LOW - 1) + [1]
    assert asked == [(member.pk,)]


@pytest.mark.parametrize("htmx", [True, False])
def test_another_choice_for_an_answered_pair_is_refused_with_a_way_on(browser, member, htmx):
    seat = open_page(browser, member)
    vote(browser, seat, "a")

    response = vote(browser, seat, "b", htmx=htmx)

    html = response.content.decode()
    assert response.status_code == 409
    assert 'data-refused="already_answered"' in html
    assert cards_in(html) if htmx else f'href="{page_of(member)}"' in html
    assert ("<html" in html) is not htmx
    assert response.headers.get("HX-Retarget") == ("#cards" if htmx else None)
    assert Vote.objects.get().choice == "a"


def test_a_lease_that_ran_out_is_refused_with_a_way_on(browser, member):
    seat = open_page(browser, member)
    Assignment.objects.filter(pk=seat.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    response = vote(browser, seat)

    assert response.status_code == 409
    assert b'data-refused="lease_expired"' in response.content
    assert not Vote.objects.exists()


@pytest.mark.parametrize("htmx", [True, False])
def test_somebody_elses_assignment_is_not_there(client, member, htmx):
    seat = AssignmentFactory(member=member, pair__campaign=member.campaign)
    client.force_login(MemberFactory(campaign=member.campaign).user)

    response = vote(client, seat, htmx=htmx)

    assert response.status_code == 404
    assert response.headers.get("HX-Retarget") == ("#notice" if htmx else None)
    assert not Vote.objects.exists()


def test_an_assignment_that_was_never_made_is_404(browser):
    assert browser.post(reverse("vote", args=[987654321]), {"choice": "a"}).status_code == 404
    assert browser.post("/assignments/99999999999999999999/vote/", {"choice": "a"}).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choice": "left", "question": "overall"},
        {"choice": "a", "question": "beauty"},
        {"choice": "a", "question": "not a slug\x00"},
        {"choice": "a", "comment": "x" * 2001},
        {"choice": "a", "comment": "x\0y"},
        {"choice_overall": "left"},
        {"choice_": "a"},
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_pair_stays(browser, member, data):
    seat = open_page(browser, member)

    response = browser.post(reverse("vote", args=[seat.pk]), data, headers=HTMX)

    assert response.status_code == 400
    assert b'data-refused="invalid"' in response.content
    assert not Vote.objects.exists()
    assert open_page(browser, member) == seat


@pytest.mark.parametrize("elapsed_ms", ["soon", "-1", str(10**30), "٣", "1\0"])
def test_no_vote_is_lost_because_of_its_time(browser, member, elapsed_ms):
    response = vote(browser, open_page(browser, member), elapsed_ms=elapsed_ms)

    assert response.status_code == 200
    assert Vote.objects.get().elapsed_ms is None


def test_a_time_from_before_the_pair_was_sent_out_is_not_kept(browser, member):
    first = open_page(browser, member)
    second = seat_shown(vote(browser, first, elapsed_ms=str(60_000)).content.decode())
    Assignment.objects.filter(pk=second.pk).update(shown_at=timezone.now() - timedelta(minutes=2))
    vote(browser, second, elapsed_ms=str(60_000))

    assert list(Vote.objects.order_by("pk").values_list("elapsed_ms", flat=True)) == [None, 60_000]


@pytest.mark.parametrize("name", ["vote", "skip", "flag", "undo"])
def test_the_addresses_of_the_forms_take_only_what_the_forms_send(browser, member, name):
    response = browser.get(reverse(name, args=[open_page(browser, member).pk]))

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert b"Go to your campaigns" in response.content


def test_a_suspended_member_cannot_vote(browser, member):
    seat = open_page(browser, member)
    Member.objects.update(state=MemberState.SUSPENDED)

    response = vote(browser, seat)

    assert response.status_code == 403
    assert not Vote.objects.exists()


def test_when_the_session_has_ended_a_script_is_told_so_and_where_to_log_in(browser, member):
    seat = open_page(browser, member)
    browser.logout()
    page = f"http://testserver{page_of(member)}"

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice": "a"}, headers=HTMX | {"HX-Current-URL": page})

    assert (response.status_code, response.headers["HX-Retarget"]) == (401, "#notice")
    assert "HX-Redirect" not in response.headers  # the page stays, with what was pressed
    assert f"{reverse('login')}?next={page_of(member)}" in response.content.decode()
    assert len(response.content) < 500


def test_without_javascript_an_ended_session_leads_back_to_the_page_too(browser, member):
    seat = open_page(browser, member)
    browser.logout()

    response = browser.post(
        reverse("vote", args=[seat.pk]), {"choice": "a"}, headers={"Referer": f"http://testserver{page_of(member)}"}
    )

    assert response.url == f"{reverse('login')}?next={page_of(member)}"


def test_a_vote_needs_the_csrf_token(member):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member.user)
    seat = open_page(browser, member)

    response = vote(browser, seat, htmx=False)

    assert response.status_code == 403
    assert b"This page has expired" in response.content
    assert not Vote.objects.exists()


# --- several questions


def test_several_questions_are_asked_in_order_and_without_javascript_together(browser, two_questions):
    html = browser.get(page_of(two_questions)).content.decode()

    data = json.loads(re.search(r'<script id="page-data" type="application/json">(.*?)</script>', html)[1])
    assert [(one["slug"], one["choices"]) for one in data["questions"]] == [
        ("overall", ["a", "b", "both_good", "both_bad"]),
        ("beauty", ["a", "b"]),
    ]
    assert html.count('name="choice_overall"') == 4
    assert html.count('name="choice_beauty"') == 2
    assert "Save answers" in html


def test_several_questions_are_answered_at_once(browser, two_questions):
    seat = open_page(browser, two_questions)

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice_overall": "both_bad", "choice_beauty": "a"}, headers=HTMX)

    assert dict(Vote.objects.values_list("question__slug", "choice")) == {"overall": "both_bad", "beauty": "a"}
    assert "Recorded: 2 answers. 1 judged." in response.content.decode()
    assert seat_shown(response.content.decode()) != seat


def test_one_of_several_questions_left_open_is_refused(browser, two_questions):
    seat = open_page(browser, two_questions)

    response = browser.post(reverse("vote", args=[seat.pk]), {"choice_overall": "a"}, headers=HTMX)

    assert response.status_code == 400
    assert not Vote.objects.exists()


# --- a comment


def test_a_comment_stays_with_the_vote_where_the_campaign_asks_for_one(browser, member):
    Campaign.objects.update(asks_comment=True)
    html = browser.get(page_of(member)).content.decode()
    vote(browser, seat_shown(html), comment="Both have six fingers.")

    assert 'name="comment"' in html
    assert Vote.objects.get().comment == "Both have six fingers."


def test_a_comment_that_nobody_asked_for_is_not_kept(browser, member):
    html = browser.get(page_of(member)).content.decode()
    vote(browser, seat_shown(html), comment="Both have six fingers.")

    assert 'name="comment"' not in html
    assert Vote.objects.get().comment == ""


def test_with_several_questions_the_comment_is_written_once(browser, two_questions):
    Campaign.objects.update(asks_comment=True)
    seat = open_page(browser, two_questions)
    answer = {"choice_overall": "a", "choice_beauty": "b", "comment": "Close."}
    browser.post(reverse("vote", args=[seat.pk]), answer, headers=HTMX)

    assert dict(Vote.objects.values_list("question__slug", "comment")) == {"overall": "Close.", "beauty": ""}


def test_a_page_that_holds_a_pair_of_before_a_restore_gets_its_queue_and_goes_on(browser, member):
    seat = open_page(browser, member)
    unknown = Assignment(pk=seat.pk + 1000)

    response = vote(browser, unknown, member=str(MEMBERS.show(member.pk)))

    assert (response.status_code, response.headers["HX-Retarget"]) == (404, "#cards")
    assert seat.pk in cards_in(response.content.decode())
    for other in ("", "nobody", str(MemberFactory(campaign=member.campaign).pk)):
        response = vote(browser, unknown, member=other)
        assert (response.status_code, response.headers["HX-Retarget"]) == (404, "#notice")
