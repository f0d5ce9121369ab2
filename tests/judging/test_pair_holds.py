from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import AssignmentState, FlagReason, PairState
from annotator.errors import Conflict, Invalid, NotFound
from annotator.judging import assigning, pair_holds, voting
from annotator.models import Assignment, Flag, Pair
from tests.factories import CampaignFactory, MemberFactory, PairFactory, UserFactory
from tests.judges import assert_seats_are_true, judge

pytestmark = pytest.mark.django_db


def seat_of(member) -> Assignment:
    return assigning.next_assignments(member=member)[0]


def flag(seat: Assignment, reason: str = "broken_image", **changes) -> Assignment:
    return voting.flag_assignment(**({"assignment_id": seat.pk, "by": seat.member.user, "reason": reason} | changes))


@pytest.fixture
def campaign():
    campaign = CampaignFactory(votes_wanted=5, flags_to_hold=2)
    PairFactory(campaign=campaign)
    return campaign


@pytest.mark.parametrize("reason", FlagReason.values)
def test_it_records_the_reason_and_frees_the_seat(campaign, reason):
    seat = seat_of(MemberFactory(campaign=campaign))

    flag(seat, reason, note="The left half is grey.")

    assert Flag.objects.values_list("reason", "note").get() == (reason, "The left half is grey.")
    seat.refresh_from_db()
    assert seat.state == AssignmentState.FLAGGED
    assert_seats_are_true(campaign)


def test_the_pair_never_comes_back_to_who_flagged_it(campaign):
    member = MemberFactory(campaign=campaign)
    flag(seat_of(member))

    assert assigning.next_assignments(member=member, now=timezone.now() + timedelta(days=1)) == []


def test_enough_flags_take_the_pair_out_until_a_manager_decides(campaign):
    first, second, third = MemberFactory.create_batch(3, campaign=campaign)
    flag(seat_of(first))
    assert Pair.objects.get().state == PairState.OPEN
    flag(seat_of(second))
    assert Pair.objects.get().state == PairState.HELD
    assert assigning.next_assignments(member=third) == []

    manager = UserFactory()
    pair_holds.return_pairs(pair_ids=[Pair.objects.get().pk], by=manager)

    assert set(Flag.objects.values_list("resolved_by", flat=True)) == {manager.pk}
    flag(seat_of(third))  # the flags that were decided on do not count again
    assert Pair.objects.get().state == PairState.OPEN


def test_a_flag_again_changes_nothing(campaign):
    seat = seat_of(MemberFactory(campaign=campaign))
    for _ in range(2):
        flag(seat)

    assert Flag.objects.count() == 1
    assert_seats_are_true(campaign)


def test_who_has_the_pair_on_the_screen_may_still_answer_it(campaign):
    looking, *others = MemberFactory.create_batch(3, campaign=campaign)
    seat = seat_of(looking)
    for member in others:
        flag(seat_of(member))

    assert judge(seat).state == AssignmentState.ANSWERED


@pytest.mark.parametrize(
    ("changes", "field"), [({"reason": "ugly"}, "reason"), ({"reason": ""}, "reason"), ({"note": "x" * 2001}, "note")]
)
def test_it_refuses_a_flag_that_is_none(campaign, changes, field):
    seat = seat_of(MemberFactory(campaign=campaign))

    with pytest.raises(Invalid) as error:
        flag(seat, **changes)
    assert field in error.value.errors
    assert not Flag.objects.exists()


def test_it_refuses_what_is_answered_gone_or_not_theirs(campaign):
    seat = seat_of(MemberFactory(campaign=campaign))

    with pytest.raises(NotFound):
        flag(seat, by=UserFactory())
    with pytest.raises(Conflict) as error:
        flag(seat, now=timezone.now() + timedelta(days=1))
    assert error.value.code == "lease_expired"
    judge(seat)
    with pytest.raises(Conflict) as error:
        flag(seat)
    assert error.value.code == "already_answered"
