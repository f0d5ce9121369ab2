"""The pages of the review queue."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Adjudication, Appeal, Flag, Member, Pair
from tests.factories import AppealFactory, FlagFactory, MemberFactory, PairFactory, QuestionFactory, ReviewRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(client: Client) -> Member:
    reviewer = MemberFactory(role=Role.REVIEWER, user__username="rita")
    client.force_login(reviewer.user)
    return reviewer


@pytest.fixture
def flag(reviewer: Member) -> Flag:
    return FlagFactory(
        assignment__member__campaign=reviewer.campaign, assignment__member__user__username="fay", note="Six <fingers>."
    )


def address(name: str, member: Member, *more: object) -> str:
    return reverse(name, args=[member.campaign.slug, *more])


def test_a_reviewer_judges_one_item_after_the_other(client: Client, reviewer: Member, flag: Flag) -> None:
    second = FlagFactory(assignment__member__campaign=reviewer.campaign, reason="unsafe")

    page = client.get(address("queue", reviewer), follow=True)
    html = page.content.decode()
    here = page.redirect_chain[-1][0]
    assert "Six &lt;fingers&gt;." in html
    for key in ("1", "2", "3", "4", "b", "r", "m", "s", "z"):
        assert f'aria-keyshortcuts="{key}"' in html, key
    page = client.post(here, {"act": "decide", "seen": 0, "decide": "b"}, follow=True)
    assert f"Pair {flag.assignment.pair_id} is decided: B is better." in page.content.decode()
    made = Adjudication.objects.get()
    assert (made.choice, made.by, made.pair_id) == ("b", reviewer.user, flag.assignment.pair_id)

    here = page.redirect_chain[-1][0]
    assert f"/pairs/{second.assignment.pair_id}/" in here
    assert '<option value="unsafe" selected>' in page.content.decode()
    page = client.post(here, {"act": "retire", "seen": 0, "reason": "unsafe", "unsafe_a": "on"}, follow=True)
    assert "end of the queue" not in page.content.decode()
    assert "Nothing waits for a decision" in page.content.decode()
    assert Pair.objects.get(pk=second.assignment.pair_id).image_a.is_unsafe

    page = client.post(address("undo_adjudication", reviewer, made.pk), {"kind": "", "place": ""}, follow=True)
    assert "is as it was before" in page.content.decode()
    assert Flag.objects.get(pk=flag.pk).resolved_at is None


def test_what_is_skipped_comes_again_from_the_beginning(client: Client, reviewer: Member, flag: Flag) -> None:
    page = client.get(address("queue", reviewer), follow=True)

    end = client.get(address("queue", reviewer), {"after": page.context["place"]})

    assert "You skipped some items" in end.content.decode()
    assert client.get(address("queue", reviewer), {"after": "x"}).status_code == 302


def test_two_reviewers_of_one_item_are_told_and_the_second_decision_is_refused(reviewer: Member, flag: Flag, client) -> None:
    page = address("queue_pair", reviewer, flag.assignment.pair_id)
    other = MemberFactory(campaign=reviewer.campaign, role=Role.REVIEWER, user__username="ruth")
    second = Client()
    second.force_login(other.user)
    assert "has this item open" not in client.get(page).content.decode()
    assert "rita has this item open as well." in " ".join(second.get(page).content.decode().split())
    item = f"pair-{flag.assignment.pair_id}"
    assert "ruth has this item open as well." in " ".join(
        client.post(address("queue_presence", reviewer, item)).content.decode().split()
    )

    client.post(page, {"act": "return", "seen": 0})
    refused = second.post(page, {"act": "retire", "seen": 0, "reason": "other"}, follow=True)

    assert "rita decided about this pair meanwhile: Returned to circulation." in refused.content.decode()
    assert Adjudication.objects.get().outcome == "return"
    assert second.post(address("queue_presence", reviewer, "nothing")).status_code == 404


def test_the_flagger_is_written_to(client: Client, reviewer: Member, flag: Flag) -> None:
    page = address("queue_pair", reviewer, flag.assignment.pair_id)

    answer = client.post(page, {"act": "message", "seen": 0, "flag": flag.pk, "text": "We look."}, follow=True)

    assert "fay sees your message" in answer.content.decode()
    PairFactory(campaign=reviewer.campaign)
    client.force_login(flag.assignment.member.user)
    shown = client.get(address("annotate", reviewer)).content.decode()
    assert "We look." in shown
    assert "This is about a pair that you flagged." in shown


def test_secondary_questions_are_decided_where_they_are_answered(client: Client, reviewer: Member, flag: Flag) -> None:
    QuestionFactory(campaign=reviewer.campaign, slug="beauty", text="Which is more beautiful?", position=1)
    page = address("queue_pair", reviewer, flag.assignment.pair_id)
    assert "Which is more beautiful?" in client.get(page).content.decode()

    client.post(page, {"act": "decide", "seen": 0, "decide": "a", "choice_beauty": ""})

    assert [made.question.slug for made in Adjudication.objects.all()] == ["overall"]


@pytest.mark.parametrize(
    "change",
    [
        {"act": "burn"},
        {"act": ""},
        {"seen": "x"},
        {"act": "decide", "decide": "left"},
        {"act": "decide"},
        {"act": "retire", "reason": "ugly"},
        {"act": "message", "flag": 10**30, "text": "Hi"},
        {"act": "message", "text": ""},
    ],
)
def test_what_is_no_decision_is_refused_with_a_reason(client: Client, reviewer: Member, flag: Flag, change) -> None:
    page = address("queue_pair", reviewer, flag.assignment.pair_id)

    html = client.post(page, {"act": "return", "seen": 0} | change, follow=True).content.decode()

    assert 'class="notice error"' in html
    assert not Adjudication.objects.exists()


def test_an_appeal_is_answered_from_the_queue_and_the_answer_undone(client: Client, reviewer: Member) -> None:
    appeal = AppealFactory(member__campaign=reviewer.campaign, member__state="paused", message="I was on a phone.")
    appeal.member.actions.create(kind="pause", at=appeal.created_at, note="Slow down.")

    page = client.get(address("queue", reviewer), follow=True)
    assert "I was on a phone." in page.content.decode()
    client.post(page.redirect_chain[-1][0], {"accept": "", "answer": "Welcome back."})
    member = Member.objects.get(pk=appeal.member_id)
    assert member.state == "active"

    client.post(address("reopen_appeal", reviewer, appeal.pk))

    member.refresh_from_db()
    appeal = Appeal.objects.get()
    assert (member.state, appeal.state, appeal.answered_by) == ("paused", "open", None)
    assert client.post(address("reopen_appeal", reviewer, 2**40)).status_code == 404


def test_reviewers_judge_the_queue_and_nothing_more(client: Client, reviewer: Member, flag: Flag) -> None:
    pair = flag.assignment.pair_id
    rule = ReviewRuleFactory(campaign=reviewer.campaign)
    for name, more in (
        ("pair_page", [pair]),
        ("pairs", []),
        ("save_view", []),
        ("review_pair", [pair]),
        ("decide_rule", [rule.pk]),
    ):
        assert client.post(address(name, reviewer, *more)).status_code in (403, 405), name
    html = client.get(address("queue_pair", reviewer, pair)).content.decode()
    for link in (address("pair_page", reviewer, pair), address("member_page", reviewer, flag.assignment.member_id)):
        assert link not in html


def test_annotators_strangers_and_other_campaigns_are_kept_out(client: Client, reviewer: Member, flag: Flag) -> None:
    theirs = FlagFactory().assignment.pair
    assert client.post(address("queue_pair", reviewer, theirs.pk), {"act": "return", "seen": 0}).status_code == 404
    made = Adjudication.objects.create(
        campaign=theirs.campaign, pair=theirs, outcome="return", by=reviewer.user, at=flag.created_at
    )
    assert client.post(address("undo_adjudication", reviewer, made.pk)).status_code == 404
    pages = [("queue", []), ("queue_pair", [flag.assignment.pair_id])]
    posts = [
        ("queue_pair", [flag.assignment.pair_id]),
        ("undo_adjudication", [1]),
        ("queue_presence", ["pair-1"]),
        ("reopen_appeal", [1]),
    ]
    for user, status in (
        (flag.assignment.member.user, 403),
        (MemberFactory(role=Role.MANAGER).user, 404),
        (MemberFactory(campaign=reviewer.campaign, role=Role.REVIEWER, state="paused").user, 403),
    ):
        client.force_login(user)
        for name, more in pages:
            assert client.get(address(name, reviewer, *more)).status_code == status, name
        for name, more in posts:
            assert client.post(address(name, reviewer, *more)).status_code == status, name


def test_a_pair_costs_as_many_queries_with_twice_the_flags(
    client: Client, reviewer: Member, flag: Flag, django_assert_max_num_queries
):
    page = address("queue_pair", reviewer, flag.assignment.pair_id)
    client.get(page)
    with django_assert_max_num_queries(60) as few:
        client.get(page)
    for _ in range(4):
        FlagFactory(assignment__member__campaign=reviewer.campaign, assignment__pair=flag.assignment.pair)
    with django_assert_max_num_queries(len(few)):
        client.get(page)
