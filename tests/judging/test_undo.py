from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import AssignmentState, VoidReason
from annotator.errors import Conflict, NotAllowed, NotFound
from annotator.judging import assigning, voting
from annotator.judging.undo import last_action, undo_act
from annotator.models import Assignment, Campaign, Flag, Member, Pair, Vote
from annotator.scoring import settling
from tests.factories import CampaignFactory, FlagFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import assert_seats_are_true, judge, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    member = MemberFactory(campaign=CampaignFactory(votes_wanted=1, undo_votes=3, undo_minutes=15))
    PairFactory.create_batch(6, campaign=member.campaign)
    return member


def undo(seat: Assignment, **changes) -> Assignment:
    return undo_act(**({"assignment_id": seat.pk, "by": seat.member.user} | changes))


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

    with pytest.raises(NotAllowed) as error:
        undo(seats[2])
    assert error.value.code == "undo_refused"
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


def test_a_skip_is_undone_while_the_pair_has_a_seat(member):
    seat = assigning.next_assignments(member=member)[0]
    voting.skip_assignment(assignment_id=seat.pk, by=member.user)
    free = Pair.objects.get(pk=seat.pair_id).seats_taken

    assert undo(seat).state == AssignmentState.OPEN
    assert Pair.objects.get(pk=seat.pair_id).seats_taken == free + 1
    assert assigning.next_assignments(member=member)[0].pk == seat.pk
    assert judge(seat).state == AssignmentState.ANSWERED


def test_a_skipped_pair_that_went_to_somebody_else_stays_there(member):
    seat = assigning.next_assignments(member=member)[0]
    voting.skip_assignment(assignment_id=seat.pk, by=member.user)
    other = MemberFactory(campaign=member.campaign)
    assigning.next_assignments(member=other, count=6)

    with pytest.raises(NotAllowed) as error:
        undo(seat)

    assert error.value.code == "undo_refused"
    assert Assignment.objects.get(pk=seat.pk).state == AssignmentState.SKIPPED
    assert last_action(member, timezone.now()) is None


def test_a_flag_is_undone_with_all_that_it_did(member):
    Campaign.objects.update(flags_to_hold=1)
    seat = assigning.next_assignments(member=member)[0]
    voting.flag_assignment(assignment_id=seat.pk, by=member.user, reason="unsafe")
    assert Pair.objects.get(pk=seat.pair_id).state == "held"

    undo(seat)

    assert Pair.objects.get(pk=seat.pair_id).state == "open"
    flag = Flag.objects.get()
    assert (flag.resolved_at is not None, flag.resolved_by) == (True, member.user)
    voting.flag_assignment(assignment_id=seat.pk, by=member.user, reason="bad_prompt", note="no verb")
    assert Flag.objects.values_list("reason", "note", "resolved_at").get() == ("bad_prompt", "no verb", None)
    assert Pair.objects.get(pk=seat.pair_id).state == "held"


def test_a_pair_that_others_flagged_too_stays_held(member):
    Campaign.objects.update(flags_to_hold=1)
    seat = assigning.next_assignments(member=member)[0]
    other = FlagFactory(assignment__pair=seat.pair, assignment__member__campaign=member.campaign, assignment__state="flagged")
    voting.flag_assignment(assignment_id=seat.pk, by=member.user, reason="unsafe")

    undo(seat)

    assert Pair.objects.get(pk=seat.pair_id).state == "held"
    assert list(Flag.objects.filter(resolved_at__isnull=True)) == [other]


def test_the_last_thing_comes_first_whatever_it_was(member):
    first, second, third = assigning.next_assignments(member=member, count=3)
    judge(first)
    voting.skip_assignment(assignment_id=second.pk, by=member.user)
    voting.flag_assignment(assignment_id=third.pk, by=member.user, reason="unsafe")

    undone = []
    while act := last_action(member, timezone.now()):
        undone.append(act)
        undo(Assignment.objects.select_related("member__user").get(pk=act))

    assert undone == [third.pk, second.pk, first.pk]


def test_it_finds_the_last_of_many_skips_and_answers(member):
    PairFactory.create_batch(10, campaign=member.campaign)
    seats = []
    for number in range(9):
        [seat, *_] = assigning.next_assignments(member=member)
        skip = number % 3 != 2
        seats.append(voting.skip_assignment(assignment_id=seat.pk, by=member.user) if skip else judge(seat, "a"))

    for seat in reversed(seats[-3:]):
        assert last_action(member, timezone.now()) == seat.pk
        undo(seat)
    assert last_action(member, timezone.now()) == seats[-4].pk
