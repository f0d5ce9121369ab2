"""The page of one's own answers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from annotator.choices import AssignmentKind, MemberState
from annotator.models import Member
from annotator.views.annotate import history
from annotator.views.annotate.history import PER_PAGE
from tests.factories import MemberFactory, UserFactory, VoteFactory
from tests.judging.answered import answered

pytestmark = pytest.mark.django_db


def test_pages_lead_from_the_newest_to_the_oldest(client, monkeypatch):
    monkeypatch.setattr(history, "PER_PAGE", 2)
    member = MemberFactory()
    votes = [VoteFactory(assignment__member=member) for _ in range(3)]
    client.force_login(member.user)
    page = reverse("history", args=[member.campaign.slug])

    first = client.get(page).context
    second = client.get(page, {"before": first["cursor"]}).context

    assert [len(shown["judged"]) for shown in (first, second)] == [2, 1]
    assert [shown["is_first"] for shown in (first, second)] == [True, False]
    assert not second["cursor"]
    assert second["judged"][0].assignment.pk == votes[0].assignment_id


@pytest.mark.parametrize("state", [MemberState.PAUSED, MemberState.SUSPENDED])
def test_somebody_who_may_not_judge_still_sees_their_answers(client, state):
    member = VoteFactory(assignment__member__state=state).assignment.member
    client.force_login(member.user)

    response = client.get(reverse("history", args=[member.campaign.slug]))

    assert response.status_code == 200
    assert len(response.context["judged"]) == 1


@pytest.fixture
def member() -> Member:
    return MemberFactory()


def page_of(member: Member) -> str:
    return reverse("history", args=[member.campaign.slug])


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
    seat = answered(member, choice, a_on_left=a_on_left)

    html = browser.get(page_of(member)).content.decode()

    assert words in html
    images = re.findall(r"/images/([0-9a-f-]+)/640/", html)
    left, right = (seat.pair.image_a, seat.pair.image_b) if a_on_left else (seat.pair.image_b, seat.pair.image_a)
    assert images == [str(left.public_id), str(right.public_id)]
    assert html.count("your choice") == (1 if choice in "ab" else 0)


def test_it_counts_today_the_week_and_all(browser, member):
    for ago in (timedelta(0), timedelta(days=2), timedelta(days=20)):
        answered(member, ago=ago)

    html = browser.get(page_of(member)).content.decode()

    assert re.findall(r"<dd>\s*(\d+)\s*</dd>", html) == ["3", "1", "2"]


def test_a_page_takes_as_many_queries_wherever_it_is(browser, member, django_assert_num_queries):
    for number in range(PER_PAGE + 2):
        answered(member, ago=timedelta(minutes=number))
    older = re.search(r'href="(\?before=[^"]+)"', browser.get(page_of(member)).content.decode())[1]
    for page in (page_of(member), page_of(member) + older):
        with django_assert_num_queries(6):  # the user, the member, the answers, their votes, two counts
            browser.get(page)


def test_a_cursor_of_nobodys_making_is_refused(browser, member):
    response = browser.get(page_of(member), {"before": "x"})

    assert response.status_code == 400
    assert "before" in response.content.decode()


def test_it_tells_nothing_of_gold_generators_or_repeats(browser, member):
    """What is shown of a gold pair, a repeat and a regular one differs in the pair's own text and images alone."""
    shown = []
    for kind in (AssignmentKind.REGULAR, AssignmentKind.GOLD, AssignmentKind.REPEAT):
        seat = answered(member, kind=kind)
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


def test_the_page_gets_earlier_pairs_as_they_were_answered(client):
    member = MemberFactory()
    first, _ = (VoteFactory(assignment__member=member, choice=choice) for choice in ("b", "both_good"))
    client.force_login(member.user)

    data = client.get(reverse("earlier", args=[member.campaign.slug])).json()

    assert [pair["choices"] for pair in data["pairs"]] == [{"overall": "both_good"}, {"overall": "b"}]
    assert data["pairs"][1]["prompt"] == first.assignment.pair.prompt.text
    assert [side["slot"] for side in data["pairs"][1]["sides"]] == (["a", "b"] if first.assignment.a_on_left else ["b", "a"])
    assert data["before"] == ""


def test_earlier_pairs_are_one_s_own_and_the_cursor_is_one_that_was_given(client):
    member = VoteFactory().assignment.member
    address = reverse("earlier", args=[member.campaign.slug])
    client.force_login(MemberFactory(campaign=member.campaign).user)

    assert client.get(address).json() == {"pairs": [], "before": ""}
    assert client.get(address, {"before": "x"}).status_code == 400
    assert client.post(address).status_code == 405
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
