"""The pages of the training."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import CampaignState, MemberState, Role
from annotator.judging import training
from annotator.models import Assignment, Campaign, Member
from annotator.views.annotate.training import in_words, sides_of
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory


@pytest.mark.parametrize(
    ("choice", "a_on_left", "side"),
    [("a", True, "left"), ("a", False, "right"), ("b", True, "right"), ("b", False, "left")],
)
@pytest.mark.django_db
def test_an_answer_is_told_by_the_side_it_stood_on(choice, a_on_left, side):
    seat = AssignmentFactory(a_on_left=a_on_left, pair__gold_choice=choice)

    assert in_words(seat, choice).startswith(side)
    left, right = sides_of(seat)
    assert {"left": left, "right": right}[side]["is_correct"]
    assert [left["slot"], right["slot"]] == (["a", "b"] if a_on_left else ["b", "a"])
    assert left["image"] == (seat.pair.image_a if a_on_left else seat.pair.image_b)


@pytest.mark.django_db
@pytest.mark.parametrize("choice", ["both_good", "both_bad"])
def test_an_answer_for_both_names_no_side_and_neither_image_is_right(choice):
    seat = AssignmentFactory(pair__gold_choice=choice)

    assert "left" not in in_words(seat, choice)
    assert "right" not in in_words(seat, choice)
    assert not any(side["is_correct"] for side in sides_of(seat))


@pytest.fixture
def campaign(db) -> Campaign:
    campaign = CampaignFactory(training_pairs=2, training_pass_mark=1, training_tries=1)
    PairFactory.create_batch(2, campaign=campaign, gold_choice="a", gold_use="training")
    PairFactory(campaign=campaign)
    return campaign


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
        client.post(address("training", campaign), {"assignment": seat.pk, "choice": "a"}),
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


def test_a_manager_decides_about_members_of_the_campaign_alone(client: Client, campaign):
    trainee, stranger = MemberFactory(campaign=campaign), MemberFactory()
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    page = address("trainees", campaign)

    for data in (
        {"member": stranger.pk, "decision": "pass_training"},
        {"member": trainee.pk, "decision": "expel"},
        {"member": "x"},
    ):
        assert client.post(page, data).status_code == 404
    assert not Member.objects.filter(training_passed_at__isnull=False).exists()

    assert client.post(page, {"member": trainee.pk, "decision": "pass_training"}).url == page
    assert Member.objects.get(training_passed_at__isnull=False) == trainee
