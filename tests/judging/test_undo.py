from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import AssignmentState, VoidReason
from annotator.errors import Conflict, NotAllowed, NotFound
from annotator.judging import assigning, voting
from annotator.models import Assignment, Campaign, Member, Pair, Vote
from annotator.scoring import settling
from tests.factories import CampaignFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import assert_seats_are_true, judge, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    member = MemberFactory(campaign=CampaignFactory(votes_wanted=1, undo_votes=3, undo_minutes=15))
    PairFactory.create_batch(6, campaign=member.campaign)
    return member


def undo(seat: Assignment, **changes) -> Assignment:
    return voting.undo_vote(**({"assignment_id": seat.pk, "by": seat.member.user} | changes))


def test_it_voids_the_vote_and_puts_the_pair_before_the_annotator_again(member):
    seat = judge(assigning.next_assignments(member=member)[0], "a")

    undo(seat)

    vote = Vote.objects.get()
    assert (vote.choice, vote.void_reason, vote.voided_by) == ("a", VoidReason.UNDONE, member.user)
    assert assigning.next_assignments(member=member)[0] == seat
    member.refresh_from_db()
    assert member.answered_count == 0
    assert_seats_are_true(member.campaign)


def test_the_history_stays_and_the_new_answer_counts(member):
    seat = judge(assigning.next_assignments(member=member)[0], "a")
    undo(seat)
    judge(seat, "b")

    assert list(Vote.objects.order_by("pk").values_list("choice", "void_reason")) == [("a", "undone"), ("b", None)]


def test_undo_again_changes_nothing(member):
    seat = judge(assigning.next_assignments(member=member)[0])
    for _ in range(2):
        undo(seat)

    assert Vote.objects.count() == 1
    member.refresh_from_db()
    assert member.answered_count == 0


def test_a_settled_pair_is_open_again_and_settles_again(member):
    seats = judge_all(member)
    settling.settle_pairs(campaign=member.campaign)
    undo(seats[-1])
    settling.settle_pairs(campaign=member.campaign)

    assert Pair.objects.get(pk=seats[-1].pair_id).state == "open"
    judge(seats[-1], "b")
    settling.settle_pairs(campaign=member.campaign)
    assert set(Pair.objects.values_list("state", flat=True)) == {"settled"}


def test_only_the_last_votes_can_be_undone(member):
    seats = judge_all(member)

    with pytest.raises(NotAllowed) as refusal:
        undo(seats[2])
    assert refusal.value.code == "undo_refused"
    for seat in reversed(seats[3:]):
        undo(seat)
    assert [seat.pk for seat in assigning.next_assignments(member=member, count=6)] == [seat.pk for seat in seats[3:]]


def test_only_for_so_many_minutes(member):
    seat = judge(assigning.next_assignments(member=member)[0])
    now = timezone.now()

    with pytest.raises(NotAllowed):
        undo(seat, now=now + timedelta(minutes=16))
    assert undo(seat, now=now + timedelta(minutes=14)).state == AssignmentState.OPEN


def test_a_campaign_may_allow_no_undo(member):
    Campaign.objects.update(undo_votes=0)
    seat = judge(assigning.next_assignments(member=member)[0])

    with pytest.raises(NotAllowed):
        undo(seat)


def test_it_refuses_what_was_not_answered_or_is_not_theirs(member):
    seat = assigning.next_assignments(member=member)[0]

    with pytest.raises(Conflict):
        undo(seat)
    judge(seat)
    with pytest.raises(NotFound):
        undo(seat, by=UserFactory())


@pytest.mark.parametrize(("model", "state"), [(Campaign, "closed"), (Member, "suspended")])
def test_it_refuses_once_it_is_over(member, model, state):
    seat = judge(assigning.next_assignments(member=member)[0])
    model.objects.update(state=state)

    with pytest.raises(NotAllowed):
        undo(seat)
