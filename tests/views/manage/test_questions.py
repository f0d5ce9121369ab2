"""The manager's pages about what annotators are asked, and what they write beside their answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import CampaignState, Role, VoidReason
from annotator.models import Campaign, Member, Vote
from tests.factories import MemberFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, campaign__state=CampaignState.DRAFT)


@pytest.fixture
def browser(client: Client, manager: Member) -> Client:
    client.force_login(manager.user)
    return client


def page_of(campaign: Campaign) -> str:
    return reverse("questions", args=[campaign.slug])


def rows(*questions: dict[str, Any]) -> dict[str, Any]:
    """What the page posts; a question's choices are `both_good` and `both_bad` where they are ticked."""
    data: dict[str, Any] = {"form-TOTAL_FORMS": len(questions), "form-INITIAL_FORMS": 0}
    for number, question in enumerate(questions):
        data |= {f"form-{number}-{name}": value for name, value in question.items()}
    return data


def asked(campaign: Campaign) -> list[tuple[str, str, list[str]]]:
    return list(campaign.questions.order_by("position").values_list("slug", "text", "choices"))


OVERALL = {"text": "Which is better?", "slug": "overall", "order": 1, "both_good": "on", "both_bad": "on"}


def test_it_shows_the_questions_and_room_for_more(browser, manager):
    html = browser.get(page_of(manager.campaign)).content.decode()

    assert 'value="Which image is better overall?"' in html
    assert html.count('name="form-0-both_good" id="id_form-0-both_good" checked') == 1
    assert 'name="form-2-text"' in html


def test_questions_are_added_with_the_answers_they_allow(browser, manager):
    more = {"text": "Which follows the prompt?", "order": 2, "both_bad": "on"}
    response = browser.post(page_of(manager.campaign), rows(OVERALL, more, {"text": ""}))

    assert response.url == reverse("campaign_page", args=[manager.campaign.slug])
    assert asked(manager.campaign) == [
        ("overall", "Which is better?", ["a", "b", "both_good", "both_bad"]),
        ("which_follows_the_prompt", "Which follows the prompt?", ["a", "b", "both_bad"]),
    ]


def test_their_order_says_which_is_primary(browser, manager):
    QuestionFactory(campaign=manager.campaign, slug="beauty", text="Nicer?", position=1)
    browser.post(page_of(manager.campaign), rows(OVERALL | {"order": 2}, {"text": "Nicer?", "slug": "beauty", "order": 1}))

    assert [(slug, choices) for slug, _, choices in asked(manager.campaign)] == [
        ("beauty", ["a", "b"]),
        ("overall", ["a", "b", "both_good", "both_bad"]),
    ]


def test_a_question_is_taken_out_of_a_draft(browser, manager):
    QuestionFactory(campaign=manager.campaign, slug="beauty", position=1)
    browser.post(page_of(manager.campaign), rows(OVERALL, {"text": "", "slug": "beauty"}))

    assert [slug for slug, _, _ in asked(manager.campaign)] == ["overall"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ([OVERALL, OVERALL | {"text": "Again?"}], "its own short name"),
        ([OVERALL | {"slug": "Not One"}], "Use lower-case letters"),
        ([{"text": ""}], "Use 1 to 20 questions"),
        ([OVERALL | {"text": "x" * 301}], "at most 300"),
        ([OVERALL | {"order": "first"}], "whole number"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_changes(browser, manager, changed, words):
    before = asked(manager.campaign)

    response = browser.post(page_of(manager.campaign), rows(*changed))

    assert response.status_code == 400
    assert words in response.content.decode()
    assert asked(manager.campaign) == before


@pytest.mark.parametrize("data", [{}, {"form-TOTAL_FORMS": "many"}, {"form-TOTAL_FORMS": "9999", "form-INITIAL_FORMS": "0"}])
def test_a_form_that_is_none_is_refused(browser, manager, data):
    assert browser.post(page_of(manager.campaign), data).status_code == 400
    assert len(asked(manager.campaign)) == 1


def test_after_the_first_vote_only_the_wording_changes(browser, manager):
    VoteFactory(assignment__member__campaign=manager.campaign)
    assert "This campaign has votes." in browser.get(page_of(manager.campaign)).content.decode()
    refused = browser.post(page_of(manager.campaign), rows(OVERALL, {"text": "Nicer?"}))
    fewer = browser.post(page_of(manager.campaign), rows(OVERALL | {"both_bad": ""}))
    taken = browser.post(page_of(manager.campaign), rows(OVERALL))

    assert (refused.status_code, fewer.status_code, taken.status_code) == (400, 400, 302)
    assert "Only the wording" in refused.content.decode()
    assert [text for _, text, _ in asked(manager.campaign)] == ["Which is better?"]


@pytest.mark.parametrize("name", ["questions", "comments"])
def test_only_managers_open_these_pages(client, manager, name):
    address = reverse(name, args=[manager.campaign.slug])
    assert client.get(address).status_code == 302
    client.force_login(MemberFactory(campaign=manager.campaign).user)
    assert client.get(address).status_code == 403
    client.force_login(MemberFactory().user)
    assert client.get(address).status_code == 404


def test_the_campaign_shows_what_its_questions_allow(browser, manager):
    manager.campaign.questions.update(choices=["a", "b"])

    assert "(no ties)" in browser.get(reverse("campaign_page", args=[manager.campaign.slug])).content.decode()


# --- comments


def test_comments_are_shown_newest_first_with_who_wrote_them_on_which_pair(browser, manager):
    member = MemberFactory(campaign=manager.campaign)
    votes = [
        VoteFactory(assignment__member=member, comment=comment) for comment in ("Six <fingers>.", "", "Too dark.", "Undone.")
    ]
    Vote.objects.filter(pk=votes[3].pk).update(void_reason=VoidReason.UNDONE, voided_at=timezone.now())
    VoteFactory(comment="Of another campaign.")

    html = browser.get(reverse("comments", args=[manager.campaign.slug])).content.decode()

    assert html.index("Too dark.") < html.index("Six &lt;fingers&gt;.")
    assert f"{member.user}, " in html
    assert f"on pair {votes[0].assignment.pair_id}:" in html
    assert "Undone." not in html
    assert "another campaign" not in html


def test_comments_take_few_queries_however_many_there_are(browser, manager, django_assert_max_num_queries):
    member = MemberFactory(campaign=manager.campaign)
    for number in range(12):
        VoteFactory(assignment__member=member, comment=f"Number {number}")

    with django_assert_max_num_queries(6):
        browser.get(reverse("comments", args=[manager.campaign.slug]))


def test_asking_for_comments_is_a_setting(browser, manager):
    page = reverse("campaign_settings", args=[manager.campaign.slug])
    form = {name: value for name, value in browser.get(page).context["form"].initial.items() if value is not None}
    browser.post(page, form | {"asks_comment": "on"})
    assert Campaign.objects.get().asks_comment
    browser.post(page, {name: value for name, value in form.items() if name != "asks_comment"})
    assert not Campaign.objects.get().asks_comment
