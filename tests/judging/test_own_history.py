"""A member's own answers and counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import AssignmentKind, VoidReason
from annotator.models import Assignment, Member
from annotator.views.annotate.history import PER_PAGE
from tests.factories import AssignmentFactory, MemberFactory, UserFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return MemberFactory()


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def page_of(member: Member) -> str:
    return reverse("history", args=[member.campaign.slug])


def judge(member: Member, choice: str = "a", *, ago: timedelta = timedelta(0), **more: object) -> Assignment:
    seat = AssignmentFactory(member=member, state="answered", closed_at=timezone.now() - ago, **more)
    VoteFactory(assignment=seat, choice=choice)
    Member.objects.filter(pk=member.pk).update(answered_count=member.assignments.filter(state="answered").count())
    return seat


def prompts_on(html: str) -> list[str]:
    return re.findall(r'<p class="history-prompt"[^>]*>(.*?)</p>', html)


@pytest.mark.parametrize(
    ("choice", "a_on_left", "words"),
    [
        ("a", True, "Left is better"),
        ("a", False, "Right is better"),
        ("b", True, "Right is better"),
        ("b", False, "Left is better"),
        ("both_good", True, "Both good"),
        ("both_bad", False, "Both bad"),
    ],
)
def test_it_says_what_i_chose_in_terms_of_what_i_saw(browser, member, choice, a_on_left, words):
    seat = judge(member, choice, a_on_left=a_on_left)

    html = browser.get(page_of(member)).content.decode()

    assert words in html
    images = re.findall(r"/images/([0-9a-f-]+)/640/", html)
    left, right = (seat.pair.image_a, seat.pair.image_b) if a_on_left else (seat.pair.image_b, seat.pair.image_a)
    assert images == [str(left.public_id), str(right.public_id)]
    assert html.count("your choice") == (1 if choice in "ab" else 0)


def test_it_counts_today_the_week_and_all(browser, member):
    for ago in (timedelta(0), timedelta(days=2), timedelta(days=20)):
        judge(member, ago=ago)

    html = browser.get(page_of(member)).content.decode()

    assert re.findall(r"<dd>\s*(\d+)\s*</dd>", html) == ["3", "1", "2"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(browser, member):
    moment = timedelta(minutes=5)  # all at once, so that the time alone orders nothing
    seats = [judge(member, ago=moment) for _ in range(2 * PER_PAGE + 3)]
    Assignment.objects.filter(pk__in=[seat.pk for seat in seats]).update(closed_at=seats[0].closed_at)
    expected = [seat.pair.prompt.text for seat in reversed(seats)]

    seen, page = [], page_of(member)
    while page:
        html = browser.get(page).content.decode()
        seen += prompts_on(html)
        older = re.search(r'href="(\?before=[^"]+)"', html)
        page = page_of(member) + older[1] if older else ""

    assert seen == expected


def test_a_page_takes_as_many_queries_wherever_it_is(browser, member, django_assert_num_queries):
    for number in range(PER_PAGE + 2):
        judge(member, ago=timedelta(minutes=number))
    older = re.search(r'href="(\?before=[^"]+)"', browser.get(page_of(member)).content.decode())[1]
    for page in (page_of(member), page_of(member) + older):
        with django_assert_num_queries(6):  # the user, the member, the answers, their votes, two counts
            browser.get(page)


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "-1", "1-x", "9" * 18 + "-1", "1-" + "9" * 19, "١-١", "\0"])
def test_a_cursor_of_nobodys_making_is_refused(browser, member, cursor):
    response = browser.get(page_of(member), {"before": cursor})

    assert response.status_code == 400
    assert "before" in response.content.decode()


def test_it_shows_neither_others_nor_what_is_open_or_undone(browser, member):
    judge(MemberFactory(campaign=member.campaign))
    judge(MemberFactory(user=member.user))  # in another campaign
    AssignmentFactory(member=member)
    AssignmentFactory(member=member, state="skipped")
    seat = judge(member, "a")
    VoteFactory(assignment=seat, choice="b", void_reason=VoidReason.UNDONE, voided_at=timezone.now())

    html = browser.get(page_of(member)).content.decode()

    assert prompts_on(html) == [seat.pair.prompt.text]
    assert "Left is better" in html
    assert "Right is better" not in html


def test_it_tells_nothing_of_gold_generators_or_repeats(browser, member):
    """What is shown of a gold pair, a repeat and a regular one differs in the pair's own text and images alone."""
    shown = []
    for kind in (AssignmentKind.REGULAR, AssignmentKind.GOLD, AssignmentKind.REPEAT):
        seat = judge(member, kind=kind)
        seat.pair.gold_choice = "b" if kind == AssignmentKind.GOLD else None
        seat.pair.save()
        html = browser.get(page_of(member)).content.decode()
        item = re.search(r'<li class="panel">.*?</li>', html, re.S)[0]
        for own in (seat.pair.prompt.text, str(seat.pair.image_a.public_id), str(seat.pair.image_b.public_id)):
            item = item.replace(own, "OWN")
        shown.append(re.sub(r'datetime="[^"]+"', "", item))

    assert shown[0] == shown[1] == shown[2]


def test_it_is_for_members_and_to_be_read(client, member):
    assert client.get(page_of(member)).url.startswith(reverse("login"))
    client.force_login(UserFactory())
    assert client.get(page_of(member)).status_code == 404
    client.force_login(member.user)
    assert client.post(page_of(member)).status_code == 405
    assert "You have not judged any pairs here yet" in client.get(page_of(member)).content.decode()
