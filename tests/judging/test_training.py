"""Training: pairs with a known answer that come before the others, and how somebody passes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from annotator.errors import Conflict, NotAllowed, NotFound
from annotator.judging import assigning, training
from annotator.models import Assignment, Campaign, Member, Pair
from tests.factories import MemberFactory
from tests.judging.trainees import answer, do_training, training_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return training_campaign()


@pytest.fixture
def member(campaign) -> Member:
    return MemberFactory(campaign=campaign)


def test_nobody_gets_pairs_before_the_training(member):
    with pytest.raises(NotAllowed) as error:
        assigning.next_assignments(member=member)

    assert error.value.code == "training_due"


def test_who_gets_enough_right_is_let_in(member):
    do_training(member, "aaba")

    assert member.training_passed_at is not None
    assert training.next_training(member=member) is None
    assert {seat.kind for seat in assigning.next_assignments(member=member, count=5)} == {"regular"}


def test_each_answer_says_what_is_right_and_why(member):
    right, wrong = answer(member, "a"), answer(member, "both_bad")

    assert (right.is_right, wrong.is_right) == (True, False)
    assert wrong.assignment.pair.gold_note == "The hand has five fingers."
    assert (wrong.progress.answered, wrong.progress.right, wrong.progress.needed, wrong.progress.wanted) == (2, 1, 3, 4)


def test_training_pairs_take_no_seat_and_count_for_nothing(member):
    do_training(member, "aaaa")

    trained = Pair.objects.filter(gold_use="training")
    assert set(trained.values_list("seats_taken", "state")) == {(0, "open")}
    assert set(Assignment.objects.values_list("kind", flat=True)) == {"training"}


def test_who_fails_tries_again_with_pairs_they_have_not_met_first(member):
    do_training(member, "bbaa")
    assert member.training_failed_at is not None
    assert training.next_training(member=member) is None
    met = set(Assignment.objects.values_list("pair", flat=True))

    training.try_again(member=member)
    do_training(member, "aa")
    fresh = set(Assignment.objects.filter(created_at__gte=member.training_since).values_list("pair", flat=True))
    do_training(member, "aa")

    assert len(fresh) == 2
    assert not fresh & met
    assert member.training_passed_at is not None
    assert member.training_try == 2


def test_after_the_last_try_only_a_manager_can_help(member):
    do_training(member, "bbbb")
    training.try_again(member=member)
    do_training(member, "bbbb")
    with pytest.raises(Conflict, match="used all your tries"):
        training.try_again(member=member)

    training.give_another_try(member=member, by=None)
    do_training(member, "aaaa")

    assert member.training_passed_at is not None


def test_a_manager_lets_somebody_in_whatever_the_training_said(member):
    do_training(member, "bbbb")

    training.pass_training(member=member, by=None)

    member.refresh_from_db()
    assert assigning.next_assignments(member=member)


@pytest.mark.parametrize("changes", [{"role": Role.MANAGER}, {"role": Role.REVIEWER}, {"kind": "machine"}], ids=str)
def test_managers_reviewers_and_machines_need_none(campaign, changes):
    assert not training.training_is_due(MemberFactory(campaign=campaign, **changes))


def test_a_campaign_without_training_pairs_keeps_nobody_out(campaign, member):
    Pair.objects.filter(gold_use="training").update(gold_use="check")

    assert not training.training_is_due(member)


def test_with_fewer_pairs_than_wanted_as_many_are_asked_as_there_are(member):
    Pair.objects.filter(pk__in=list(Pair.objects.filter(gold_use="training").values_list("pk", flat=True)[:4])).update(
        state="held"
    )

    do_training(member, "aa")

    assert member.training_passed_at is not None


def test_the_same_pair_waits_until_it_is_answered_however_long_that_takes(member):
    first = training.next_training(member=member)
    later = timezone.now() + timedelta(days=1)
    assigning.return_expired_seats(now=later)

    again = training.next_training(member=member, now=later)

    assert again == first
    assert training.answer_training(assignment_id=first.pk, by=member.user, choices={"overall": "a"}, now=later).is_right


def test_an_answer_in_the_training_cannot_be_taken_back(client: Client, member):
    feedback = answer(member, "b")
    client.force_login(member.user)

    response = client.post(reverse("undo", args=[feedback.assignment.pk]))

    assert response.status_code == 403
    assert training.progress_of(member).answered == 1


def test_training_of_somebody_else_is_not_there(member):
    seat = training.next_training(member=member)

    with pytest.raises(NotFound):
        training.answer_training(assignment_id=seat.pk, by=MemberFactory(campaign=member.campaign).user, choices={"overall": "a"})
