"""The pages of the training."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import CampaignState, MemberState
from annotator.judging import training
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Member
from annotator.views.annotate.training import in_words, sides_of
from tests.factories import AssignmentFactory, GuidelineFactory, MemberFactory, QuestionFactory
from tests.judging.trainees import answer, training_campaign

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("choice", "a_on_left", "side"),
    [("a", True, "left"), ("a", False, "right"), ("b", True, "right"), ("b", False, "left")],
)
def test_an_answer_is_told_by_the_side_it_stood_on(choice, a_on_left, side):
    seat = AssignmentFactory(a_on_left=a_on_left, pair__gold_choice=choice)

    assert in_words(seat, choice).startswith(side)
    left, right = sides_of(seat)
    assert {"left": left, "right": right}[side]["is_correct"]
    assert [left["slot"], right["slot"]] == (["a", "b"] if a_on_left else ["b", "a"])
    assert left["image"] == (seat.pair.image_a if a_on_left else seat.pair.image_b)


@pytest.mark.parametrize("choice", ["both_good", "both_bad"])
def test_an_answer_for_both_names_no_side_and_neither_image_is_right(choice):
    seat = AssignmentFactory(pair__gold_choice=choice)

    assert "left" not in in_words(seat, choice)
    assert "right" not in in_words(seat, choice)
    assert not any(side["is_correct"] for side in sides_of(seat))


@pytest.fixture
def campaign() -> Campaign:
    return training_campaign()


@pytest.fixture
def member(campaign) -> Member:
    return MemberFactory(campaign=campaign)


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


@pytest.mark.parametrize(
    "changes", [{"state": CampaignState.PAUSED}, {"state": CampaignState.CLOSED}, {"training_pairs": 0}], ids=str
)
def test_where_nobody_is_trained_the_page_leads_to_the_pairs(client: Client, campaign, changes):
    member = MemberFactory(campaign=campaign)
    Campaign.objects.update(**changes)
    client.force_login(member.user)

    for response in (client.get(address("training", campaign)), client.post(address("training", campaign), {"choice": "a"})):
        assert response.url == address("annotate", campaign)
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("assignment", ["", "x", str(10**18 - 1), "9" * 30])
def test_an_answer_to_no_pair_of_ones_own_is_not_found(client: Client, campaign, assignment):
    client.force_login(MemberFactory(campaign=campaign).user)

    assert client.post(address("training", campaign), {"assignment": assignment, "choice": "a"}).status_code == 404


def test_a_paused_member_is_trained_no_further(client: Client, campaign):
    member = MemberFactory(campaign=campaign)
    seat = training.next_training(member=member)
    assert seat is not None
    Member.objects.update(state=MemberState.PAUSED)
    client.force_login(member.user)

    requests = [
        client.get(address("training", campaign)),
        client.post(address("training", campaign), {"assignment": ASSIGNMENTS.show(seat.pk), "choice": "a"}),
        client.get(address("training_feedback", campaign, seat.pk)),
        client.post(address("training_again", campaign)),
    ]

    assert {response.status_code for response in requests} == {403}


def test_feedback_belongs_to_its_campaign(client: Client, campaign):
    member = MemberFactory(campaign=campaign)
    seat = training.next_training(member=member)
    assert seat is not None
    training.answer_training(assignment_id=seat.pk, by=member.user, choices={"overall": "a"})
    elsewhere = MemberFactory(user=member.user).campaign
    client.force_login(member.user)

    assert client.get(address("training_feedback", campaign, seat.pk)).status_code == 200
    assert client.get(address("training_feedback", elsewhere, seat.pk)).status_code == 404


def page_of(campaign: Campaign) -> str:
    return reverse("training", args=[campaign.slug])


def post(browser: Client, campaign: Campaign, **fields: str):
    seat = training.next_training(member=Member.objects.get(campaign=campaign))
    return browser.post(page_of(campaign), {"assignment": ASSIGNMENTS.show(seat.pk), "question": "overall"} | fields, follow=True)


def test_the_way_to_the_pairs_leads_through_the_guideline_and_the_training(browser, campaign, member):
    guideline = GuidelineFactory(campaign=campaign)
    assert browser.get(reverse("annotate", args=[campaign.slug])).url == reverse("guideline", args=[campaign.slug])
    assert browser.get(page_of(campaign)).url == reverse("guideline", args=[campaign.slug])
    browser.post(reverse("guideline", args=[campaign.slug]), {"version": guideline.version})

    response = browser.get(reverse("annotate", args=[campaign.slug]), follow=True)

    assert response.redirect_chain == [(page_of(campaign), 302)]
    assert "pair 1 of 4" in response.content.decode()


def test_a_page_tells_the_right_answer_only_after_the_answer(browser, campaign):
    before = browser.get(page_of(campaign)).content.decode()
    after = post(browser, campaign, choice="b").content.decode()

    assert "five fingers" not in before
    assert "five fingers" in after
    assert "Not quite" in after
    assert "1 of 4 answered, 0 correct" in after


def test_the_last_page_says_that_they_are_in(browser, campaign):
    for _ in range(4):
        response = post(browser, campaign, choice="a")

    assert "You passed" in response.content.decode()
    assert browser.get(page_of(campaign)).url == reverse("annotate", args=[campaign.slug])
    assert browser.get(reverse("annotate", args=[campaign.slug])).status_code == 200


def test_who_fails_is_told_kindly_and_can_try_again(browser, campaign):
    for _ in range(4):
        post(browser, campaign, choice="b")
    assert "0 of 4 were correct. You need 3 to pass" in browser.get(page_of(campaign)).content.decode()

    response = browser.post(reverse("training_again", args=[campaign.slug]), follow=True)

    assert "pair 1 of 4" in response.content.decode()


def test_what_is_no_answer_is_said_and_the_pair_stays(browser, campaign):
    response = post(browser, campaign, choice="perhaps")

    assert "This answer is not valid" in response.content.decode()
    assert "pair 1 of 4" in response.content.decode()


def test_several_questions_are_answered_at_once(browser, campaign):
    QuestionFactory(campaign=campaign, slug="beauty", text="Which is more beautiful?", position=1)

    response = post(browser, campaign, choice_overall="a", choice_beauty="b")

    assert "1 of 4 answered, 1 correct" in response.content.decode()


def test_another_persons_feedback_is_not_there(browser, campaign):
    feedback = answer(MemberFactory(campaign=campaign), "b")

    response = browser.get(reverse("training_feedback", args=[campaign.slug, feedback.assignment.pk]))

    assert response.status_code == 404
